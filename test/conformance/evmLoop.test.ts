/**
 * Generated programs on our interpreter loop and on EthereumJS's, up to three messages in a block: gas, return data, logs, created contract and
 * every change of state are the same, and zk gas is what a plain meter counts on EthereumJS's step events. `CONFORMANCE=full` runs a hundred
 * thousand.
 */
import type { EVM, EVMResult, InterpreterStep, Message } from '@ethereumjs/evm'
import { beforeAll, expect, test } from 'vitest'
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

const PROGRAMS = process.env.CONFORMANCE === 'full' ? 100_000 : 600
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
  `${PROGRAMS} programs`,
  async () => {
    let compared = 0
    let succeeded = 0
    for (let seed = 1; seed <= PROGRAMS; seed++) {
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
      if (seed % EXCEEDING === 0) await expectNoTrace(source, fork, messages, random)
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
): Promise<void> {
  const [first, ...others] = messages as [EvmMessage, ...EvmMessage[]]
  const used = (await run(source, fork, [first], 'own')).zk[0]!
  if (used === 0) return
  const meter = { ...createZkMeter(SCHEDULE, opcodesOf(fork)!), max: random(Math.min(used, 2 ** 32)) }
  const { context, state } = await contextOn(source, fork, 'own', meter)
  await expect(runMessage(context, first, () => [])).rejects.toThrow(ZkGasExceededError)
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
    gasLimit: BigInt([(isCreation ? 60_000 : 25_000) + random(40_000), 200_000, 1_000_000][random(3)]!),
    gasPrice: 7n,
    accessList: [],
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
  const read = meterSteps(context, fork)
  const used: number[] = []
  try {
    for (const message of messages) {
      await runMessage(context, message, () => [])
      used.push(read())
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

type Before = {
  readonly opcode: number
  readonly gasLeft: bigint
  readonly stack: readonly bigint[]
  readonly words: bigint
}

type OpenFrame = {
  readonly message: Message
  readonly precompile?: string
  last?: Before
  /** Bytes of return data. */
  returned: number
}

const isCreate = (opcode: number) => opcode === 0xf0 || opcode === 0xf5

/**
 * Zk gas by what EthereumJS says: the gas between one step of a frame and its next, the estimate where a frame may be opened, and for the step
 * a frame failed with what revm would have charged until then.
 */
function meterSteps({ evm }: RunContext, fork: EthereumFork): () => number {
  const { events, precompiles } = evm as EVM
  const frames: OpenFrame[] = []
  let used = 0
  const settle = (frame: OpenFrame, gasLeft: bigint) => {
    const { last } = frame
    if (last === undefined) return
    const spawn = SCHEDULE.spawns.get(last.opcode)
    const factor = SCHEDULE.opcodes[last.opcode]!
    used += factor * (spawn ?? Number(last.gasLeft - gasLeft))
  }
  events.on('beforeMessage', (message: Message) => {
    const address = message.to === undefined ? undefined : bytesToHex(message.codeAddress.bytes).slice(2)
    const isPrecompile = address !== undefined && precompiles.has(address)
    frames.push({ message, returned: 0, ...(isPrecompile && { precompile: address }) })
  })
  events.on('step', ({ gasLeft, pc, stack, memoryWordCount: words }: InterpreterStep) => {
    const frame = frames.at(-1)!
    settle(frame, gasLeft)
    // For an opcode that its fork does not know the event names another one.
    const opcode = (frame.message.code as Uint8Array)[pc]!
    frame.last = { opcode, gasLeft, stack: [...stack], words }
  })
  events.on('afterMessage', ({ execResult, createdAddress }: EVMResult) => {
    const frame = frames.pop()!
    const { last } = frame
    const error = execResult.exceptionError?.error
    const parent = frames.at(-1)
    if (parent !== undefined) {
      const answers = error === 'revert' || (error === undefined && !isCreate(parent.last!.opcode))
      parent.returned = answers ? execResult.returnValue.length : 0
    }
    if (frame.precompile !== undefined) {
      used +=
        Number(execResult.executionGasUsed) *
        (SCHEDULE.precompiles.get(frame.precompile) ?? SCHEDULE.unlisted)
      return
    }
    if (last === undefined) return
    if (error === undefined || error === 'revert') {
      // The deposit of a new contract's code is no step.
      const deposit =
        createdAddress === undefined || error !== undefined
          ? 0n
          : BigInt(execResult.returnValue.length) * 200n
      settle(frame, frame.message.gasLimit - (execResult.executionGasUsed - deposit))
    } else used += SCHEDULE.opcodes[last.opcode]! * Number(rawOfFailed(last, frame, fork))
  })
  return () => {
    const answer = used
    used = 0
    return answer
  }
}

/** Gas that counts as spent by a step that failed. unzen.md §1.4. */
function rawOfFailed(
  { opcode, gasLeft, stack, words }: Before,
  { message, returned }: OpenFrame,
  fork: EthereumFork,
): bigint {
  const { defined, staticGas, stackMin, stackMax } = opcodesOf(fork)!
  const refused = opcode === 0x4b ? 2n : opcode >= 0xe6 && opcode <= 0xe8 ? 3n : 0n
  if (defined[opcode] === 0) return refused < gasLeft ? refused : gasLeft
  const fixed = BigInt(staticGas[opcode]!)
  if (fixed > gasLeft) return gasLeft
  if (stack.length < stackMin[opcode]! || stack.length > stackMax[opcode]!) return fixed
  const word = (place: number) => stack.at(-1 - place) ?? 0n
  const pays = (raw: bigint) => raw <= gasLeft
  const isLong = (value: bigint) => value >= 2n ** 64n
  const perWord = (bytes: bigint, gas: bigint) => gas * ((bytes + 31n) / 32n)
  const memory = (bytes: bigint) => 3n * bytes + (bytes * bytes) / 512n
  /** To use memory: what was charged if that failed, or undefined. */
  const grow = (offset: bigint, length: bigint, raw: bigint, from = words) => {
    if (length === 0n) return { words: from, raw }
    const end = (offset + length + 31n) / 32n
    const needed = end > from ? end : from
    const after = raw + memory(needed) - memory(from)
    return isLong(offset) || isLong(length) || !pays(after) ? undefined : { words: needed, raw: after }
  }
  const isLog = opcode >= 0xa0 && opcode <= 0xa4
  if (message.isStatic && (isLog || opcode === 0x5d || opcode === 0x55 || isCreate(opcode))) return fixed
  if (opcode === 0xf1 && message.isStatic && word(2) !== 0n) return fixed
  if (opcode === 0x55) return gasLeft <= 2300n ? 0n : gasLeft
  if (opcode === 0x56 || opcode === 0x57 || (opcode >= 0x51 && opcode <= 0x53)) return fixed
  if (
    opcode === 0x20 ||
    opcode === 0x37 ||
    opcode === 0x39 ||
    opcode === 0x3c ||
    opcode === 0x3e ||
    opcode === 0x5e
  ) {
    const [offset, length] =
      opcode === 0x20 ? [word(0), word(1)] : opcode === 0x3c ? [word(1), word(3)] : [word(0), word(2)]
    if (isLong(length)) return fixed
    if (opcode === 0x3e && word(1) + length > BigInt(returned)) return fixed
    const raw = fixed + perWord(length, opcode === 0x20 ? 6n : 3n)
    if (!pays(raw)) return gasLeft
    const furthest = opcode === 0x5e && word(1) > offset ? word(1) : offset
    return grow(furthest, length, raw) === undefined ? raw : gasLeft
  }
  if (isLog) {
    const length = word(1)
    if (isLong(length)) return fixed
    const raw = fixed + 375n * BigInt(opcode - 0xa0) + 8n * length
    if (!pays(raw)) return gasLeft
    return grow(word(0), length, raw)?.raw ?? raw
  }
  if (isCreate(opcode)) {
    const length = word(2)
    if (length > 49_152n) return 0n
    const raw = perWord(length, 2n)
    if (!pays(raw)) return gasLeft
    const grown = grow(word(1), length, raw)
    if (grown === undefined) return raw
    return opcode === 0xf5 && stack.length < 4 ? grown.raw : gasLeft
  }
  if (SCHEDULE.spawns.has(opcode)) {
    const at = opcode === 0xf1 || opcode === 0xf2 ? 3 : 2
    const input = grow(word(at), word(at + 1), fixed)
    if (input === undefined) return fixed
    return grow(word(at + 2), word(at + 3), input.raw, input.words) === undefined ? input.raw : gasLeft
  }
  return gasLeft
}
