/** What go-ethereum's tracers say of the corners of the EVM; expectations are worked out from its sources (core/vm, eth/tracers). */
import { expect, test } from 'vitest'
import { createEmptyState } from '../../../src/engine/state/witness.ts'
import { assertSameGas, BlockDiffersError, openStoredBlock } from '../../../src/engine/storedBlock.ts'
import { TraceTooLargeError } from '../../../src/engine/trace/size.ts'
import { traceCall } from '../../../src/engine/trace/traceCall.ts'
import type { TraceConfig } from '../../../src/engine/trace/tracer.ts'
import { type Address, type Hex, hexToBytes, ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import type { EthereumSpec } from '../../../src/spec/ethereumSpec.ts'
import { emptyBlock } from '../../support/rpcFakes.ts'

const SENDER: Address = `0x${'aa'.repeat(20)}`
const TARGET: Address = `0x${'bb'.repeat(20)}`
const OTHER: Address = `0x${'cc'.repeat(20)}`
const SPEC: EthereumSpec = {
  name: 'test',
  chainId: 1n,
  forks: [{ fork: 'shanghai', at: { type: 'block', value: 0n } }],
  otherForkBlocks: [],
  blobSchedule: [],
  depositContract: ZERO_ADDRESS,
}
const STEPS: TraceConfig = {
  tracer: 'structLog',
  ...{ enableMemory: false, disableStack: false, disableStorage: false, enableReturnData: false, limit: 0 },
}
const CALLS: TraceConfig = { tracer: 'callTracer', onlyTopCall: false, withLog: true }
const block = { ...emptyBlock(1n), transactions: [] }

type Options = {
  readonly other?: Hex
  readonly gas?: bigint
  readonly bytesMax?: number
  readonly to?: Address
  readonly data?: Hex
}

/** Code at TARGET is called; `other` is the code at OTHER. */
async function trace(config: TraceConfig, code: Hex, options: Options = {}) {
  const { other, gas = 1_000_000n, bytesMax = 10 ** 6, to = TARGET, data = '0x' } = options
  const result = await traceCall({
    execution: { type: 'ethereum', spec: SPEC },
    state: createEmptyState(),
    ancestorHash: () => ZERO_HASH,
    request: { from: SENDER, to, gas, data: hexToBytes(data) },
    overrides: new Map([
      [TARGET, { code: hexToBytes(code), balance: 7n }],
      ...(other === undefined ? [] : ([[OTHER, { code: hexToBytes(other) }]] as const)),
    ]),
    ...{ block, config, bytesMax },
  })
  if (result.type === 'refused') throw new Error(result.reason)
  return JSON.parse(result.json)
}

/** A call of OTHER: no input, no place for output. */
const callOther = (value: number, gas = 'ffff') =>
  `5f5f5f5f60${value.toString(16).padStart(2, '0')}73${OTHER.slice(2)}61${gas}f1`

test('a call that its caller cannot pay for is a failed frame, though nothing was called', async () => {
  const { calls } = await trace(CALLS, `0x${callOther(8)}`)
  expect(calls).toEqual([
    {
      ...{ type: 'CALL', from: TARGET, to: OTHER, value: '0x8', input: '0x' },
      // The stipend comes on top.
      ...{ gas: '0x108fb', gasUsed: '0x0', error: 'insufficient balance for transfer' },
    },
  ])
})

test('a creation that cannot be paid for has no address', async () => {
  const { calls } = await trace(CALLS, '0x5f5f6008f0')
  expect(calls).toMatchObject([{ type: 'CREATE', error: 'insufficient balance for transfer', input: '0x' }])
  expect(calls[0]).not.toHaveProperty('to')
})

test('logs say how many calls came before them; those of a failed call are gone, and their indexes are used again', async () => {
  // OTHER logs, and reverts unless it is given something.
  const { calls, logs } = await trace(CALLS, `0x5f5fa0${callOther(0)}505f5fa0${callOther(1)}`, {
    other: '0x5f5fa034600a575f5ffd5b',
  })
  expect(logs).toMatchObject([
    { address: TARGET, topics: [], data: '0x', index: '0x0', position: '0x0' },
    { index: '0x1', position: '0x1' },
  ])
  expect(calls[0]).toMatchObject({ error: 'execution reverted' })
  expect(calls[0]).not.toHaveProperty('logs')
  expect(calls[1].logs).toMatchObject([{ address: OTHER, index: '0x2', position: '0x0' }])
})

test('a destruction is a frame of its own, with what it sends off', async () => {
  const { calls } = await trace(CALLS, `0x73${OTHER.slice(2)}ff`)
  expect(calls).toEqual([
    { type: 'SELFDESTRUCT', from: TARGET, to: OTHER, value: '0x7', gas: '0x0', gasUsed: '0x0', input: '0x' },
  ])
})

test('a delegated call names the code, and has the value of its caller', async () => {
  const { calls } = await trace(CALLS, `0x5f5f5f5f73${OTHER.slice(2)}61fffff4`, { other: '0x3d' })
  expect(calls).toMatchObject([{ type: 'DELEGATECALL', from: TARGET, to: OTHER, value: '0x0' }])
  const { calls: static_ } = await trace(CALLS, `0x5f5f5f5f73${OTHER.slice(2)}61fffffa`, { other: '0x3d' })
  expect(static_[0]).not.toHaveProperty('value')
})

test('only the top call, where nothing else is asked for', async () => {
  const top = await trace({ ...CALLS, onlyTopCall: true }, `0x${callOther(0)}5f5fa0`, { other: '0x5f5fa0' })
  expect(top).not.toHaveProperty('calls')
  expect(top.logs).toHaveLength(1)
})

test.each([
  ['0x5f01', 'ADD', 'stack underflow (1 <=> 2)', 'stack underflow (1 <=> 2)'],
  ['0x0c', 'opcode 0xc not defined', undefined, 'invalid opcode: opcode 0xc not defined'],
  ['0xfe', 'INVALID', undefined, 'invalid opcode: INVALID'],
  // Of a later fork
  ['0x5f5c', 'TLOAD', undefined, 'invalid opcode: TLOAD'],
  ['0x600756', 'JUMP', undefined, 'invalid jump destination'],
  ['0x60015f5f3e', 'RETURNDATACOPY', undefined, 'return data out of bounds'],
  ['0x6001640fffffffff52', 'MSTORE', 'out of gas', 'out of gas'],
  [
    '0x60017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff52',
    'MSTORE',
    'gas uint64 overflow',
    'gas uint64 overflow',
  ],
  ['0x5f5ffd', 'REVERT', undefined, 'execution reverted'],
])(
  '%s: its last step is %s with error %j, the call fails with %j',
  async (code, op, stepError, callError) => {
    const { structLogs, failed } = await trace(STEPS, code as Hex, { gas: 100_000n })
    const call = await trace(CALLS, code as Hex, { gas: 100_000n })
    expect(failed).toBe(true)
    expect(call.error).toBe(callError)
    expect(structLogs.at(-1).op).toBe(op)
    expect(structLogs.at(-1).error).toBe(stepError)
  },
)

test('a write in a static call costs its step, in the words of a price', async () => {
  const code: Hex = `0x5f5f5f5f73${OTHER.slice(2)}61fffffa`
  const { calls } = await trace(CALLS, code, { other: '0x5f5f55' })
  expect(calls[0]).toMatchObject({ error: 'out of gas: write protection', gasUsed: '0xffff' })
  const { structLogs } = await trace(STEPS, code, { other: '0x5f5f55' })
  expect(structLogs.filter(({ depth }: { depth: number }) => depth === 2).at(-1)).toMatchObject({
    ...{ op: 'SSTORE', error: 'out of gas: write protection', gasCost: 0 },
  })
  // A log is refused only when it is made.
  expect((await trace(CALLS, code, { other: '0x5f5fa0' })).calls[0].error).toBe('write protection')
})

test('the end of the code is a step, and what a call passes on is part of its cost', async () => {
  const { structLogs } = await trace(STEPS, `0x${callOther(0)}`, { other: '0x60' })
  const seen = structLogs.map(({ op, depth, pc }: { op: string; depth: number; pc: number }) => [
    op,
    depth,
    pc,
  ])
  expect(seen.slice(-4)).toEqual([
    ['CALL', 1, 30],
    ['PUSH1', 2, 0],
    ['STOP', 2, 2],
    ['STOP', 1, 31],
  ])
  expect(structLogs.at(-4).gasCost).toBe(2600 + 0xffff)
  expect(structLogs.at(-1)).toMatchObject({ stack: ['0x1'], gasCost: 0 })
})

test('return data and memory, where they are asked for', async () => {
  const config: TraceConfig = { ...STEPS, enableMemory: true, enableReturnData: true, disableStack: true }
  // Returns one word with 1
  const { structLogs } = await trace(config, `0x${callOther(0)}5f`, { other: '0x60015f5260205ff3' })
  const word = `0x${'1'.padStart(64, '0')}`
  expect(structLogs.at(-1)).toMatchObject({ op: 'STOP', returnData: word })
  expect(structLogs.at(-2)).toMatchObject({ op: 'PUSH0', returnData: word })
  const inner = structLogs.filter(({ depth }: { depth: number }) => depth === 2)
  expect(inner.at(-1)).toMatchObject({ op: 'RETURN', memory: [word] })
  expect(inner[0]).not.toHaveProperty('memory')
  expect(inner[0]).not.toHaveProperty('stack')
})

test('an account that a step would have looked at, had it been paid for, is not in the state before', async () => {
  const config: TraceConfig = {
    tracer: 'prestateTracer',
    ...{ diffMode: false, disableCode: false, disableStorage: false, includeEmpty: true },
  }
  const code: Hex = `0x73${OTHER.slice(2)}31`
  expect(Object.keys(await trace(config, code))).toContain(OTHER)
  expect(Object.keys(await trace(config, code, { gas: 22_000n }))).not.toContain(OTHER)
})

test('selectors of calls, but not of precompiles', async () => {
  // SHA-256 of four bytes
  const code: Hex = '0x5f5f60045f5f600261fffff1'
  expect(await trace({ tracer: '4byteTracer' }, code, { data: '0x0102030405' })).toEqual({
    '0x01020304-1': 1,
  })
})

test('an answer is refused as soon as it is too long', async () => {
  const endless: Hex = '0x5b5f56'
  await expect(trace(STEPS, endless, { gas: 10n ** 9n, bytesMax: 10_000 })).rejects.toThrow(
    TraceTooLargeError,
  )
  const { structLogs } = await trace({ ...STEPS, limit: 1000 }, endless, { gas: 50_000n })
  expect(JSON.stringify(structLogs).length).toBeLessThan(1200)
})

test('a block that executes otherwise than it is stored is named', async () => {
  const stored = {
    ...emptyBlock(1n),
    transactions: [{ raw: Uint8Array.of(1), hash: ZERO_HASH, sender: SENDER }],
  }
  const run = await openStoredBlock({
    execution: { type: 'ethereum', spec: SPEC },
    ...{ block: stored, state: createEmptyState(), ancestorHash: () => ZERO_HASH },
  })
  await expect(run.runNext()).rejects.toThrow(BlockDiffersError)
  expect(() => assertSameGas(run, { ...stored.header, gasUsed: 5n })).toThrow(
    /block 1 executes differently .* uses 0 gas, not 5/,
  )
})
