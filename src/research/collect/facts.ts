/**
 * What only the whole range tells: which proposals came to be proven, and what became of forced inclusions. Everything is as of the end
 * of the range, so that the same range says the same whenever it is exported.
 */
import { type Hash, ZERO_HASH } from '../../primitives/hex.ts'
import type { BlobSlice, Proposal } from '../../protocol/protocol.ts'
import { decodeProposal } from '../../protocol/protocols.ts'
import { decodeInboxEvent, type InboxEvent } from '../../protocol/shasta/inboxEvents.ts'
import { isDistrusted, isOfInbox, type RollupSpec } from '../../spec/rollupSpec.ts'
import { l1FeeOf } from './l1Fee.ts'
import type { L1BlockEvent, L1Transaction } from './l1Source.ts'

/** Where on L1 something was said; the timestamp in seconds. */
export type At = { readonly number: bigint; readonly timestamp: bigint }

/** Of one proposal. */
export type Proof = At & {
  /** Of the fees of the transaction, an equal share for each proposal that it proved; null where its receipt is not at hand. */
  readonly feeWei: bigint | null
}

export type ForcedInclusion = {
  readonly blobHash: Hash
  readonly offset: number
  readonly savedAt: bigint
  /** Absent: saved before the range. */
  readonly saved?: { readonly at: At; readonly feeWei: bigint }
  outcome:
    | { readonly type: 'pending' | 'voided' }
    | {
        readonly type: 'included'
        readonly at: At
        readonly proposal: Pick<Proposal, 'id' | 'hash'>
        readonly sourceIndex: number
      }
}

export type Facts = {
  /** Of proposals of the inbox, by id. */
  readonly proven: ReadonlyMap<bigint, Proof>
  readonly forced: readonly ForcedInclusion[]
  /** Headers the chunks end with, by number; and the one before the range. */
  readonly ends: ReadonlyMap<number, { readonly hash: Hash; readonly timestamp: bigint }>
}

const WEI_PER_GWEI = 10n ** 9n

export function createFactFinder(spec: RollupSpec, chunkEnds: ReadonlySet<number>) {
  const proven = new Map<bigint, Proof>()
  const forced: ForcedInclusion[] = []
  const ends = new Map<number, { readonly hash: Hash; readonly timestamp: bigint }>()
  /** Oldest first, as the inbox's queue. */
  let pending: ForcedInclusion[] = []

  function include(proposal: Proposal, at: At): void {
    for (const [sourceIndex, { isForcedInclusion, blobSlice }] of proposal.sources.entries()) {
      if (!isForcedInclusion) continue
      const found = pending.find((each) => isOf(each, blobSlice)) ?? add(blobSlice)
      pending = pending.filter((each) => each !== found)
      found.outcome = {
        type: 'included',
        at,
        proposal: { id: proposal.id, hash: proposal.hash },
        sourceIndex,
      }
    }
  }

  function add(
    { blobHashes, offset, timestamp }: BlobSlice,
    saved?: ForcedInclusion['saved'],
  ): ForcedInclusion {
    const entry: ForcedInclusion = {
      blobHash: blobHashes[0] ?? ZERO_HASH,
      offset,
      savedAt: timestamp,
      ...(saved && { saved }),
      outcome: { type: 'pending' },
    }
    forced.push(entry)
    return entry
  }

  function noteEvent(event: InboxEvent, at: At, feeWei: bigint | null): void {
    switch (event.type) {
      case 'proved':
        // The inbox proves no more than was proposed.
        for (let id = event.firstNewProposalId; id <= event.lastProposalId; id++)
          if (!proven.has(id)) proven.set(id, { ...at, feeWei })
        return
      case 'stateRecovered':
        for (const id of proven.keys()) if (id > event.lastFinalizedProposalId) proven.delete(id)
        return
      case 'forcedInclusionSaved': {
        const { blobSlice, feeInGwei } = event
        pending.push(add(blobSlice, { at, feeWei: feeInGwei * WEI_PER_GWEI }))
        return
      }
      case 'forcedInclusionsVoided': {
        const voided = pending.splice(0, Number(event.newHead - event.oldHead))
        for (const entry of voided) entry.outcome = { type: 'voided' }
        return
      }
      default:
    }
  }

  function feeOf(block: L1BlockEvent['block'], transaction: L1Transaction | undefined): bigint | undefined {
    const fee = transaction && l1FeeOf(spec.l1.chainId, block, transaction)
    return fee?.blobFee == null ? undefined : fee.executionFee + fee.blobFee
  }

  return {
    /** `transactions`: what is at hand of the block's transactions; it takes those that prove. */
    note({ block, logs }: L1BlockEvent, transactions?: ReadonlyMap<Hash, L1Transaction>): void {
      const at: At = { number: block.number, timestamp: block.timestamp }
      if (chunkEnds.has(Number(block.number)))
        ends.set(Number(block.number), { hash: block.hash, timestamp: block.timestamp })
      const events = logs.map((log) => (log.address === spec.l1.inbox ? decodeInboxEvent(log) : null))
      const counts = countProven(logs, events)
      const shareOf = (hash: Hash): bigint | null => {
        const [fee, count = 0n] = [feeOf(block, transactions?.get(hash)), counts.get(hash)]
        return fee === undefined || count <= 0n ? null : fee / count
      }
      for (const [index, log] of logs.entries()) {
        const proposal = decodeProposal({ spec, log, l1Block: block })
        if (proposal !== null) {
          if (isOfInbox(proposal.fork)) include(proposal, at)
          continue
        }
        const event = events[index] ?? null
        if (event?.type === 'proved' && isDistrusted(spec, block)) continue
        if (event !== null) noteEvent(event, at, shareOf(log.transactionHash))
      }
    },
    facts: (): Facts => ({ proven, forced, ends }),
  }
}

/** How many proposals each transaction proved: one may bring several proofs. */
function countProven(
  logs: L1BlockEvent['logs'],
  events: readonly (InboxEvent | null)[],
): ReadonlyMap<Hash, bigint> {
  const counts = new Map<Hash, bigint>()
  for (const [index, { transactionHash }] of logs.entries()) {
    const event = events[index]
    if (event?.type !== 'proved') continue
    const count = event.lastProposalId - event.firstNewProposalId + 1n
    counts.set(transactionHash, (counts.get(transactionHash) ?? 0n) + count)
  }
  return counts
}

function isOf(entry: ForcedInclusion, { blobHashes, offset, timestamp }: BlobSlice): boolean {
  return entry.blobHash === blobHashes[0] && entry.offset === offset && entry.savedAt === timestamp
}
