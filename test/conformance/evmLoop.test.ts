/**
 * Generated programs on our interpreter loop and on EthereumJS's: gas, return data, logs, created contract and every change of state are the
 * same, and zk gas is what a plain meter counts on EthereumJS's step events. `CONFORMANCE=full` runs a hundred thousand.
 */
import type { EVM, EVMResult, InterpreterStep, Message } from '@ethereumjs/evm'
import { beforeAll, expect, test } from 'vitest'
import { opcodesOf } from '../../src/engine/evm/opcodes.ts'
import { createZkMeter, type ZkMeter } from '../../src/engine/evm/zkMeter.ts'
import { createRunContext, type RunContext } from '../../src/engine/evm.ts'
import { loadKzg } from '../../src/engine/kzg.ts'
import { ethereumRules } from '../../src/engine/rules/evmRules.ts'
import { type MessageResult, runMessage } from '../../src/engine/runMessage.ts'
import { OverlayState } from '../../src/engine/state/overlay.ts'
import type { AccountState, StateChanges, StateSource } from '../../src/engine/state/source.ts'
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
import { CONTRACTS, createRandom, type Random, randomProgram } from '../support/evmPrograms.ts'

const PROGRAMS = process.env.CONFORMANCE === 'full' ? 100_000 : 600
/** Of so many one is metered by steps, which are slow. */
const METERED = 4
const FORKS: readonly EthereumFork[] = ['shanghai', 'cancun', 'prague', 'osaka']
const CALLER: Address = `0x${'ca'.repeat(20)}`
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
      const message = messageOf(random)
      const ours = await run(source, fork, message, 'own')
      const theirs = await run(source, fork, message, 'stock')
      expect(ours.outcome, `seed ${seed}, ${fork}`).toEqual(theirs.outcome)
      if (theirs.outcome.result.succeeded) succeeded++
      const zk = seed % METERED === 0 ? await meterStock(source, fork, message) : undefined
      if (zk === undefined) continue
      compared++
      expect(ours.zk, `zk gas of seed ${seed}, ${fork}`).toBe(zk)
    }
    // A generator of programs that all fail at once would prove nothing.
    expect(succeeded).toBeGreaterThan(PROGRAMS / 5)
    expect(compared).toBeGreaterThan(PROGRAMS / METERED / 5)
  },
  TIMEOUT_MS,
)

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
  const changes: StateChanges = { accounts, storage, code: codes }
  return createEmptyState().after(changes)
}

function messageOf(random: Random): Parameters<typeof runMessage>[1] {
  const isCreation = random(12) === 0
  return {
    sender: hexToBytes(CALLER),
    to: isCreation ? null : hexToBytes(CONTRACTS[0]!),
    value: BigInt(random(3)),
    data: isCreation ? randomProgram(random, 10) : Uint8Array.from({ length: random(80) }, () => random(256)),
    gasLimit: BigInt([60_000, 200_000, 1_000_000][random(3)]!),
    gasPrice: 7n,
    accessList: [],
    isCharged: true,
  }
}

type Outcome = {
  readonly result: Omit<MessageResult, 'error'> & { readonly isReverted: boolean }
  readonly changes: StateChanges
}

async function run(
  source: StateSource,
  fork: EthereumFork,
  message: Parameters<typeof runMessage>[1],
  loop: 'own' | 'stock',
): Promise<{ outcome: Outcome; zk: number }> {
  const meter = createZkMeter(SCHEDULE, opcodesOf(fork)!)
  const { context, state } = await contextOn(source, fork, loop, meter)
  const { error, ...result } = await runMessage(context, message, () => [])
  return {
    outcome: {
      // Of several things wrong with a step each loop names the one it looks at first.
      result: {
        ...result,
        isReverted: error === 'revert',
        logs: result.logs.map((log) => [...log]) as never,
      },
      changes: state.takeChanges(),
    },
    zk: meter.used,
  }
}

async function meterStock(
  source: StateSource,
  fork: EthereumFork,
  message: Parameters<typeof runMessage>[1],
): Promise<number | undefined> {
  const { context } = await contextOn(source, fork, 'stock')
  const read = meterSteps(context)
  try {
    await runMessage(context, message, () => [])
    return read()
  } catch (error) {
    // Its step hook reads what a REVERT is to return before anyone has paid for it.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

async function contextOn(
  source: StateSource,
  fork: EthereumFork,
  loop: 'own' | 'stock',
  meter?: ZkMeter,
): Promise<{ context: RunContext; state: OverlayState }> {
  const state = new OverlayState(source)
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

type OpenFrame = {
  readonly gasLimit: bigint
  readonly precompile?: string
  last?: { opcode: number; gasLeft: bigint }
}

/**
 * Zk gas by what EthereumJS says: the gas between one step of a frame and its next, the estimate where a frame may be opened. Undefined
 * where a frame failed, since what its last step counts cannot be seen in its gas.
 */
function meterSteps({ evm }: RunContext): () => number | undefined {
  const { events, precompiles } = evm as EVM
  const frames: OpenFrame[] = []
  let used = 0
  let isKnown = true
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
    frames.push({ gasLimit: message.gasLimit, ...(isPrecompile && { precompile: address }) })
  })
  events.on('step', ({ opcode, gasLeft }: InterpreterStep) => {
    const frame = frames.at(-1)!
    settle(frame, gasLeft)
    frame.last = { opcode: opcode.code, gasLeft }
  })
  events.on('afterMessage', ({ execResult, createdAddress }: EVMResult) => {
    const frame = frames.pop()!
    const error = execResult.exceptionError?.error
    if (frame.precompile !== undefined) {
      used +=
        Number(execResult.executionGasUsed) *
        (SCHEDULE.precompiles.get(frame.precompile) ?? SCHEDULE.unlisted)
      return
    }
    if (error !== undefined && error !== 'revert') isKnown = isKnown && frame.last === undefined
    else if (frame.last !== undefined) {
      // The deposit of a new contract's code is no step.
      const deposit =
        createdAddress === undefined || error !== undefined
          ? 0n
          : BigInt(execResult.returnValue.length) * 200n
      settle(frame, frame.gasLimit - (execResult.executionGasUsed - deposit))
    }
  })
  return () => (isKnown ? used : undefined)
}
