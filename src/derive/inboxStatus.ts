/** What an inbox has said lately beside its proposals, for the status of a node. Of this process only: a restart begins anew. */
import type { Address, Hash } from '../primitives/hex.ts'
import type { InboxNote } from './deriveStep.ts'
import type { ProvenItem } from './inboxItems.ts'

type Said = { readonly l1Block: bigint; readonly transactionHash: Hash }

/** The newest of each kind. */
export type InboxStatus = {
  readonly proof?: Said & {
    readonly firstProposalId: bigint
    readonly lastProposalId: bigint
    readonly claim: ProvenItem['claim']['type']
    /** Proposals whose ends were compared with those derived here, and are the same. */
    readonly compared: number
  }
  readonly recovery?: Said & { readonly lastFinalizedProposalId: bigint }
  /** Entries `from` to before `to` of the queue. */
  readonly voided?: Said & { readonly from: bigint; readonly to: bigint }
  readonly upgrade?: Said & { readonly implementation: Address }
}

export function noteInbox(status: InboxStatus, notes: readonly InboxNote[]): InboxStatus {
  return Object.assign({}, status, ...notes.map(statusOf))
}

function statusOf({ item, compared = 0 }: InboxNote): InboxStatus {
  switch (item.type) {
    case 'proved': {
      const { type: _, firstNewProposalId: __, claim, ...proof } = item
      return { proof: { ...proof, claim: claim.type, compared } }
    }
    case 'recovered': {
      const { l1Block, transactionHash, lastFinalizedProposalId } = item
      return { recovery: { l1Block, transactionHash, lastFinalizedProposalId } }
    }
    case 'forcedInclusionsVoided': {
      const { type: _, ...voided } = item
      return { voided }
    }
    case 'upgraded': {
      const { type: _, ...upgrade } = item
      return { upgrade }
    }
  }
}

/** What an operator should know of the newest proof, in sentences. */
export function inboxWarnings({ proof }: InboxStatus): readonly string[] {
  if (proof?.claim === 'indirect')
    return [
      `the newest proof (L1 transaction ${proof.transactionHash}) came by way of another contract, so that it cannot be compared`,
    ]
  if (proof?.claim === 'distrusted')
    return [`the newest proof (L1 block ${proof.l1Block}) is held for false, so that executable stays behind`]
  return []
}
