/** What a call process can be asked to execute. Parameters and results survive a structured clone. */
import { callMessage } from '../../engine/call.ts'
import type { AncestorHashes, CallRequest, CallResult, StateOverrides } from '../../engine/engine.ts'
import type { StateSource } from '../../engine/state/source.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'

export type Jobs = {
  /** A message on a state, as if in a block with `header`. */
  readonly call: {
    readonly params: {
      readonly request: CallRequest
      readonly header: BlockHeader
      readonly overrides?: StateOverrides
    }
    readonly result: CallResult
  }
}
export type JobKind = keyof Jobs

/** What every job works with. */
export type JobEnvironment = {
  readonly execution: ExecutionSpec
  readonly state: StateSource
  readonly ancestorHash: AncestorHashes
}

export type Job<K extends JobKind> = { readonly kind: K; readonly params: Jobs[K]['params'] }
type RunJob<K extends JobKind> = (
  environment: JobEnvironment,
  params: Jobs[K]['params'],
) => Promise<Jobs[K]['result']>

const RUN: { readonly [K in JobKind]: RunJob<K> } = {
  call: (environment, params) => callMessage({ ...environment, ...params }),
}

export function runJob<K extends JobKind>(
  environment: JobEnvironment,
  { kind, params }: Job<K>,
): Promise<Jobs[K]['result']> {
  return RUN[kind](environment, params)
}
