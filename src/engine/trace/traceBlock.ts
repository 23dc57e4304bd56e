/** A block of the chain, or one transaction of it, executed once more under a tracer. */
import { defined } from '../../primitives/assert.ts'
import { bytesToHex } from '../../primitives/hex.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import type { AncestorHashes } from '../engine.ts'
import type { StateSource } from '../state/source.ts'
import { assertSameGas, type BlockToRun, openStoredBlock, type StoredBlockRun } from '../storedBlock.ts'
import { decodeTransaction } from '../transaction.ts'
import { createTraceSize, type TraceSize } from './size.ts'
import { createTracer, type Trace, type TraceConfig, type TracedMessage } from './tracer.ts'
import { watchEvm } from './watch.ts'

export type TraceBlockParams = {
  readonly block: BlockToRun
  readonly config: TraceConfig
  /** Bytes of JSON the answer may have. */
  readonly bytesMax: number
  /** Only the transaction at this index. Default: all of them. */
  readonly index?: number
}

/** Of JSON `[{txHash, result}, …]`, or the result of the one transaction. Throws TraceTooLargeError. */
export async function traceBlock(
  input: TraceBlockParams & {
    readonly execution: ExecutionSpec
    /** After the parent. */
    readonly state: StateSource
    readonly ancestorHash: AncestorHashes
  },
): Promise<Trace> {
  const { block, config, index } = input
  const run = await openStoredBlock(input)
  const size = createTraceSize(input.bytesMax)
  if (index !== undefined) {
    while (run.transactions.length < index) await run.runNext()
    return { type: 'traced', json: await traceNext(run, block, config, size) }
  }
  const traces: string[] = []
  for (const { hash } of block.transactions) {
    traces.push(`{"txHash":"${hash}","result":${await traceNext(run, block, config, size)}}`)
  }
  assertSameGas(run, block.header)
  return { type: 'traced', json: `[${traces.join(',')}]` }
}

async function traceNext(
  run: StoredBlockRun,
  block: BlockToRun,
  config: TraceConfig,
  size: TraceSize,
): Promise<string> {
  const { transactions, context } = run
  const next = defined(block.transactions[transactions.length], 'a transaction to trace')
  const logs = transactions.reduce((sum, { receipt }) => sum + receipt.logs.length, 0)
  const tracer = createTracer(config, context, size)
  await tracer.begin?.(readMessage(next))
  const watch = watchEvm(context, tracer.hooks, logs)
  try {
    const { gasUsed } = await run.runNext()
    return await tracer.finish(gasUsed)
  } finally {
    watch.stop()
  }
}

function readMessage({ raw, sender }: BlockToRun['transactions'][number]): TracedMessage {
  const decoded = decodeTransaction(raw)
  if (decoded.type === 'undecodable')
    throw new Error(`a stored transaction cannot be decoded: ${decoded.detail}`)
  const { to, gasLimit, authorizations } = decoded.transaction
  return {
    sender,
    to: to === null ? null : bytesToHex(to),
    gasLimit,
    ...(authorizations !== undefined && { authorizations }),
  }
}
