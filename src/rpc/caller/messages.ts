/** What the node and a call process say to each other. Everything here survives a structured clone. */
import { StaleStateError } from '../../engine/state/flatState.ts'
import { MissingStateError } from '../../engine/state/source.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import type { StatePlace } from '../deps.ts'
import type { Job, JobKind } from './jobs.ts'

export type ToProcess =
  /** First of all. `database`: the file of the node's. */
  { readonly type: 'start'; readonly execution: ExecutionSpec; readonly database: string } | JobMessage

export type JobMessage = { readonly type: 'job'; readonly job: Job<JobKind>; readonly place: StatePlace }

export type FromProcess =
  /** First of all: its program is loaded. */
  | { readonly type: 'ready' }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'failed'; readonly failure: Failure }

/** The errors that a caller tells apart, which a clone would make plain ones of; the rest is a sentence for our log. */
export type Failure =
  | { readonly kind: 'stale' }
  | { readonly kind: 'missing'; readonly what: string }
  | { readonly kind: 'other'; readonly message: string }

export function failureOf(error: unknown): Failure {
  if (error instanceof StaleStateError) return { kind: 'stale' }
  if (error instanceof MissingStateError) return { kind: 'missing', what: error.what }
  return { kind: 'other', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}

export function errorOf(failure: Failure): Error {
  switch (failure.kind) {
    case 'stale':
      return new StaleStateError()
    case 'missing':
      return new MissingStateError(failure)
    case 'other':
      return new Error(`a call process failed: ${failure.message}`)
  }
}
