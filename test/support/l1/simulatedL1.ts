/**
 * L1 in this process: a forkable tree of real blocks with an inbox contract on every branch, served as an execution client, a
 * beacon node and a blob server. Nothing moves but by command, and one seed makes one chain.
 */
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { buildBlock, buildGenesis, type L1Block } from './block.ts'
import { type Branch, createBranch } from './branch.ts'
import { createTransactions, type Transactions } from './calls.ts'
import { createFace, type Face, type FaceOptions } from './face.ts'
import type { InboxProposal } from './inboxState.ts'
import { createRandom, type Random } from './random.ts'
import { type ReorgOptions, type ReorgResult, reorganize } from './reorg.ts'
import { createTree, createView, type MovableView, numberOf, type Tree } from './tree.ts'

export type SimulatedL1Options = FaceOptions & {
  readonly seed: number | string
  readonly chainId?: bigint
  /** Seconds; a past moment, so that no clock is ever behind the chain. */
  readonly genesisTime?: bigint
  readonly secondsPerSlot?: bigint
  readonly inbox?: Address
  readonly signalService?: Address
  readonly basefeeSharingPctg?: number
  /** Seconds. */
  readonly forcedInclusionDelay?: bigint
  readonly forcedInclusionFeeGwei?: bigint
  /** Block 1 activates the inbox, as every chain's first event does. Default true. */
  readonly activate?: boolean
}

export type Snapshot = { readonly head: Hash; readonly safe: Hash; readonly finalized: Hash }

export type SimulatedL1 = Branch &
  Face & {
    readonly config: Readonly<Required<Omit<SimulatedL1Options, keyof FaceOptions | 'seed' | 'activate'>>>
    readonly faceOptions: FaceOptions
    readonly tree: Tree
    readonly view: MovableView
    readonly random: Random
    /** Signed transactions that any branch can include. */
    readonly transactions: Transactions
    head(): L1Block
    /** Canonical block; throws if there is none. */
    blockAt(number: number): L1Block
    /** Proposals of the canonical branch, oldest first, without the activation's. */
    proposals(): readonly InboxProposal[]
    /** Another branch from a canonical block. It becomes canonical with `setHead(branch.tip().hash)`. */
    fork(atNumber: number): Branch
    reorg(options: ReorgOptions): ReorgResult
    /** Makes any known block the head. Throws if that would undo the finalized block, unless forced. */
    setHead(hash: Hash, options?: { readonly force?: boolean }): void
    setSafe(number: number): void
    setFinalized(number: number): void
    snapshot(): Snapshot
    restore(snapshot: Snapshot): void
  }

export function createSimulatedL1(options: SimulatedL1Options): SimulatedL1 {
  const config = {
    chainId: options.chainId ?? 31_337n,
    genesisTime: options.genesisTime ?? 1_700_000_000n,
    secondsPerSlot: options.secondsPerSlot ?? 12n,
    inbox: options.inbox ?? (`0x${'1b'.repeat(20)}` as Address),
    signalService: options.signalService ?? (`0x${'55'.repeat(20)}` as Address),
    basefeeSharingPctg: options.basefeeSharingPctg ?? 75,
    forcedInclusionDelay: options.forcedInclusionDelay ?? 576n,
    forcedInclusionFeeGwei: options.forcedInclusionFeeGwei ?? 1_000_000n,
  }
  const random = createRandom(options.seed)
  const headerRandom = random.fork('headers')
  const transactions = createTransactions(config)
  const tree = createTree(buildGenesis(config, headerRandom))
  const view = createView(tree)

  const growBranch = (tip: () => L1Block, advance: (block: L1Block) => void): Branch =>
    createBranch({
      tip,
      transactions,
      append: (block) => {
        tree.add(block)
        advance(block)
      },
      build: (mined, missedSlots) => buildBlock(config, tip(), mined, missedSlots, headerRandom),
    })

  const known = (hash: Hash): L1Block => {
    const block = tree.block(hash)
    if (block === undefined) throw new RangeError(`no block ${hash}`)
    return block
  }
  const blockAt = (number: number): L1Block => {
    const block = view.at(number)
    if (block === undefined) throw new RangeError(`no canonical block ${number}`)
    return block
  }
  const isAncestor = (ancestor: L1Block, block: L1Block): boolean => {
    let at = block
    while (numberOf(at) > numberOf(ancestor)) at = known(at.header.parentHash)
    return at === ancestor
  }
  const setHead = (hash: Hash, { force = false } = {}): void => {
    const block = known(hash)
    const keepsFinalized = isAncestor(view.finalized(), block)
    if (!keepsFinalized && !force) throw new RangeError('this head would undo the finalized block')
    const before = view.finalized()
    view.setHead(block)
    // A consensus failure: what counts as final falls back to what both branches share.
    let shared = before
    while (!view.isCanonical(shared)) shared = known(shared.header.parentHash)
    if (shared !== before) view.setFinalized(shared)
    if (!view.isCanonical(view.safe())) view.setSafe(view.finalized())
  }
  const fork = (atNumber: number): Branch => {
    let tip = blockAt(atNumber)
    return growBranch(
      () => tip,
      (block) => {
        tip = block
      },
    )
  }

  const l1: SimulatedL1 = {
    ...growBranch(view.head, view.setHead),
    ...createFace({ view, config, options }),
    config,
    faceOptions: options,
    tree,
    view,
    random,
    transactions,
    head: view.head,
    blockAt,
    proposals: () => {
      const found: InboxProposal[] = []
      for (let at = view.head().inbox.proposals; at?.previous !== undefined; at = at.previous)
        found.push(at.proposal)
      return found.reverse()
    },
    fork,
    reorg: (reorg) => reorganize({ view, fork, setHead, random, options: reorg }),
    setHead,
    setSafe: (number) => view.setSafe(blockAt(number)),
    setFinalized: (number) => view.setFinalized(blockAt(number)),
    snapshot: () => ({ head: view.head().hash, safe: view.safe().hash, finalized: view.finalized().hash }),
    restore: (snapshot) => {
      view.setHead(known(snapshot.head))
      view.setFinalized(known(snapshot.finalized))
      view.setSafe(known(snapshot.safe))
    },
  }
  if (options.activate !== false) l1.mine({ transactions: [transactions.activate()] })
  return l1
}
