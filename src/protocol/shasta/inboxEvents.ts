/** What else the inbox and the signal service say: finality, its undoing, and the queue of forced inclusions. taiko.md §2.1, §2.10, §5. */
import type { Address, Hash } from '../../primitives/hex.ts'
import { decodeEvent } from '../events.ts'
import type { BlobSlice, L1Log } from '../protocol.ts'
import { checkpointAbi, inboxAbi } from './abi.ts'

export const PROVED_TOPIC: Hash = '0xa274dcaff3629ec7d69d144038e97732516ff306fcbf8a2bc9423d106779a2f0'
export const STATE_RECOVERED_TOPIC: Hash =
  '0x4c3db930215a6ed0bab3aa335e88316267503d6581fd0b9c52fc72bcfc3a8e00'
export const FORCED_INCLUSION_SAVED_TOPIC: Hash =
  '0x18c4fc1e6ac628dbb537b0375bf0efabf1ff2528af1ec22faa74d2da95c29471'
export const FORCED_INCLUSIONS_VOIDED_TOPIC: Hash =
  '0x72630dabbcbfd74e45770c40d6d75438aa2924da9dffcbc234ad2b0083cf8ecc'
export const INBOX_ACTIVATED_TOPIC: Hash =
  '0xe4356761c97932c05c3ee0859fb1a5e4f91f7a1d7a3752c7d5a72d5cc6ecb2d2'
/** EIP-1967: the proxy runs other code from here on. */
export const UPGRADED_TOPIC: Hash = '0xbc7cd75a20ee27fd9adebab32041f755214dbc6bffa90cc0225b39da2e5c2d3b'
export const CHECKPOINT_SAVED_TOPIC: Hash =
  '0xf726c53cbb9e62552afc4a8f1bb1d01fa9272e526a7e3a69eba93b778b3f42a6'

export type InboxEvent =
  /** Proposals up to `lastProposalId` are proven; there is no delay after it. */
  | {
      readonly type: 'proved'
      readonly firstProposalId: bigint
      readonly firstNewProposalId: bigint
      readonly lastProposalId: bigint
      readonly actualProver: Address
    }
  /** Finality was set back (June 2026): what is proven ends at `lastFinalizedProposalId` again. Proposals stand. */
  | {
      readonly type: 'stateRecovered'
      readonly nextProposalId: bigint
      readonly lastFinalizedProposalId: bigint
      readonly lastFinalizedBlockHash: Hash
    }
  | {
      readonly type: 'forcedInclusionSaved'
      /** Paid to the proposer who includes it. */
      readonly feeInGwei: bigint
      readonly blobSlice: BlobSlice
    }
  /** Queue entries from `oldHead` to before `newHead` will never be included. */
  | { readonly type: 'forcedInclusionsVoided'; readonly oldHead: bigint; readonly newHead: bigint }
  | { readonly type: 'inboxActivated'; readonly lastPacayaBlockHash: Hash }
  | { readonly type: 'upgraded'; readonly implementation: Address }

/** Null for a log that is none of these; proposals have `decodeProposal`. The caller has matched the log's address. */
export function decodeInboxEvent(log: L1Log): InboxEvent | null {
  switch (log.topics[0]) {
    case PROVED_TOPIC: {
      const event = decodeEvent(inboxAbi, 'Proved', log)
      return {
        type: 'proved',
        firstProposalId: BigInt(event.firstProposalId),
        firstNewProposalId: BigInt(event.firstNewProposalId),
        lastProposalId: BigInt(event.lastProposalId),
        actualProver: event.actualProver.toLowerCase() as Address,
      }
    }
    case STATE_RECOVERED_TOPIC: {
      const event = decodeEvent(inboxAbi, 'StateRecovered', log)
      return {
        type: 'stateRecovered',
        nextProposalId: BigInt(event.nextProposalId),
        lastFinalizedProposalId: BigInt(event.lastFinalizedProposalId),
        lastFinalizedBlockHash: event.lastFinalizedBlockHash,
      }
    }
    case FORCED_INCLUSION_SAVED_TOPIC: {
      const { feeInGwei, blobSlice } = decodeEvent(inboxAbi, 'ForcedInclusionSaved', log).forcedInclusion
      return {
        type: 'forcedInclusionSaved',
        feeInGwei,
        blobSlice: { ...blobSlice, timestamp: BigInt(blobSlice.timestamp) },
      }
    }
    case FORCED_INCLUSIONS_VOIDED_TOPIC: {
      const event = decodeEvent(inboxAbi, 'ForcedInclusionsVoided', log)
      return {
        type: 'forcedInclusionsVoided',
        oldHead: BigInt(event.oldHead),
        newHead: BigInt(event.newHead),
      }
    }
    case INBOX_ACTIVATED_TOPIC: {
      const { lastPacayaBlockHash } = decodeEvent(inboxAbi, 'InboxActivated', log)
      return { type: 'inboxActivated', lastPacayaBlockHash }
    }
    case UPGRADED_TOPIC: {
      const { implementation } = decodeEvent(inboxAbi, 'Upgraded', log)
      return { type: 'upgraded', implementation: implementation.toLowerCase() as Address }
    }
    default:
      return null
  }
}

/** A block of the other layer that a signal service vouches for. */
export type Checkpoint = { readonly blockNumber: bigint; readonly blockHash: Hash; readonly stateRoot: Hash }

/** Null for another event. The caller has matched the log's address. */
export function decodeCheckpointSaved(log: L1Log): Checkpoint | null {
  if (log.topics[0] !== CHECKPOINT_SAVED_TOPIC) return null
  const { blockNumber, blockHash, stateRoot } = decodeEvent(checkpointAbi, 'CheckpointSaved', log)
  return { blockNumber: BigInt(blockNumber), blockHash, stateRoot }
}
