/**
 * The window's blocks against its list, when the window is over: FOCIL's conditional rule (promise/inclusionRule.ts) at the end of the
 * last block of the window. L1 says which blocks those are; while it has not yet, the preconfirmed ones give a first answer.
 */
import type { ChainReader, StoredProposal } from '../../chain/chain.ts'
import type { L1, L1Header, L1Position } from '../../l1/l1.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { judgeListed, type ListedDeps, type WindowBlocks } from './judgeListed.ts'
import type { ListWindow } from './record.ts'
import type { ListVerdict, VerdictFinality } from './verdict.ts'

export type JudgeDeps = ListedDeps & {
  readonly spec: Pick<RollupSpec, 'l1' | 'l2'>
  readonly chain: ChainReader
  readonly l1: Pick<L1, 'ancestor' | 'status'>
  /** Up to which L1 block everything is derived. */
  readonly cursor: () => L1Position | undefined
  readonly schedule: Pick<Schedule, 'currentSlot'>
}

/**
 * Proposals looked at for one window, from the newest derived one back. One L1 block has a few at most, and a window is judged when it is
 * over: more means that the node was away for weeks.
 */
const PROPOSALS_MAX = 20_000

/** Older L1 blocks are not walked back to. l1/ancestry.ts, ANCESTOR_DEPTH_MAX. */
const L1_DEPTH_MAX = 8192n

export type Boundary = { readonly hash: Hash; readonly lastBlock: bigint }

type FoundBlocks = Pick<WindowBlocks, 'runs'> & {
  /** Absent when there is none. */
  readonly last?: WindowBlocks['last']
  /** Newest proposal that landed by the window's end, whoever's. Proposals are a hash chain: while it stays, all this stays. */
  readonly boundary?: Boundary
}

export type Judgement = { readonly verdict: ListVerdict; readonly boundary?: Boundary }

export async function judgeWindow(
  deps: JudgeDeps,
  window: ListWindow,
  transactions: readonly Uint8Array[],
): Promise<Judgement> {
  const finality = await readFinality(deps, window)
  if (finality === undefined) return { verdict: { type: 'pending' } }
  const blocks = await readWindowBlocks(deps, window, finality)
  const { last, boundary } = blocks
  const verdict: ListVerdict =
    last !== undefined
      ? await judgeBlocks(deps, { window, finality, blocks: { ...blocks, last }, transactions })
      : finality === 'preconfirmed'
        ? { type: 'pending' }
        : { type: 'noBlocks', finality }
  return { verdict, ...(boundary && finality !== 'preconfirmed' && { boundary }) }
}

async function judgeBlocks(
  deps: JudgeDeps,
  input: {
    readonly window: ListWindow
    readonly finality: VerdictFinality
    readonly blocks: WindowBlocks
    readonly transactions: readonly Uint8Array[]
  },
): Promise<ListVerdict> {
  const { window, finality, blocks } = input
  const { number, hash } = blocks.last
  // State is kept by block number: what was read, or not found, while a reorg replaced the block may be of another.
  const assertSame = async () => {
    if ((await deps.chain.headerByNumber(number))?.hash !== hash)
      throw new TemporaryError(`block ${number} was replaced while its window was judged`)
  }
  const outcomes = await judgeListed(deps, blocks, input.transactions).catch(async (error) => {
    await assertSame()
    throw error
  })
  await assertSame()
  if (outcomes === undefined)
    return { type: 'unjudged', finality, reason: `the state after block ${number} is no longer kept here` }
  const judged = { finality, outcomes, lastBlock: { number, hash } }
  if (outcomes.every(({ outcome }) => outcome.type !== 'violated')) return { type: 'satisfied', ...judged }
  const slot = finality === 'preconfirmed' || !window.isNamed ? 'taken' : await readSlot(deps, window)
  if (slot === 'unknown')
    return { type: 'unjudged', finality, reason: 'too long ago to tell whether the L1 slot was missed' }
  return { type: slot === 'missed' ? 'slotMissed' : 'violated', ...judged }
}

/** How firmly the window can be judged now; undefined while it runs, and while nothing can be said of what L1 brought in it. */
export async function readFinality(
  { l1, cursor, schedule }: JudgeDeps,
  { windowEnd, lastSlot }: ListWindow,
): Promise<VerdictFinality | undefined> {
  const derived = await readDerived({ l1, cursor })
  if (derived === undefined) return undefined
  const { head, finalized } = l1.status()
  if (derived.timestamp < windowEnd) {
    // What is on L1 already must be derived first: it may hold what the blocks known so far leave out.
    if (head !== undefined && head.number > derived.number) return undefined
    return (await schedule.currentSlot()) > lastSlot ? 'preconfirmed' : undefined
  }
  if (finalized === undefined) return 'landed'
  const [later, earlier] = finalized.number > derived.number ? [finalized, derived] : [derived, finalized]
  if (later.number - earlier.number > L1_DEPTH_MAX) return 'landed'
  const common = await l1.ancestor(later, earlier.number)
  return common.hash === earlier.hash && common.timestamp >= windowEnd ? 'final' : 'landed'
}

async function readDerived({ l1, cursor }: Pick<JudgeDeps, 'l1' | 'cursor'>): Promise<L1Header | undefined> {
  const position = cursor()
  return position && l1.ancestor(position, position.number)
}

/** Whether a judgement by L1's blocks still stands: no other proposal landed by the window's end. */
export async function isBoundary(
  chain: ChainReader,
  { windowEnd }: ListWindow,
  boundary: Boundary,
): Promise<boolean> {
  const proposal = await proposalOf(chain, boundary.lastBlock)
  if (proposal?.hash !== boundary.hash) return false
  const next = await proposalOf(chain, boundary.lastBlock + 1n)
  return next === undefined || next.timestamp > windowEnd
}

export async function readWindowBlocks(
  deps: Pick<JudgeDeps, 'spec' | 'chain'>,
  window: ListWindow,
  finality: VerdictFinality,
): Promise<FoundBlocks> {
  const { chain, spec } = deps
  const start = spec.l1.genesisTime + window.firstSlot * spec.l1.secondsPerSlot
  const { safe } = chain.heads()
  const runs: { first: bigint; last: bigint }[] = []
  if (finality === 'preconfirmed') {
    const last = await findPreconfirmed(chain, window.windowEnd)
    if (last !== undefined) runs.push({ first: safe.number + 1n, last })
  }
  let boundary: Boundary | undefined
  let at = safe.number
  for (let seen = 0; seen < PROPOSALS_MAX; seen++) {
    const proposal = await proposalOf(chain, at)
    if (proposal === undefined) break
    if (proposal.timestamp <= window.windowEnd)
      boundary ??= { hash: proposal.hash, lastBlock: proposal.lastBlock }
    if (proposal.timestamp < start) break
    if (isOfWindow(proposal, window)) runs.push({ first: proposal.firstBlock, last: proposal.lastBlock })
    at = proposal.firstBlock - 1n
  }
  const number = runs[0]?.last
  if (number === undefined) return { runs, ...(boundary && { boundary }) }
  const last = await chain.headerByNumber(number)
  if (last === undefined)
    throw new TemporaryError(`block ${number} was taken away while its window was judged`)
  return { runs, last: { number, ...last }, ...(boundary && { boundary }) }
}

/** Undefined for genesis. */
async function proposalOf(chain: ChainReader, blockNumber: bigint): Promise<StoredProposal | undefined> {
  const origin = await chain.origin(blockNumber)
  return origin && chain.proposal(origin.proposalId, blockNumber)
}

function isOfWindow(proposal: StoredProposal, { windowEnd, isNamed }: ListWindow): boolean {
  if (isNamed || proposal.windowEnd !== undefined) return proposal.windowEnd === windowEnd
  return proposal.timestamp <= windowEnd
}

/** Highest block after `safe` that was made for the window, by its time; nothing on the chain names a window before it lands. */
async function findPreconfirmed(chain: ChainReader, windowEnd: bigint): Promise<bigint | undefined> {
  const { safe, latest } = chain.heads()
  for (let number = latest.number; number > safe.number; number--) {
    const found = await chain.headerByNumber(number)
    if (found !== undefined && found.header.timestamp <= windowEnd) return number
  }
  return undefined
}

/** Whether L1 has a block at the window's last slot, the committer's own. */
async function readSlot(
  { l1, cursor }: JudgeDeps,
  { windowEnd }: ListWindow,
): Promise<'taken' | 'missed' | 'unknown'> {
  let block = await readDerived({ l1, cursor })
  if (block === undefined) return 'unknown'
  const oldest = block.number - L1_DEPTH_MAX
  while (block.timestamp > windowEnd) {
    if (block.number === 0n || block.number === oldest) return 'unknown'
    block = await l1.ancestor({ number: block.number - 1n, hash: block.parentHash }, block.number - 1n)
  }
  return block.timestamp === windowEnd ? 'taken' : 'missed'
}
