/** What the node and a call process say to each other. Everything here survives a structured clone. */
import type { CallRequest, CallResult, StateOverrides } from '../../engine/engine.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'

export type CallJob = {
  readonly type: 'call'
  readonly request: CallRequest
  readonly header: BlockHeader
  readonly stateRoot: Hash
  readonly overrides?: StateOverrides
}

/** A piece of state that the process lacks. */
export type StateRead =
  | { readonly kind: 'account'; readonly address: Address }
  | { readonly kind: 'storage'; readonly address: Address; readonly slot: Hex }
  | { readonly kind: 'code'; readonly codeHash: Hash }
  | { readonly kind: 'ancestor'; readonly number: bigint }

export type ToProcess =
  /** First of all. */
  | { readonly type: 'start'; readonly spec: RollupSpec }
  | CallJob
  | { readonly type: 'value'; readonly readId: number; readonly value: unknown }
  /** The read failed; the node keeps the error, the process only has to stop. */
  | { readonly type: 'unreadable'; readonly readId: number }

export type FromProcess =
  | { readonly type: 'read'; readonly readId: number; readonly read: StateRead }
  | { readonly type: 'result'; readonly result: CallResult }
  | { readonly type: 'failed'; readonly message: string }
