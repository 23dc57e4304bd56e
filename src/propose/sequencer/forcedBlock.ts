/**
 * The L2 block that a forced inclusion will make, before the proposal that takes it has landed. Its metadata is inherited (D-40), and
 * some of it from the proposal itself: it can be promised only where every L1 slot the batch may land in gives the same.
 */
import type { L1 } from '../../l1/l1.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import { ZERO_HASH } from '../../primitives/hex.ts'
import type {
  BlobSlice,
  CheckedSource,
  DerivationSource,
  ParentContext,
  Proposal,
} from '../../protocol/protocol.ts'
import { protocolOf } from '../../protocol/protocols.ts'
import type { PendingInclusion } from '../../schedule/forcedInclusions.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'

/** The proposal of a batch as it will be if it lands in the L1 block of `timestamp`. */
export type ExpectedProposal = {
  readonly id: bigint
  readonly proposer: Address
  /** Percent. */
  readonly basefeeSharingPctg: number
  /** Seconds. */
  readonly timestamp: bigint
  /** Of the L1 block before it. */
  readonly originBlockNumber: bigint
  readonly originBlockHash: Hash
  readonly forced: readonly PendingInclusion[]
  /** Blobs of the own source; they are not named yet. */
  readonly blobCount: number
}

export function expectProposal(expected: ExpectedProposal): Proposal {
  const { id, proposer, timestamp, originBlockNumber, originBlockHash, basefeeSharingPctg } = expected
  const ownHashes: Hash[] = new Array(expected.blobCount).fill(ZERO_HASH)
  const sources: DerivationSource[] = [
    ...expected.forced.map((entry) => ({ isForcedInclusion: true, blobSlice: sliceOf(entry) })),
    { isForcedInclusion: false, blobSlice: { blobHashes: ownHashes, offset: 0, timestamp } },
  ]
  return {
    fork: 'shasta',
    ...{ id, proposer, timestamp, originBlockNumber, originBlockHash, basefeeSharingPctg, sources },
    // No rule of derivation looks at what follows: the event is not written yet.
    hash: ZERO_HASH,
    l1: { blockNumber: 0n, blockHash: ZERO_HASH, transactionHash: ZERO_HASH, logIndex: 0 },
    details: undefined,
  }
}

export function sliceOf({ blobHash, offset, savedAt }: PendingInclusion): BlobSlice {
  return { blobHashes: [blobHash], offset, timestamp: savedAt }
}

export type ForcedBlock =
  | { readonly type: 'block'; readonly block: CheckedSource['blocks'][number] }
  /** It would be another one in another L1 slot. */
  | { readonly type: 'unsettled'; readonly reason: string }

export async function readForcedBlock(
  deps: { readonly spec: RollupSpec; readonly l1: Pick<L1, 'blobs'> },
  input: {
    /** The first and the last L1 slot the batch may land in. */
    readonly proposals: readonly [Proposal, Proposal]
    readonly sourceIndex: number
    readonly entry: PendingInclusion
    /** The latest L2 block. */
    readonly parent: ParentContext
  },
  signal?: AbortSignal,
): Promise<ForcedBlock> {
  const { spec } = deps
  const { sourceIndex, parent, entry } = input
  const blobs = await deps.l1.blobs(sliceOf(entry), signal)
  const [first, last] = input.proposals.map((proposal) => {
    const { decodeSource, checkSource } = protocolOf(proposal.fork)
    const decoded = decodeSource({ spec, proposal, sourceIndex, blobs })
    return checkSource({ spec, proposal, sourceIndex, decoded, parent }).blocks
  })
  const [block] = first ?? []
  const [other] = last ?? []
  const isSettled =
    block !== undefined &&
    other !== undefined &&
    first?.length === 1 &&
    last?.length === 1 &&
    block.timestamp === other.timestamp &&
    block.transactions.length === other.transactions.length
  if (isSettled) return { type: 'block', block }
  return {
    type: 'unsettled',
    reason: `forced inclusion ${entry.index} makes another block in each L1 slot, because L2 has been silent for too long`,
  }
}
