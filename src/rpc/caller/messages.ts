/** What the node and a call process say to each other. Everything here survives a structured clone. */
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import type { Job, JobKind } from './jobs.ts'

export type JobMessage = {
  readonly type: 'job'
  readonly job: Job<JobKind>
  readonly stateRoot: Hash
}

/** A piece of state that the process lacks. */
export type StateRead =
  | { readonly kind: 'account'; readonly address: Address }
  | { readonly kind: 'storage'; readonly address: Address; readonly slot: Hex }
  | { readonly kind: 'code'; readonly codeHash: Hash }
  | { readonly kind: 'ancestor'; readonly number: bigint }

export type ToProcess =
  /** First of all. */
  | { readonly type: 'start'; readonly execution: ExecutionSpec }
  | JobMessage
  | { readonly type: 'value'; readonly readId: number; readonly value: unknown }
  /** The read failed; the node keeps the error, the process only has to stop. */
  | { readonly type: 'unreadable'; readonly readId: number }

export type FromProcess =
  | { readonly type: 'read'; readonly readId: number; readonly read: StateRead }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'failed'; readonly message: string }
