/**
 * L1 in this process: a forkable tree of real blocks with an inbox contract on every branch, served as an execution client, a
 * beacon node and a blob server. Nothing moves but by command (or by `runClock`), and one seed makes one chain.
 */
import { type Address, type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { ACCOUNTS } from './accounts.ts'
import { buildBlock, buildGenesis, contextAfter, GAS_LIMIT, type L1Block } from './block.ts'
import { type Branch, createBranch, type MineOptions } from './branch.ts'
import { createTransactions, type L1Transaction, type Transactions } from './calls.ts'
import type { WrapperVersion } from './decodeTransaction.ts'
import { createFace, type Face, type FaceOptions } from './face.ts'
import { BLOBS_PER_BLOCK_MAX } from './fees.ts'
import type { InboxProposal } from './inboxState.ts'
import { createMempool, type Mempool } from './mempool.ts'
import { createRandom, type Random } from './random.ts'
import { type ReorgOptions, type ReorgResult, reorganize } from './reorg.ts'
import { createSendMethods } from './rpcSend.ts'
import { OPEN_SCHEDULE, type ScheduleConfig } from './schedule.ts'
import { createTree, createView, type MovableView, numberOf, type Tree } from './tree.ts'

export type SimulatedL1Options = FaceOptions & {
  readonly seed: number | string
  readonly chainId?: bigint
  /** Seconds; a past moment, so that no clock is ever behind the chain. */
  readonly genesisTime?: bigint
  readonly secondsPerSlot?: bigint
  readonly inbox?: Address
  readonly signalService?: Address
  readonly l2GenesisHash?: Hash
  readonly basefeeSharingPctg?: number
  /** Seconds. */
  readonly forcedInclusionDelay?: bigint
  readonly forcedInclusionFeeGwei?: bigint
  readonly forcedInclusionFeeDoubleThreshold?: bigint
  readonly permissionlessInclusionMultiplier?: bigint
  readonly ringBufferSize?: bigint
  /** Default: anyone may propose. */
  readonly schedule?: ScheduleConfig
  readonly scheduleAddress?: Address
  readonly proofVerifier?: Address
  /** Wei at genesis, besides the well-known accounts' million ether each. */
  readonly balances?: Readonly<Record<Address, bigint>>
  /** How blobs come with transactions: 1, with cell proofs, as since Osaka; 0 before. Default 1. */
  readonly wrapper?: WrapperVersion
  /** Block 1 activates the inbox, as every chain's first event does. Default true. */
  readonly activate?: boolean
}

export type MineNextOptions = MineOptions & {
  /** Transactions of the pool that the block's proposer does not take. */
  readonly leavesOut?: (tx: L1Transaction) => boolean
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
    /** What was sent over RPC and is in no canonical block. */
    readonly mempool: Mempool
    /** A block with what the pool has for it. */
    mineNext(options?: MineNextOptions): L1Block
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

const MILLION_ETHER = 10n ** 24n
const WELL_KNOWN_BALANCES = Object.fromEntries(ACCOUNTS.map(({ address }) => [address, MILLION_ETHER]))

export function createSimulatedL1(options: SimulatedL1Options): SimulatedL1 {
  const config = {
    chainId: options.chainId ?? 31_337n,
    genesisTime: options.genesisTime ?? 1_700_000_000n,
    secondsPerSlot: options.secondsPerSlot ?? 12n,
    inbox: options.inbox ?? (`0x${'1b'.repeat(20)}` as Address),
    signalService: options.signalService ?? (`0x${'55'.repeat(20)}` as Address),
    l2GenesisHash: options.l2GenesisHash ?? ZERO_HASH,
    basefeeSharingPctg: options.basefeeSharingPctg ?? 75,
    forcedInclusionDelay: options.forcedInclusionDelay ?? 576n,
    forcedInclusionFeeGwei: options.forcedInclusionFeeGwei ?? 1_000_000n,
    forcedInclusionFeeDoubleThreshold: options.forcedInclusionFeeDoubleThreshold ?? 50n,
    permissionlessInclusionMultiplier: options.permissionlessInclusionMultiplier ?? 5n,
    ringBufferSize: options.ringBufferSize ?? 21_600n,
    schedule: options.schedule ?? OPEN_SCHEDULE,
    scheduleAddress: options.scheduleAddress ?? (`0x${'5c'.repeat(20)}` as Address),
    proofVerifier: options.proofVerifier ?? (`0x${'9f'.repeat(20)}` as Address),
    balances: { ...WELL_KNOWN_BALANCES, ...options.balances },
    wrapper: options.wrapper ?? (1 as const),
  }
  const random = createRandom(options.seed)
  const headerRandom = random.fork('headers')
  const transactions = createTransactions(config)
  const tree = createTree(buildGenesis(config, headerRandom))
  const view = createView(tree)
  const mempool = createMempool(view, { ...config, gasLimit: GAS_LIMIT })

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

  const selectNext = (
    own: readonly L1Transaction[],
    leavesOut: (tx: L1Transaction) => boolean = () => false,
  ): readonly L1Transaction[] => {
    const head = view.head()
    const { baseFee, blobBaseFee } = contextAfter(config, head, head.beacon.slot + 1)
    const gasLeft = own.reduce((left, { gas }) => left - gas, GAS_LIMIT)
    const blobsLeft = own.reduce((left, { blobs }) => left - blobs.length, BLOBS_PER_BLOCK_MAX)
    return mempool.select({ accounts: head.accounts, baseFee, blobBaseFee, gasLeft, blobsLeft, leavesOut })
  }
  const canonical = growBranch(view.head, view.setHead)
  const methods = createSendMethods({ view, config, pool: mempool, next: () => selectNext([]) })

  const l1: SimulatedL1 = {
    ...canonical,
    ...createFace({ view, config, options, sending: { pool: mempool, methods } }),
    mempool,
    mineNext: ({ missedSlots = 0, transactions: own = [], leavesOut } = {}) =>
      canonical.mine({ missedSlots, transactions: [...own, ...selectNext(own, leavesOut)] }),
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
    reorg: (reorg) => {
      const result = reorganize({ view, fork, setHead, random, options: reorg })
      if (reorg.forgets === true)
        mempool.forget(result.removed.flatMap((block) => block.transactions.map(({ hash }) => hash)))
      return result
    },
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
