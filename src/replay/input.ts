/** What every replayable file is parsed into: a proposal with its bytes, the parent, and for each block a witness and what to expect. */
import type { ParentBlock } from '../derive/blocks.ts'
import type { Witness } from '../engine/state/witness.ts'
import type { BlockHeader } from '../primitives/header.ts'
import type { Hash } from '../primitives/hex.ts'
import type { L1BlockRef, Proposal } from '../protocol/protocol.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'

export type ReplayInput = {
  readonly spec: RollupSpec
  readonly proposal: Proposal
  /** The proposal as the file has it, for a recording. */
  readonly proposalJson: unknown
  /** For each source its blobs, whole and in order. Not yet checked against their versioned hashes. */
  readonly blobs: readonly (readonly Uint8Array[])[]
  /** L1 blocks the proposal may anchor to, linked by hash to its origin. */
  readonly l1Blocks: ReadonlyMap<bigint, L1BlockRef>
  readonly l1Headers: readonly BlockHeader[]
  readonly parent: ParentBlock
  /** The parent and its ancestors, newest first. */
  readonly l2Headers: readonly BlockHeader[]
  /** Their hashes, linked. */
  readonly ancestorHashes: ReadonlyMap<bigint, Hash>
  readonly blocks: readonly ReplayBlock[]
}

export type ReplayBlock = {
  /** Of the state after the parent. Its `stateRoot` is compared with the parent we computed, never trusted. */
  readonly witness: Omit<Witness, 'stateRoot'>
  readonly expected: { readonly hash: Hash; readonly header: BlockHeader }
}

/** The file is not what it says it is: a piece is malformed, or contradicts another. Nothing of it was executed. */
export class InputRefusedError extends Error {
  override readonly name = 'InputRefusedError'
}

/** Refuses the file with `reason` unless the condition holds. */
export function requireInput(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new InputRefusedError(reason)
}
