/** A call under a tracer, on the state after a block or before one of its transactions. */
import { bytesToHex, type Hash, ZERO_HASH } from '../../primitives/hex.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import { prepareCall, runCall } from '../call.ts'
import { refuseCall } from '../callRequest.ts'
import type { AncestorHashes, BlockOverrides, CallRequest, StateOverrides } from '../engine.ts'
import { overlayState } from '../state/laidOver.ts'
import type { StateSource } from '../state/source.ts'
import { type BlockToRun, openStoredBlock } from '../storedBlock.ts'
import { createTraceSize } from './size.ts'
import { createTracer, type Trace, type TraceConfig, type TracedMessage } from './tracer.ts'
import { watchEvm } from './watch.ts'

export type TraceCallParams = {
  readonly request: CallRequest & { readonly gas: bigint }
  /** The call sees itself in this block. */
  readonly block: BlockToRun & { readonly hash: Hash }
  /** Present where the state is not the one after the block: the transactions before this one run first, on the state after the parent. */
  readonly index?: number
  readonly overrides?: StateOverrides
  readonly blockOverrides?: BlockOverrides
  readonly config: TraceConfig
  /** Bytes of JSON the answer may have. */
  readonly bytesMax: number
}

export type CallTrace =
  | Trace
  /** It cannot begin, in geth's words. */
  | { readonly type: 'refused'; readonly reason: string }

/** Throws TraceTooLargeError. */
export async function traceCall(
  input: TraceCallParams & {
    readonly execution: ExecutionSpec
    readonly state: StateSource
    readonly ancestorHash: AncestorHashes
  },
): Promise<CallTrace> {
  const { config } = input
  const { header } = input.block
  const state = await stateBefore(input)
  const { context, message, fees, refusal } = await prepareCall({ ...input, header, state })
  if (refusal !== null) return { type: 'refused', reason: refusal }
  const refused = await refuseCall(context, message, fees, { allowsFree: true })
  if (refused !== null) return { type: 'refused', reason: `tracing failed: ${refused.message}` }
  const tracer = createTracer(config, context, createTraceSize(input.bytesMax))
  const { sender, to, gasLimit, authorizations } = message
  const traced: TracedMessage = {
    sender: bytesToHex(sender),
    to: to === null ? null : bytesToHex(to),
    gasLimit,
    ...(authorizations !== undefined && { authorizations }),
  }
  await tracer.begin?.(traced)
  const watch = watchEvm(context, tracer.hooks, 0)
  try {
    const { gasUsed } = await runCall(context, message)
    return { type: 'traced', json: await tracer.finish(gasUsed) }
  } finally {
    watch.stop()
  }
}

async function stateBefore(input: Parameters<typeof traceCall>[0]): Promise<StateSource> {
  const { index, state } = input
  if (index === undefined) return state
  const run = await openStoredBlock(input)
  while (run.transactions.length < index) await run.runNext()
  return overlayState(state, run.state.takeChanges(), ZERO_HASH)
}
