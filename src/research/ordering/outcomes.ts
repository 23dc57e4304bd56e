/** What another order does to what happened: transactions that flip, value that moves, who earned it. */
import type { Address, Hash } from '../../primitives/hex.ts'
import { type Measure, type Measured, part } from './measure.ts'

export const OUTCOMES = ['succeeded', 'failed', 'not included'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** A range as it was executed in some order. */
export type Executed = {
  readonly outcomes: ReadonlyMap<Hash, Outcome>
  /** Why it is not in, by hash; absent where the rule never ordered it. */
  readonly refusals: ReadonlyMap<Hash, string>
  readonly blocks: readonly { readonly number: bigint; readonly hash: Hash; readonly stateRoot: Hash }[]
  /** Wei at the end of the range, of every account that the range changed. */
  readonly balances: ReadonlyMap<Address, bigint>
  /** Wei before the range, of accounts it may not have changed. */
  readonly balanceBefore: (address: Address) => Promise<bigint>
  /** Wei: tips and shared base fees of the blocks of each sequencer. */
  readonly revenue: ReadonlyMap<Address, bigint>
}

export type Flip = {
  readonly hash: Hash
  readonly from: Outcome
  readonly to: Outcome
  readonly reason?: string
}

export type Difference = {
  readonly flips: readonly Flip[]
  /** First block whose state is another; absent: none is. */
  readonly divergesAt?: bigint
  readonly endsInSameState: boolean
  /** Wei by account, largest first: balance at the end of the range less what it was on L1. */
  readonly moved: readonly { readonly address: Address; readonly wei: bigint }[]
}

export const EXECUTION_MEASURES = [
  { id: 'flips', unit: 'count', definition: 'Transactions with another outcome than on L1.' },
  { id: 'flips-to-failure', unit: 'count', definition: 'Succeeded on L1, fail here.' },
  { id: 'flips-to-success', unit: 'count', definition: 'Failed on L1, succeed here.' },
  { id: 'flips-out', unit: 'count', definition: 'In a block on L1, in none here.' },
  { id: 'flips-in', unit: 'count', definition: 'Listed on L1 but not executed there, in a block here.' },
  { id: 'revert-rate', unit: 'share', definition: 'Transactions that fail, of those that are in.' },
  {
    id: 'value-moved',
    unit: 'wei',
    definition: 'Sum of what accounts have more at the end of the range than on L1.',
  },
  { id: 'revenue', unit: 'wei', definition: 'Tips and shared base fees of all blocks.' },
  {
    id: 'max-share-revenue',
    unit: 'share',
    definition: 'Of the revenue, what the sequencer with most has.',
  },
] as const satisfies readonly Measure[]

/** `canonical` is the same range in L1's own order. */
export async function compareOutcomes(canonical: Executed, other: Executed): Promise<Difference> {
  const flips: Flip[] = []
  for (const [hash, from] of canonical.outcomes) {
    const to = other.outcomes.get(hash) ?? 'not included'
    const reason = other.refusals.get(hash)
    if (from !== to) flips.push({ hash, from, to, ...(reason !== undefined && { reason }) })
  }
  const differing = canonical.blocks.find(
    ({ stateRoot }, index) => other.blocks[index]?.stateRoot !== stateRoot,
  )
  return {
    flips,
    ...(differing && { divergesAt: differing.number }),
    endsInSameState: canonical.blocks.at(-1)?.stateRoot === other.blocks.at(-1)?.stateRoot,
    moved: await balanceChanges(canonical, other),
  }
}

async function balanceChanges(canonical: Executed, other: Executed): Promise<Difference['moved']> {
  const moved: { address: Address; wei: bigint }[] = []
  for (const address of new Set([...canonical.balances.keys(), ...other.balances.keys()])) {
    const balanceIn = async ({ balances, balanceBefore }: Executed) =>
      balances.get(address) ?? (await balanceBefore(address))
    const wei = (await balanceIn(other)) - (await balanceIn(canonical))
    if (wei !== 0n) moved.push({ address, wei })
  }
  return moved.sort((a, b) => {
    const [sizeA, sizeB] = [size(a.wei), size(b.wei)]
    return sizeA === sizeB ? (a.address < b.address ? -1 : 1) : sizeA > sizeB ? -1 : 1
  })
}

const size = (wei: bigint): bigint => (wei < 0n ? -wei : wei)

export function measureOutcomes(executed: Executed, { flips, moved }: Difference): Measured {
  const count = (matches: (flip: Flip) => boolean) => flips.filter(matches).length
  const outcomes = [...executed.outcomes.values()]
  const failed = outcomes.filter((outcome) => outcome === 'failed').length
  const included = outcomes.filter((outcome) => outcome !== 'not included').length
  const revenues = [...executed.revenue.values()]
  const revenue = revenues.reduce((sum, wei) => sum + wei, 0n)
  const most = revenues.reduce((best, wei) => (wei > best ? wei : best), 0n)
  return {
    flips: flips.length,
    'flips-to-failure': count(({ from, to }) => from === 'succeeded' && to === 'failed'),
    'flips-to-success': count(({ from, to }) => from === 'failed' && to === 'succeeded'),
    'flips-out': count(({ to }) => to === 'not included'),
    'flips-in': count(({ from }) => from === 'not included'),
    'revert-rate': part(failed, included),
    'value-moved': Number(moved.reduce((sum, { wei }) => (wei > 0n ? sum + wei : sum), 0n)),
    revenue: Number(revenue),
    'max-share-revenue': part(Number(most), Number(revenue)),
  }
}
