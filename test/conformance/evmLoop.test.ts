/**
 * Generated programs on our interpreter loop and on EthereumJS's, up to three messages in a block: gas, return data, logs, created contract and
 * every change of state are the same, and zk gas is what a plain meter counts on EthereumJS's step events. `CONFORMANCE=full` runs a hundred
 * thousand, and `CONFORMANCE_SLICE=3/10` with it the third tenth of them.
 */
import { generateAddress } from '@ethereumjs/util'
import { beforeAll, expect, test } from 'vitest'
import { meterSteps } from '../../src/engine/check/stepMeter.ts'
import { opcodesOf } from '../../src/engine/evm/opcodes.ts'
import { createZkMeter, ZkGasExceededError, type ZkMeter } from '../../src/engine/evm/zkMeter.ts'
import { createRunContext, type RunContext } from '../../src/engine/evm.ts'
import { loadKzg } from '../../src/engine/kzg.ts'
import { ethereumRules } from '../../src/engine/rules/evmRules.ts'
import { type EvmMessage, type MessageResult, runMessage } from '../../src/engine/runMessage.ts'
import { OverlayState } from '../../src/engine/state/overlay.ts'
import type { AccountState, MaybePromise, StateChanges, StateSource } from '../../src/engine/state/source.ts'
import { createEmptyState } from '../../src/engine/state/witness.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_HASH,
} from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256Hex } from '../../src/primitives/keccak.ts'
import type { EthereumFork } from '../../src/spec/ethereumSpec.ts'
import { UNZEN_ZK_SCHEDULE } from '../../src/spec/zkSchedule.ts'
import { CONTRACTS, createRandom, DELEGATORS, type Random, randomProgram } from '../support/evmPrograms.ts'

const [SLICE, SLICES] = (process.env.CONFORMANCE_SLICE ?? '1/1').split('/').map(Number) as [number, number]
const PROGRAMS = Math.ceil((process.env.CONFORMANCE === 'full' ? 100_000 : 600) / SLICES)
const FIRST_SEED = 1 + (SLICE - 1) * PROGRAMS
/** Of so many one is metered by steps, which are slow. */
const METERED = 2
/** Of so many one runs again on a state that answers later, and one with less zk gas than it takes. */
const LATER = 2
const EXCEEDING = 3
const FORKS: readonly EthereumFork[] = ['shanghai', 'cancun', 'prague', 'osaka']
const CALLER: Address = `0x${'ca'.repeat(20)}`
const PRECOMPILE: Address = `0x${'02'.padStart(40, '0')}`
const NOBODY: Address = `0x${'e0'.repeat(20)}`
const TIMEOUT_MS = 3_600_000
/** Everything may be counted. */
const SCHEDULE = { ...UNZEN_ZK_SCHEDULE, blockMax: Number.MAX_SAFE_INTEGER }

beforeAll(() => loadKzg())

test(
  `${PROGRAMS} programs from seed ${FIRST_SEED}`,
  async () => {
    let compared = 0
    let succeeded = 0
    for (let seed = FIRST_SEED; seed < FIRST_SEED + PROGRAMS; seed++) {
      const random = createRandom(seed)
      const fork = FORKS[random(FORKS.length)]!
      const source = worldOf(random)
      const messages = Array.from({ length: 1 + random(3) }, () => messageOf(random))
      const name = `seed ${seed}, ${fork}`
      const ours = await run(source, fork, messages, 'own')
      const theirs = await run(source, fork, messages, 'stock')
      expect(ours.outcome, name).toEqual(theirs.outcome)
      if (theirs.outcome.results[0]!.succeeded) succeeded++
      if (seed % LATER === 0) expect(await run(later(source), fork, messages, 'own'), name).toEqual(ours)
      if (seed % EXCEEDING === 0) await expectNoTrace(source, fork, messages, random, name)
      const zk = seed % METERED === 0 ? await meterStock(source, fork, messages) : []
      for (const [i, used] of zk.entries()) {
        compared++
        expect(ours.zk[i], `zk gas of message ${i}, ${name}`).toBe(used)
      }
    }
    // A generator of programs that all fail at once would prove nothing.
    expect(succeeded).toBeGreaterThan(PROGRAMS / 6)
    expect(compared).toBeGreaterThan(PROGRAMS / METERED)
  },
  TIMEOUT_MS,
)

/** A message that exceeds the zk gas after whatever steps leaves the state as it was, for itself and for those after it. */
async function expectNoTrace(
  source: StateSource,
  fork: EthereumFork,
  messages: readonly EvmMessage[],
  random: Random,
  name: string,
): Promise<void> {
  const [first, ...others] = messages as [EvmMessage, ...EvmMessage[]]
  const used = (await run(source, fork, [first], 'own')).zk[0]!
  if (used === 0) return
  const meter = { ...createZkMeter(SCHEDULE, opcodesOf(fork)!), max: random(Math.min(used, 2 ** 32)) }
  const { context, state } = await contextOn(source, fork, 'own', meter)
  const outcome = await runMessage(context, first, () => []).catch((error: unknown) => error)
  expect(outcome, `less zk gas than ${used}, ${name}`).toBeInstanceOf(ZkGasExceededError)
  await state.revertAll()
  expect(state.takeChanges()).toEqual({ accounts: new Map(), storage: new Map(), code: new Map() })
  const again = await contextOn(state, fork, 'own')
  for (const message of others) await runMessage(again.context, message, () => [])
  const without = await run(source, fork, others, 'own')
  expect(state.takeChanges()).toEqual(without.outcome.changes)
}

/** Answers each question with a promise, and later. */
function later(source: StateSource): StateSource {
  const soon = async <T>(read: () => MaybePromise<T>): Promise<T> => {
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)))
    return read()
  }
  return {
    stateRoot: source.stateRoot,
    account: (address) => soon(() => source.account(address)),
    storage: (address, slot) => soon(() => source.storage(address, slot)),
    code: (hash) => soon(() => source.code(hash)),
    rootAfter: (changes) => source.rootAfter(changes),
  }
}

function worldOf(random: Random): StateSource {
  const codes = new Map<Hash, Uint8Array>()
  const accounts = new Map<Address, AccountState>()
  const storage = new Map<Address, { cleared: boolean; slots: Map<Hex, Uint8Array> }>()
  const put = (address: Address, code: Uint8Array, balance: bigint) => {
    const codeHash = keccak256Hex(code)
    if (code.length > 0) codes.set(codeHash, code)
    accounts.set(address, { nonce: 1n, balance, storageRoot: EMPTY_TRIE_ROOT, codeHash })
  }
  put(CALLER, new Uint8Array(0), 10n ** 18n)
  for (const address of CONTRACTS) {
    put(address, randomProgram(random, 4 + random(40)), BigInt(random(10)))
    const slots = new Map<Hex, Uint8Array>()
    for (let slot = 0; slot < 4; slot++)
      if (random(2) === 0)
        slots.set(`0x${slot.toString(16).padStart(64, '0')}`, Uint8Array.of(1 + random(255)))
    if (slots.size > 0) storage.set(address, { cleared: false, slots })
  }
  const delegates: readonly Address[] = [...CONTRACTS, ...DELEGATORS, PRECOMPILE, NOBODY]
  for (const address of DELEGATORS) {
    const delegate = delegates[random(delegates.length)]!
    put(address, hexToBytes(`0xef0100${delegate.slice(2)}`), BigInt(random(10)))
  }
  // Somebody may be where the first creation goes.
  for (const address of CONTRACTS) {
    if (random(6) > 0) continue
    const taken = bytesToHex(generateAddress(hexToBytes(address), Uint8Array.of(1)))
    put(taken, random(2) === 0 ? Uint8Array.of(0) : new Uint8Array(0), BigInt(random(3)))
    const account = accounts.get(taken)!
    accounts.set(taken, { ...account, nonce: BigInt(random(2)), balance: account.balance + 1n })
  }
  const changes: StateChanges = { accounts, storage, code: codes }
  return createEmptyState().after(changes)
}

function messageOf(random: Random): EvmMessage {
  const isCreation = random(12) === 0
  const others = [...CONTRACTS, ...DELEGATORS, PRECOMPILE]
  const to = random(3) > 0 ? CONTRACTS[0]! : others[random(others.length)]!
  return {
    sender: hexToBytes(CALLER),
    to: isCreation ? null : hexToBytes(to),
    value: BigInt(random(3)),
    data: isCreation ? randomProgram(random, 10) : Uint8Array.from({ length: random(80) }, () => random(256)),
    gasLimit: BigInt([(isCreation ? 66_000 : 30_000) + random(40_000), 200_000, 1_000_000][random(3)]!),
    gasPrice: 7n,
    accessList: random(4) === 0 ? [{ address: hexToBytes(CONTRACTS[1]!), slots: [new Uint8Array(32)] }] : [],
    blobVersionedHashes: Array.from({ length: random(3) }, (_, i) => new Uint8Array(32).fill(1 + i)),
    isCharged: true,
  }
}

type Outcome = {
  readonly results: readonly (Omit<MessageResult, 'error'> & { readonly isReverted: boolean })[]
  readonly changes: StateChanges
}

async function run(
  source: StateSource,
  fork: EthereumFork,
  messages: readonly EvmMessage[],
  loop: 'own' | 'stock',
): Promise<{ outcome: Outcome; zk: number[] }> {
  const meter = createZkMeter(SCHEDULE, opcodesOf(fork)!)
  const { context, state } = await contextOn(source, fork, loop, meter)
  const results: Outcome['results'][number][] = []
  const zk: number[] = []
  for (const message of messages) {
    const before = meter.used
    const { error, ...result } = await runMessage(context, message, () => [])
    // Of several things wrong with a step each loop names the one it looks at first.
    const logs = result.logs.map((log) => [...log]) as never
    results.push({ ...result, isReverted: error === 'revert', logs })
    zk.push(meter.used - before)
  }
  return { outcome: { results, changes: state.takeChanges() }, zk }
}

/** Of each message, up to one that its hook cannot be asked about. */
async function meterStock(
  source: StateSource,
  fork: EthereumFork,
  messages: readonly EvmMessage[],
): Promise<number[]> {
  const { context } = await contextOn(source, fork, 'stock')
  const meter = meterSteps(context, fork, SCHEDULE)
  const used: number[] = []
  try {
    for (const message of messages) {
      await runMessage(context, message, () => [])
      used.push(meter.take())
    }
  } catch (error) {
    // Its step hook reads what a REVERT is to return before anyone has paid for it.
    if (!(error instanceof RangeError)) throw error
  }
  return used
}

async function contextOn(
  source: StateSource | OverlayState,
  fork: EthereumFork,
  loop: 'own' | 'stock',
  meter?: ZkMeter,
): Promise<{ context: RunContext; state: OverlayState }> {
  const state = source instanceof OverlayState ? source : new OverlayState(source)
  const context = await createRunContext({
    chainId: 1n,
    rules: ethereumRules(fork),
    state,
    info: {
      number: 300n,
      parentHash: ZERO_HASH,
      coinbase: `0x${'cb'.repeat(20)}`,
      timestamp: 1000n,
      gasLimit: 30_000_000n,
      mixHash: `0x${'ab'.repeat(32)}`,
      baseFeePerGas: 7n,
      blobBaseFee: 1n,
    },
    ancestorHash: (number) => keccak256Hex(Buffer.from(number.toString())),
    loop,
    ...(loop === 'own' && meter && { meter }),
  })
  return { context, state }
}
