/** What a call process can be asked to execute. Parameters and results survive a structured clone. */
import type { ChainReader } from '../../chain/chain.ts'
import { type AccessListResult, createAccessList } from '../../engine/accessList.ts'
import { callMessage } from '../../engine/call.ts'
import type {
  AncestorHashes,
  BlockOverrides,
  CallRequest,
  CallResult,
  StateOverrides,
} from '../../engine/engine.ts'
import { simulateBlocks } from '../../engine/simulate/simulate.ts'
import type { Simulation, SimulationResult } from '../../engine/simulate/simulated.ts'
import type { StateSource } from '../../engine/state/source.ts'
import type { BlockToRun } from '../../engine/storedBlock.ts'
import { TraceTooLargeError } from '../../engine/trace/size.ts'
import { type TraceBlockParams, traceBlock } from '../../engine/trace/traceBlock.ts'
import { type CallTrace, type TraceCallParams, traceCall } from '../../engine/trace/traceCall.ts'
import { defined } from '../../primitives/assert.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import {
  collectWitness,
  type ExecutionWitness,
  type StateProofs,
} from '../../replay/execution/collectWitness.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import { type FeeSearch, type FoundFees, readFees } from './feesJob.ts'
import { type LogSearch, type LogSearchResult, searchLogs } from './logsJob.ts'

export type Jobs = {
  /** A message on a state, as if in a block with `header`. */
  readonly call: { readonly params: CallParams; readonly result: CallResult }
  /** What a message touches beside its sender and its receiver. */
  readonly accessList: { readonly params: CallParams; readonly result: AccessListResult }
  /** Blocks on the state after `base`. */
  readonly simulate: { readonly params: Simulation; readonly result: SimulationResult }
  /** A stored block, or one of its transactions, on the state after its parent. */
  readonly traceBlock: { readonly params: TraceBlockParams; readonly result: TraceResult }
  readonly traceCall: { readonly params: TraceCallParams; readonly result: TraceResult }
  /** What executing a block needs of the state after its parent. */
  readonly witness: { readonly params: { readonly block: BlockToRun }; readonly result: ExecutionWitness }
  /** In blocks up to the one the state is of. */
  readonly logs: { readonly params: LogSearch; readonly result: LogSearchResult }
  /** Of blocks up to the one the state is of. */
  readonly fees: { readonly params: FeeSearch; readonly result: FoundFees | undefined }
}
export type JobKind = keyof Jobs

export type TraceResult = CallTrace | { readonly type: 'tooLarge'; readonly reason: string }

export type CallParams = {
  readonly request: CallRequest
  readonly header: BlockHeader
  readonly overrides?: StateOverrides
  readonly blockOverrides?: BlockOverrides
}

/** What every job works with. */
export type JobEnvironment = {
  readonly execution: ExecutionSpec
  readonly state: StateSource
  readonly ancestorHash: AncestorHashes
  readonly chain: Pick<ChainReader, 'logs' | 'headerByNumber' | 'blockByNumber'>
  /** Absent where another block's changes lie over the state. */
  readonly proofs?: StateProofs
}

export type Job<K extends JobKind> = { readonly kind: K; readonly params: Jobs[K]['params'] }
type RunJob<K extends JobKind> = (
  environment: JobEnvironment,
  params: Jobs[K]['params'],
) => Promise<Jobs[K]['result']>

const RUN: { readonly [K in JobKind]: RunJob<K> } = {
  call: (environment, params) => callMessage({ ...environment, ...params }),
  accessList: (environment, params) => createAccessList({ ...environment, ...params }),
  simulate: simulateBlocks,
  traceBlock: (environment, params) => withinSize(() => traceBlock({ ...environment, ...params })),
  witness: (environment, { block }) =>
    collectWitness({ ...environment, block, proofs: defined(environment.proofs, 'the proofs of a state') }),
  traceCall: (environment, params) => withinSize(() => traceCall({ ...environment, ...params })),
  logs: ({ chain }, params) => searchLogs(chain, params),
  fees: readFees,
}

export function runJob<K extends JobKind>(
  environment: JobEnvironment,
  { kind, params }: Job<K>,
): Promise<Jobs[K]['result']> {
  return RUN[kind](environment, params)
}

async function withinSize(trace: () => Promise<CallTrace>): Promise<TraceResult> {
  try {
    return await trace()
  } catch (error) {
    if (!(error instanceof TraceTooLargeError)) throw error
    return { type: 'tooLarge', reason: error.message }
  }
}
