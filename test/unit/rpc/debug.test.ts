/** `debug_` over a chain that was derived from blobs: traces come from a call process, raw bytes from the database. */
import { getContractAddress, keccak256, pad, toHex } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeBlock } from '../../../src/engine/ethereum/block.ts'
import { decodeHeader, headerHash } from '../../../src/primitives/header.ts'
import { type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { orderedTrieRoot } from '../../../src/primitives/orderedTrie.ts'
import { GOLDEN_TOUCH_ADDRESS } from '../../../src/protocol/goldenTouch.ts'
import { checkAnswer } from '../../support/openrpc.ts'
import { createDerivedNode, type DerivedNode, hasCallProcess, SENDER } from '../../support/rpcDerived.ts'

let node: DerivedNode
let transactions: Hash[]
const sender = SENDER.address.toLowerCase()
const emitter = getContractAddress({ from: SENDER.address, nonce: 1n }).toLowerCase()
const topic = pad('0xabcd')

beforeAll(async () => {
  node = await createDerivedNode()
  const block = await node.answer('eth_getBlockByNumber', '0x1', false)
  transactions = block.transactions
})

afterAll(() => node?.close())

const call = async (method: string, ...params: unknown[]) => {
  const result = await node.answer(method, ...params)
  checkAnswer(method, result)
  return result
}

describe.skipIf(!hasCallProcess)('traces (need compiled call processes)', () => {
  test('the steps of a call, with the slots it has seen', async () => {
    const trace = await call('debug_traceTransaction', transactions[3])
    expect(trace.failed).toBe(false)
    expect(trace.structLogs.map(({ op }: { op: string }) => op)).toEqual(
      'PUSH0 CALLDATALOAD PUSH0 PUSH0 LOG1 PUSH0 SLOAD PUSH1 ADD PUSH0 SSTORE STOP'.split(' '),
    )
    const slot = pad('0x0')
    expect(trace.structLogs[6]).toMatchObject({ gasCost: 2100, stack: ['0x0'], storage: { [slot]: slot } })
    expect(trace.structLogs[10]).toMatchObject({ storage: { [slot]: pad('0x1') }, depth: 1 })
    const receipt = await node.answer('eth_getTransactionReceipt', transactions[3])
    expect(toHex(trace.gas)).toBe(receipt.gasUsed)
  })

  test('a block is traced from its anchor transaction on', async () => {
    const traces = await call('debug_traceBlockByNumber', '0x1', {
      tracer: 'callTracer',
      tracerConfig: { withLog: true },
    })
    expect(traces.map(({ txHash }: { txHash: Hash }) => txHash)).toEqual(transactions)
    expect(traces[0].result).toMatchObject({ type: 'CALL', from: GOLDEN_TOUCH_ADDRESS })
    expect(traces[1].result).toMatchObject({ from: sender, gas: '0x5208', gasUsed: '0x5208', input: '0x' })
    expect(traces[2].result).toMatchObject({ type: 'CREATE', to: emitter })
    expect(traces[3].result).toMatchObject({ to: emitter, input: topic })
    expect(traces[3].result.logs).toMatchObject([
      { address: emitter, topics: [topic], data: '0x', position: '0x0' },
    ])
    const { hash } = await node.answer('eth_getBlockByNumber', '0x1', false)
    expect(
      await call('debug_traceBlockByHash', hash, { tracer: 'callTracer', tracerConfig: { withLog: true } }),
    ).toEqual(traces)
  })

  test('what a transaction changed, before and after', async () => {
    const { pre, post } = await call('debug_traceTransaction', transactions[3], {
      tracer: 'prestateTracer',
      tracerConfig: { diffMode: true },
    })
    expect(Object.keys(post)).toContain(sender)
    expect(post[sender].nonce).toBe(pre[sender].nonce + 1)
    expect(post[emitter]).toEqual({ storage: { [pad('0x0')]: pad('0x1') } })
    expect(pre[emitter].storage).toBeUndefined()
    const before = await call('debug_traceTransaction', transactions[3], { tracer: 'prestateTracer' })
    expect(before[emitter].storage).toEqual({ [pad('0x0')]: pad('0x0') })
  })

  test('the functions that were called', async () => {
    const traces = await call('debug_traceBlockByNumber', '0x1', { tracer: '4byteTracer' })
    expect(traces.at(-1).result).toEqual({ '0x00000000-28': 1 })
  })

  test('a call on a state that nobody has', async () => {
    const to = '0x00000000000000000000000000000000000abcde'
    const request = { from: SENDER.address, to, gas: '0x100000' }
    // NUMBER PUSH0 MSTORE PUSH1 32 PUSH0 RETURN
    const stateOverrides = { [to]: { code: '0x435f5260205ff3' } }
    const trace = await call('debug_traceCall', request, '0x1', {
      tracer: 'callTracer',
      stateOverrides,
      blockOverrides: { number: '0x1234' },
    })
    expect(trace).toMatchObject({ output: pad('0x1234'), gas: '0x100000', from: sender, to })
    const steps = await call('debug_traceCall', request, '0x1', {
      stateOverrides,
      limit: 1,
      disableStack: true,
    })
    expect(steps.structLogs).toEqual([{ pc: 0, op: 'NUMBER', gas: expect.any(Number), gasCost: 2, depth: 1 }])
    expect(steps.returnValue).toBe(pad('0x1'))
  })

  test('a call before one of the transactions of a block', async () => {
    const request = { to: emitter, data: topic }
    const slotAt = async (txIndex: number) => {
      const trace = await call('debug_traceCall', request, '0x1', { txIndex: toHex(txIndex) })
      return trace.structLogs.find(({ op }: { op: string }) => op === 'SLOAD')?.storage[pad('0x0')]
    }
    expect(await slotAt(2)).toBeUndefined()
    expect(await slotAt(3)).toBe(pad('0x0'))
    const after = await call('debug_traceCall', request, '0x1', {})
    expect(after.structLogs[6].storage[pad('0x0')]).toBe(pad('0x1'))
    const error = await node.refusal('debug_traceCall', request, '0x1', { txIndex: '0x9' })
    expect(error).toMatchObject({
      code: -32000,
      message: expect.stringMatching(/^transaction index 9 out of range/),
    })
  })

  test('too long an answer is refused while it grows', async () => {
    const to = '0x00000000000000000000000000000000000abcde'
    // 32 KiB of memory, then JUMPDEST PUSH1 5 JUMP without end
    const stateOverrides = { [to]: { code: '0x5f618000525b600556' } }
    const error = await node.refusal('debug_traceCall', { to }, 'latest', {
      stateOverrides,
      enableMemory: true,
    })
    expect(error).toMatchObject({ code: -32005, message: expect.stringMatching(/larger than the \d+ bytes/) })
  })

  test('a trace ends when its time is up', async () => {
    const to = '0x00000000000000000000000000000000000abcde'
    const config = { stateOverrides: { [to]: { code: '0x5b5f56' } }, tracer: 'callTracer', timeout: '100ms' }
    const error = await node.refusal('debug_traceCall', { to }, 'latest', config)
    expect(error).toMatchObject({ code: -32002, message: 'execution ran too long' })
  })
})

test.each([
  ['debug_traceBlockByNumber', ['0x0'], 'genesis is not traceable'],
  ['debug_traceBlockByNumber', ['0x99'], 'block #153 not found'],
  ['debug_traceBlockByHash', [pad('0x1')], `block ${pad('0x1')} not found`],
  ['debug_traceTransaction', [pad('0x1')], 'transaction not found'],
  ['debug_traceCall', [{}, 'pending'], 'tracing on top of pending is not supported'],
  ['debug_traceBlockByNumber', ['0x1', { tracer: '{data: []}' }], /^there is no tracer "{data: \[\]}"/],
  [
    'debug_traceBlockByNumber',
    ['0x1', { tracer: 'prestateTracer', tracerConfig: { diffMode: true, includeEmpty: true } }],
    'cannot use diffMode with includeEmpty',
  ],
  ['debug_getRawBlock', ['0x99'], 'block #153 not found'],
])('%s refuses %j', async (method, params, message) => {
  const error = await node.refusal(method, ...params)
  expect(error).toMatchObject({ code: -32000, message: expect.stringMatching(message) })
})

test.each([['10'], ['ten seconds'], ['1s '.repeat(9)]])('%j is no duration', async (timeout) => {
  const error = await node.refusal('debug_traceBlockByNumber', '0x1', { timeout })
  expect(error.code).toBe(-32602)
})

test('raw blocks, headers, receipts and transactions hash to what commits to them', async () => {
  const { hash, receiptsRoot } = await node.answer('eth_getBlockByNumber', '0x1', false)
  expect(keccak256(await call('debug_getRawHeader', '0x1'))).toBe(hash)
  const block = decodeBlock(hexToBytes(await call('debug_getRawBlock', hash)))
  expect(headerHash(block.header)).toBe(hash)
  expect(block.withdrawals).toEqual([])
  expect(orderedTrieRoot(block.transactions)).toBe(block.header.transactionsRoot)
  const receipts: `0x${string}`[] = await call('debug_getRawReceipts', '0x1')
  expect(orderedTrieRoot(receipts.map(hexToBytes))).toBe(receiptsRoot)
  const raw = await call('debug_getRawTransaction', transactions[1])
  expect(keccak256(raw)).toBe(transactions[1])
  expect(await call('eth_getRawTransactionByHash', transactions[1])).toBe(raw)
  expect(await call('eth_getRawTransactionByBlockNumberAndIndex', '0x1', '0x1')).toBe(raw)
  expect(await call('eth_getRawTransactionByBlockHashAndIndex', hash, '0x1')).toBe(raw)
  expect(await call('eth_getRawTransactionByBlockNumberAndIndex', '0x1', '0x99')).toBe('0x')
  expect(await call('debug_getRawTransaction', pad('0x1'))).toBe('0x')
  expect(await call('debug_getBadBlocks')).toEqual([])
  expect(headerHash(decodeHeader(hexToBytes(await call('debug_getRawHeader', 'latest'))))).toBe(
    (await node.answer('eth_getBlockByNumber', 'latest', false)).hash,
  )
})
