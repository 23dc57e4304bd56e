/** A tip that grows by blocks. */
import { type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import type { L1Block } from './block.ts'
import type {
  L1Transaction,
  ProposeOptions,
  ProveOptions,
  SaveForcedInclusionOptions,
  Transactions,
} from './calls.ts'
import { findProposal, type InboxProposal } from './inboxState.ts'

export type MineOptions = {
  /** Slots left empty before this block. */
  readonly missedSlots?: number
  readonly transactions?: readonly L1Transaction[]
}
type InBlock = {
  readonly missedSlots?: number
  /** Other transactions of the block, before and after. */
  readonly before?: readonly L1Transaction[]
  readonly after?: readonly L1Transaction[]
}

/** A tip that grows. The canonical chain is one; `fork` makes others. */
export type Branch = {
  tip(): L1Block
  mine(options?: MineOptions): L1Block
  /** Throws, like the other two, if the contract reverts; `mine` with the transaction keeps a reverted one. */
  propose(options: ProposeOptions & InBlock): {
    readonly block: L1Block
    readonly proposal: InboxProposal
    readonly hash: Hash
  }
  saveForcedInclusion(options: SaveForcedInclusionOptions & InBlock): L1Block
  /** Everything proposed so far, unless told otherwise. */
  prove(options?: Partial<ProveOptions> & InBlock): L1Block
}

export function createBranch(deps: {
  readonly tip: () => L1Block
  readonly transactions: Transactions
  /** The child of the tip. */
  readonly build: (transactions: readonly L1Transaction[], missedSlots: number) => L1Block
  /** Makes it the tip. */
  readonly append: (block: L1Block) => void
}): Branch {
  const { tip, transactions } = deps
  const mine: Branch['mine'] = ({ missedSlots = 0, transactions: mined = [] } = {}) => {
    const block = deps.build(mined, missedSlots)
    deps.append(block)
    return block
  }
  const mineAround = (transaction: L1Transaction, { missedSlots = 0, before = [], after = [] }: InBlock) => {
    const block = mine({ missedSlots, transactions: [...before, transaction, ...after] })
    const reverted = block.reverts.get(before.length)
    if (reverted !== undefined) throw new Error(`${transaction.call.type} reverted: ${reverted}`)
    return block
  }
  return {
    tip,
    mine,
    propose: (options) => {
      const block = mineAround(transactions.propose(options), options)
      const { proposal, hash } = block.inbox.proposals!
      return { block, proposal, hash }
    },
    saveForcedInclusion: (options) => mineAround(transactions.saveForcedInclusion(options), options),
    prove: (options = {}) => {
      const { inbox } = tip()
      const lastProposalId = options.lastProposalId ?? inbox.proposals?.proposal.id ?? 0n
      const lastProposalHash =
        options.lastProposalHash ?? findProposal(inbox, lastProposalId)?.hash ?? ZERO_HASH
      return mineAround(transactions.prove({ ...options, lastProposalId, lastProposalHash }), options)
    },
  }
}
