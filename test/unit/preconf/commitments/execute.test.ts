import { expect, test } from 'vitest'
import type { ExecutedTransaction } from '../../../../src/engine/engine.ts'
import { executeNow } from '../../../../src/preconf/commitments/execute.ts'
import type { Log } from '../../../../src/primitives/receipt.ts'
import type { BuildEvent, IncludeResult, SequencerFace } from '../../../../src/propose/sequencer/events.ts'

const RAW = Uint8Array.of(1)
const log: Log = { address: `0x${'aa'.repeat(20)}`, topics: [], data: Uint8Array.of(7) }

function executed(byte: string, logs: readonly Log[]): ExecutedTransaction {
  return {
    raw: RAW,
    hash: `0x${byte.repeat(32)}`,
    sender: `0x${'01'.repeat(20)}`,
    to: null,
    gasUsed: 21_000n,
    effectiveGasPrice: 1n,
    createdContract: null,
    receipt: { type: 2, succeeded: true, cumulativeGasUsed: 42_000n, logs },
  }
}

/** Answers one after the other; `open` begins the next block. */
function sequencerOf(answers: (IncludeResult | Promise<IncludeResult>)[]) {
  const listeners = new Set<(event: BuildEvent) => void>()
  const face: SequencerFace = {
    pending: () => undefined,
    newest: () => undefined,
    include: async () => answers.shift()!,
    onEvent(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return {
    face,
    listeners,
    open() {
      for (const listener of listeners) listener({ type: 'opened' } as never)
    },
  }
}

const later: IncludeResult = { type: 'later', reason: 'the block is full' }
const includedAt = (index: number, transaction: ExecutedTransaction, firstLogIndex = 0): IncludeResult => ({
  ...{ type: 'included', number: 9n, parentHash: `0x${'08'.repeat(32)}`, index, transaction, firstLogIndex },
  ...{ windowEnd: 1200n, kept: Promise.resolve() },
})
const never = () => new Promise<void>(() => {})
const settings = (face: SequencerFace, wait = never) => ({ sequencer: face, wait, blockMs: 2000 })

test('logs of a receipt are numbered after those of the transactions before', async () => {
  const { face } = sequencerOf([includedAt(2, executed('12', [log, log]), 2)])
  const { receiptJson } = await executeNow(settings(face), RAW, () => true)
  expect(receiptJson).toMatchObject({
    ...{ blockHash: null, blockNumber: '0x9', transactionIndex: '0x2', contractAddress: null },
    logs: [
      { logIndex: '0x2', data: '0x07' },
      { logIndex: '0x3', transactionIndex: '0x2' },
    ],
  })
})

test('where a block has no room, the next one is tried as soon as it is opened', async () => {
  const transaction = executed('10', [])
  const { face, open, listeners } = sequencerOf([later, includedAt(0, transaction)])
  const result = executeNow(settings(face), RAW, () => true)
  await new Promise((resolve) => setImmediate(resolve))
  open()
  expect((await result).index).toBe(0)
  expect(listeners.size).toBe(0)
})

test('notEnoughTime: no block had room, or there is no time for another', async () => {
  const full = sequencerOf([later, later, later, later, later])
  await expect(
    executeNow(
      settings(full.face, async () => {}),
      RAW,
      () => true,
    ),
  ).rejects.toMatchObject({
    code: 'notEnoughTime',
    message: 'Not enough time to satisfy request: the block is full',
  })
  const over = sequencerOf([later, later])
  await expect(executeNow(settings(over.face), RAW, () => false)).rejects.toMatchObject({
    code: 'notEnoughTime',
  })
  expect(over.listeners.size).toBe(0)
})

test('who waits for the signature of the block before waits no longer than a block, and is tried again', async () => {
  const transaction = executed('10', [])
  const { face } = sequencerOf([new Promise(() => {}), includedAt(0, transaction)])
  const waits: number[] = []
  const wait = async (ms: number) => void waits.push(ms)
  expect((await executeNow({ ...settings(face), wait }, RAW, () => true)).index).toBe(0)
  expect(waits[0]).toBe(2000)
  const stuck = sequencerOf(Array.from({ length: 4 }, () => new Promise<IncludeResult>(() => {})))
  await expect(executeNow({ ...settings(stuck.face), wait }, RAW, () => true)).rejects.toMatchObject({
    code: 'notEnoughTime',
    message: 'Not enough time to satisfy request: the block before is not signed yet',
  })
})

test('who is in a block that was slow is answered late, and not refused for what the next block says of him', async () => {
  const transaction = executed('10', [])
  let execute: (result: IncludeResult) => void = () => {}
  const slow = new Promise<IncludeResult>((resolve) => {
    execute = resolve
  })
  const used: IncludeResult = { type: 'refused', reason: 'nonce too low (D-82)' }
  const { face, open } = sequencerOf([slow, used, used])
  let waits = 0
  // The first block takes longer than a block does.
  const wait = async () => (waits++ === 0 ? undefined : never())
  const result = executeNow({ ...settings(face), wait }, RAW, () => true)
  await new Promise((resolve) => setImmediate(resolve))
  expect(waits).toBe(2)
  execute(includedAt(3, transaction))
  open()
  expect((await result).index).toBe(3)
})

test('what is refused in the next block waits for what the block before says', async () => {
  let execute: (result: IncludeResult) => void = () => {}
  const slow = new Promise<IncludeResult>((resolve) => {
    execute = resolve
  })
  const used: IncludeResult = { type: 'refused', reason: 'nonce too low (D-82)' }
  const { face, open } = sequencerOf([slow, used])
  let waits = 0
  const wait = async () => (waits++ === 0 ? undefined : never())
  const result = executeNow({ ...settings(face), wait }, RAW, () => true)
  await new Promise((resolve) => setImmediate(resolve))
  open()
  await new Promise((resolve) => setImmediate(resolve))
  execute(includedAt(3, executed('10', [])))
  expect((await result).index).toBe(3)
})

test('who is answered, however he is, leaves no timer behind', async () => {
  const running = new Set<number>()
  const wait = (ms: number, signal?: AbortSignal) =>
    new Promise<void>((_, reject) => {
      running.add(ms)
      signal?.addEventListener('abort', () => {
        running.delete(ms)
        reject(signal.reason)
      })
    })
  const answers = [later, includedAt(0, executed('10', [])), { type: 'refused', reason: 'no' } as const]
  const { face, open } = sequencerOf(answers)
  const result = executeNow({ ...settings(face), wait }, RAW, () => true)
  await new Promise((resolve) => setImmediate(resolve))
  expect(running.size).toBe(1)
  open()
  await result
  expect(running.size).toBe(0)
  await expect(executeNow({ ...settings(face), wait }, RAW, () => true)).rejects.toMatchObject({
    code: 'notExecutable',
  })
  expect(running.size).toBe(0)
})

test('notExecutable: the block refuses it, by a rule that is named', async () => {
  const { face } = sequencerOf([{ type: 'refused', reason: 'sender has code (D-81)' }])
  await expect(executeNow(settings(face), RAW, () => true)).rejects.toMatchObject({
    code: 'notExecutable',
    message: 'Transaction cannot be executed: sender has code (D-81)',
  })
})
