/** A range of proposals, several at once and told in order, up to the first that differs. */
import { type PrepareDeps, prepareProposal } from '../../derive/prepare.ts'
import type { L1 } from '../../l1/l1.ts'
import { prefetch } from '../../primitives/async.ts'
import type { L1BlockRef, Proposal } from '../../protocol/protocol.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { ProposalRange } from './readProposals.ts'
import type { Replayer } from './replayer.ts'
import type { ReplayDeps, ReplayedProposal } from './replayProposal.ts'

export type ReplayedInRange = { readonly proposal: Proposal; readonly replayed: ReplayedProposal }

/** Blobs of one proposal more than can be worked at are fetched ahead. */
export async function* replayRange(input: {
  readonly spec: RollupSpec
  readonly l1: Pick<L1, 'ancestor' | 'blobs' | 'transaction'>
  readonly range: ProposalRange
  readonly pool: Replayer
  /** Proposals under way at once. */
  readonly parallel: number
  readonly isDone: (id: bigint) => boolean
  readonly signal: AbortSignal
}): AsyncGenerator<ReplayedInRange> {
  const { spec, l1, range, pool, isDone, signal } = input
  // Senders are recovered where the proposal is executed.
  const deps: PrepareDeps = { spec, l1, signal, engine: { recoverSenders: async () => [] } }
  const open = range.proposals.filter(({ id }) => !isDone(id))

  async function* start() {
    for (const proposal of open) {
      const { sources } = await prepareProposal(deps, proposal)
      const proven = range.proven.get(proposal.id)
      const result = pool.run({ proposal, sources, ...(proven && { proven }) })
      // It is thrown where its turn comes.
      result.catch(() => {})
      yield { proposal, result }
    }
  }

  for await (const { proposal, result } of prefetch(start(), input.parallel + 1)) {
    const replayed = await result
    yield { proposal, replayed }
    if (replayed.difference) return
  }
}

/** Looks the anchor blocks up in L1. */
export function anchorsOf(l1: Pick<L1, 'ancestor'>, signal: AbortSignal): ReplayDeps['anchorBlock'] {
  return async (proposal, wanted): Promise<L1BlockRef> => {
    const origin = { number: proposal.originBlockNumber, hash: proposal.originBlockHash }
    const { number, hash, parentHash, timestamp, stateRoot } = await l1.ancestor(origin, wanted, signal)
    return { number, hash, parentHash, timestamp, stateRoot }
  }
}
