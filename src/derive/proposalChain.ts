/** Proposals of an inbox are a chain: ids without gaps, and each names the hash of the one before. D-4. */
import type { StoredProposal } from '../chain/chain.ts'
import { CriticalError } from '../primitives/errors.ts'
import type { Proposal } from '../protocol/protocol.ts'
import { isOfInbox } from '../spec/rollupSpec.ts'

/** The inbox follows rules that this version does not have. */
export class UnknownForkError extends CriticalError {
  override readonly name = 'UnknownForkError'
}

/**
 * Throws an UnknownForkError unless the proposal follows `newest`, the one derived last. Its log is proven by a receipt, so this is no
 * provider's doing: a struct with another field, for one, is hashed otherwise.
 */
export function assertFollows(
  newest: Pick<StoredProposal, 'id' | 'hash' | 'fork'> | undefined,
  proposal: Proposal,
): void {
  if (newest === undefined || !isOfInbox(proposal.fork) || !isOfInbox(newest.fork)) return
  const { id, parentHash, l1 } = proposal
  if (newest.id + 1n === id && newest.hash === parentHash) return
  throw new UnknownForkError(
    `proposal ${id} (L1 transaction ${l1.transactionHash}, block ${l1.blockNumber}) builds on ${parentHash}, but the proposal before it ` +
      `is ${newest.id} and hashes to ${newest.hash} here. The inbox follows rules that this version does not have, and proposal ` +
      `${newest.id} may be derived wrongly already: install a newer release, and let it derive the chain anew`,
  )
}
