/**
 * Blocks after `safe`: preconfirmed, executed and part of the chain, until L1 says the same or something else. They are made by
 * derivation's own functions from a proposal as it is expected, so what lands unchanged is found to be the same block.
 */
import type { UnsafeOrigin } from '../chain/chain.ts'
import type { ExecutedBlock, OpenBlock } from '../engine/engine.ts'
import type { Address } from '../primitives/hex.ts'
import type { ParentContext } from '../protocol/protocol.ts'
import type { ParentBlock } from './blocks.ts'

/** All that derivation would be told of a block, except its transactions. */
export type UnsafeMetadata = {
  /** Of the proposal that is to bring it. */
  readonly proposalId: bigint
  /** Percent. */
  readonly basefeeSharingPctg: number
  readonly isForcedInclusion: boolean
  /** Seconds. */
  readonly timestamp: bigint
  readonly coinbase: Address
  /** Without the anchor's gas. */
  readonly gasLimit: bigint
  readonly anchorBlockNumber: bigint
}

/** The latest block as a parent. */
export type LatestBlock = {
  readonly parent: ParentBlock
  readonly context: ParentContext
  /** Wei per gas of a block on it. */
  readonly baseFeePerGas: bigint
}

export type OpenedBlock = {
  readonly parent: ParentBlock
  readonly block: OpenBlock
  readonly origin: UnsafeOrigin
}

export type OpenResult =
  | ({ readonly type: 'opened' } & OpenedBlock)
  /** Derivation would not take such a block whatever it held: the sentence names the rule. */
  | { readonly type: 'refused'; readonly reason: string }

/** Builds on the latest block; changes nothing. */
export type UnsafeBuilder = {
  latest(): Promise<LatestBlock>
  /** The block after the latest, its anchor transaction run. TemporaryError while its anchor block is not known here. */
  open(metadata: UnsafeMetadata): Promise<OpenResult>
}

/** The driver's half. */
export type UnsafeChain = {
  /** Makes an executed block the latest. `otherParent`: L1, or another block, came first. */
  extend(input: {
    readonly executed: ExecutedBlock
    readonly origin: UnsafeOrigin
  }): Promise<'extended' | 'otherParent'>
  /** Forgets the unsafe blocks from `number` on; those that L1 brought stay. */
  drop(number: bigint): Promise<void>
}
