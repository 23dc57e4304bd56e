/**
 * What a batch is built on, and the chain of blocks that so far exist in the proposer's mind alone: derivation's context with
 * each new block laid over the state before it.
 */
import {
  type DerivationContext,
  type DerivedBlock,
  deriveBlocks,
  type ParentBlock,
} from '../derive/blocks.ts'
import type { AncestorHashes, Engine, ExecutedBlock } from '../engine/engine.ts'
import { mergeChanges, overlayState } from '../engine/state/laidOver.ts'
import type { StateChanges, StateSource } from '../engine/state/source.ts'
import { type Address, type Hash, ZERO_HASH } from '../primitives/hex.ts'
import type {
  BlobSlice,
  DecodedSource,
  DerivationSource,
  L1BlockRef,
  Proposal,
  SourceFault,
} from '../protocol/protocol.ts'
import { protocolOf } from '../protocol/protocols.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { InclusionWindow } from './plan.ts'

/** An entry of the inbox's queue that the proposal will take. */
export type ForcedInclusion = { readonly blobSlice: BlobSlice; readonly blobs: readonly Uint8Array[] }

/** A snapshot of both chains; a batch built on it is worth sending only while it still holds. */
export type BuildBase = {
  /** The last block derived from L1. */
  readonly parent: ParentBlock
  /** After `parent`. Must serve `rootAfter`. */
  readonly state: StateSource
  readonly ancestorHash: AncestorHashes
  readonly l1Head: L1BlockRef
  /** The ancestor of `l1Head` with this number, or itself. */
  readonly anchorBlock: (number: bigint) => Promise<L1BlockRef>
  readonly nextProposalId: bigint
  /** Percent, as the inbox is configured. */
  readonly basefeeSharingPctg: number
  /** Those that may fall due before the batch lands, in queue order. */
  readonly forcedInclusions: readonly ForcedInclusion[]
}

/** The proposal as it will be if it lands right after `l1Head` (or `slots` later); own blobs are not named yet. */
export function assumeProposal(input: {
  readonly base: BuildBase
  readonly window: InclusionWindow
  readonly at: 'earliest' | 'latest'
  readonly proposer: Address
  /** Blobs of our own source. */
  readonly blobCount: number
}): Proposal {
  const { base, window, at, proposer } = input
  const timestamp = window[at]
  const ownHashes: Hash[] = new Array(input.blobCount).fill(ZERO_HASH)
  const sources: DerivationSource[] = [
    ...base.forcedInclusions.map(({ blobSlice }) => ({ isForcedInclusion: true, blobSlice })),
    { isForcedInclusion: false, blobSlice: { blobHashes: ownHashes, offset: 0, timestamp } },
  ]
  return {
    fork: 'shasta',
    id: base.nextProposalId,
    proposer,
    timestamp,
    originBlockNumber: base.l1Head.number + (at === 'latest' ? window.slots : 0n),
    originBlockHash: base.l1Head.hash,
    basefeeSharingPctg: base.basefeeSharingPctg,
    sources,
    // No rule of derivation looks at what follows: the event is not written yet.
    hash: ZERO_HASH,
    l1: { blockNumber: 0n, blockHash: ZERO_HASH, transactionHash: ZERO_HASH, logIndex: 0 },
    details: undefined,
  }
}

export type Draft = {
  readonly context: DerivationContext
  /** The newest block. */
  parent(): ParentBlock
  append(executed: ExecutedBlock): void
}

export function createDraft(deps: { spec: RollupSpec; engine: Engine }, base: BuildBase): Draft {
  const hashes = new Map<bigint, Hash>()
  let parent = base.parent
  let state = base.state
  let changes: StateChanges | undefined
  return {
    context: {
      ...deps,
      // Derivation asks only for the newest block's, and checks the root.
      stateAfter: () => state,
      anchorBlock: (_proposal, number) => base.anchorBlock(number),
      ancestorHash: (number) => hashes.get(number) ?? base.ancestorHash(number),
    },
    parent: () => parent,
    append({ header, hash, changes: later }) {
      changes = changes === undefined ? later : mergeChanges(changes, later)
      state = overlayState(base.state, changes, header.stateRoot)
      hashes.set(header.number, hash)
      parent = { header, hash, grandparentTimestamp: parent.header.timestamp }
    },
  }
}

export function decodeForced(
  spec: RollupSpec,
  proposal: Proposal,
  base: BuildBase,
): readonly DecodedSource[] {
  return base.forcedInclusions.map(({ blobs }, sourceIndex) =>
    protocolOf(proposal.fork).decodeSource({ spec, proposal, sourceIndex, blobs }),
  )
}

/** Derives sources on the draft, as the driver would. */
export async function deriveOnDraft(
  draft: Draft,
  proposal: Proposal,
  sources: readonly DecodedSource[],
): Promise<{ readonly blocks: readonly DerivedBlock[]; readonly faults: ReadonlyMap<number, SourceFault> }> {
  const blocks: DerivedBlock[] = []
  const faults = new Map<number, SourceFault>()
  for await (const step of deriveBlocks(draft.context, { proposal, sources, parent: draft.parent() })) {
    if (step.type === 'block') {
      draft.append(step.block.executed)
      blocks.push(step.block)
    } else if (step.fault !== undefined) {
      faults.set(step.sourceIndex, step.fault)
    }
  }
  return { blocks, faults }
}
