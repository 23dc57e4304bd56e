/** `based_orderingProvider`: who ordered a block, and by which right. From what derivation stored, and the kind of the schedule. */
import type { BlockOrigin, ChainReader, StoredProposal, StoredSource } from '../../chain/chain.ts'
import { defined } from '../../primitives/assert.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import { toQuantity } from '../../primitives/hex.ts'
import type { Schedule, ScheduleKind } from '../../schedule/schedule.ts'
import { isOfInbox, type RollupSpec } from '../../spec/rollupSpec.ts'
import type { Json } from '../json.ts'

/**
 * `overdue`: a forced inclusion had waited so long that anyone might propose. `unknown`: an older fork, another schedule, or L1
 * is not to be reached now.
 */
type Right = 'open' | 'whitelist' | 'lookahead' | 'fallback' | 'overdue' | 'unknown'

export type OrderingDeps = {
  readonly spec: Pick<RollupSpec, 'l1'>
  readonly chain: ChainReader
  readonly schedule?: Schedule
}

/** Null for a block that the chain does not have, or that no proposal made (genesis). */
export async function orderingProviderJson(deps: OrderingDeps, number: bigint): Promise<Json | null> {
  const { chain, spec } = deps
  const block = await chain.headerByNumber(number)
  if (block === undefined) return null
  const place = { blockNumber: toQuantity(number), blockHash: block.hash }
  const origin = await chain.origin(number)
  if (origin === undefined) return number > chain.heads().safe.number ? { ...place, derived: false } : null
  const proposal = defined(await chain.proposal(origin.proposalId, number), `proposal ${origin.proposalId}`)
  const source = defined(proposal.sources[origin.sourceIndex], `source ${origin.sourceIndex}`)
  const { windowEnd } = proposal
  return {
    ...place,
    derived: true,
    proposalId: toQuantity(proposal.id),
    proposer: proposal.proposer,
    right: await rightOf(deps, proposal),
    /** Of the L1 block that took the proposal. */
    slot: toQuantity(slotAt(spec, proposal.timestamp)),
    l1Block: { number: toQuantity(proposal.l1.blockNumber), hash: proposal.l1.blockHash },
    /** The proposer's window ended with its own L1 slot. */
    window:
      windowEnd === undefined
        ? null
        : { lastSlot: toQuantity(slotAt(spec, windowEnd)), end: toQuantity(windowEnd) },
    /** The block's content was queued on L1 by somebody else than the proposer, who had to take it. */
    forcedInclusion: await forcedJson(deps, origin, source),
  }
}

async function rightOf({ schedule }: OrderingDeps, proposal: StoredProposal): Promise<Right> {
  if (proposal.windowEnd !== undefined) return 'lookahead'
  // Older inboxes asked other contracts than the one there is now.
  if (schedule === undefined || !isOfInbox(proposal.fork)) return 'unknown'
  try {
    if (await wasOverdue(schedule, proposal)) return 'overdue'
    const kind: ScheduleKind = await schedule.kind()
    return kind === 'lookahead' ? 'fallback' : kind
  } catch (error) {
    if (!(error instanceof TemporaryError)) throw error
    return 'unknown'
  }
}

/** The inbox asks no schedule when the oldest forced inclusion of a proposal is overdue. */
async function wasOverdue(schedule: Schedule, proposal: StoredProposal): Promise<boolean> {
  const savedAt = proposal.sources[0]?.savedAt
  return (
    savedAt !== undefined && proposal.timestamp > (await schedule.inclusionDeadlines(savedAt)).overdueAfter
  )
}

async function forcedJson(
  { schedule }: OrderingDeps,
  origin: BlockOrigin,
  source: StoredSource,
): Promise<Json | null> {
  if (!origin.isForcedInclusion) return null
  const deadlines =
    source.savedAt === undefined
      ? undefined
      : await schedule?.inclusionDeadlines(source.savedAt).catch((error) => {
          if (error instanceof TemporaryError) return undefined
          throw error
        })
  return {
    blobs: source.blobHashes,
    savedAt: source.savedAt === undefined ? null : toQuantity(source.savedAt),
    dueAt: deadlines === undefined ? null : toQuantity(deadlines.dueAt),
  }
}

function slotAt({ l1 }: Pick<RollupSpec, 'l1'>, timestamp: bigint): bigint {
  // Rounds down: a development L1 may be a second off its slots.
  return (timestamp - l1.genesisTime) / l1.secondsPerSlot
}
