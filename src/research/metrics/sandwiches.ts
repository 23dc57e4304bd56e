/** Candidates for sandwiches: a victim’s swap between two opposite ones of one address, in one pool and block. */
import type { Row, Value } from '../dataset/column.ts'
import { groupRows, optionalText, textOf } from './fields.ts'
import type { Metric } from './metric.ts'
import { readSwap, type Swap } from './swaps.ts'

/** Front and back of a strict candidate move amounts this close: 1 %. */
const STRICT_TOLERANCE = 100n

type PlacedSwap = Swap & { readonly sender: string; readonly target: string }

type Candidate = {
  readonly block: number
  readonly front: PlacedSwap
  readonly victim: PlacedSwap
  readonly back: PlacedSwap
  /** What the back sells is within 1 % of what the front bought. */
  readonly isStrict: boolean
  /** Why it is more likely something else; absent if no filter applies. */
  readonly filter?: string
}

export const sandwiches: Metric = {
  id: 'sandwiches',
  title: 'Sandwich candidates',
  definition:
    'In one block and one pool: a front swap, a victim’s swap in the same direction and a back swap in the opposite one, in this order of the block, in three transactions; front and back come from one address or call one contract, ' +
    'the victim comes from another address and calls another contract. Strict: what the back sells is within 1 % of what the front bought. Filtered as likely false: front and back call the contract that the victim calls (a router ' +
    'everyone uses); the address that stands for the attacker swaps in the pool more than twice in the block (a market maker or arbitrageur); the front’s sender gets back less than it put in. ' +
    'These are candidates, not accusations: on networks with a private mempool most naive ones are false.',
  source:
    'EigenPhi’s rule; strict profile of Frontrunner-Jones; filters after Gogol and Schneider (2026) and arXiv 2405.00138',
  tables: ['logs', 'transactions'],
  compute({ rows }) {
    // A transaction that was listed again and dropped says nothing of its sender.
    const executed = rows('transactions').filter((row) => row.success !== null)
    const callers = new Map(executed.map((row) => [optionalText(row, 'transaction_hash'), row]))
    const candidates = [
      ...groupRows(rows('logs'), (row) => `${row.block_number} ${row.address}`).values(),
    ].flatMap((logs) => findInPool(Number(logs[0]?.block_number), placeSwaps(logs, callers)))
    const unfiltered = candidates.filter(({ filter }) => filter === undefined)
    return {
      values: [
        { id: 'sandwich-candidates', title: 'Candidates', unit: 'count', value: candidates.length },
        {
          id: 'sandwich-unfiltered',
          title: 'Candidates that no filter explains',
          unit: 'count',
          value: unfiltered.length,
        },
        {
          id: 'sandwich-strict',
          title: 'Strict candidates that no filter explains',
          unit: 'count',
          value: unfiltered.filter(({ isStrict }) => isStrict).length,
        },
      ],
      tables: [
        {
          id: 'sandwich-candidates',
          title: 'Each candidate',
          columns: ['block', 'pool', 'front', 'victim', 'back', 'strict', 'filter'].map((name) => ({
            name,
            unit: '',
          })),
          rows: candidates.map(({ block, front, victim, back, isStrict, filter }): readonly Value[] => [
            block,
            front.pool,
            front.transactionHash,
            victim.transactionHash,
            back.transactionHash,
            isStrict,
            filter ?? null,
          ]),
        },
      ],
    }
  },
}

function placeSwaps(logs: readonly Row[], callers: ReadonlyMap<string | null, Row>): readonly PlacedSwap[] {
  return logs
    .flatMap((log) => {
      const swap = readSwap(log)
      const caller = swap && callers.get(swap.transactionHash)
      if (!caller) return []
      return [
        { ...swap, sender: textOf(caller, 'from_address'), target: optionalText(caller, 'to_address') ?? '' },
      ]
    })
    .sort((a, b) => a.logIndex - b.logIndex)
}

/** For each front and victim the first back that closes it. */
function findInPool(block: number, swaps: readonly PlacedSwap[]): readonly Candidate[] {
  return swaps.flatMap((front, at) => {
    const victimAt = swaps.findIndex((victim, index) => index > at && isVictim(front, victim))
    const victim = swaps[victimAt]
    const back = swaps.find((each, index) => index > victimAt && isBack(front, each, victim))
    if (victim === undefined || back === undefined) return []
    const filter = explain(front, victim, back, swaps)
    return [
      {
        block,
        front,
        victim,
        back,
        isStrict: isWithinTolerance(back.amountIn, front.amountOut),
        ...(filter && { filter }),
      },
    ]
  })
}

const isVictim = (front: PlacedSwap, other: PlacedSwap): boolean =>
  other.transactionHash !== front.transactionHash &&
  other.sender !== front.sender &&
  other.isZeroForOne === front.isZeroForOne

const isBack = (front: PlacedSwap, other: PlacedSwap, victim: PlacedSwap | undefined): boolean =>
  other.transactionHash !== front.transactionHash &&
  other.transactionHash !== victim?.transactionHash &&
  other.isZeroForOne !== front.isZeroForOne &&
  (other.sender === front.sender || (other.target === front.target && front.target !== ''))

function explain(
  front: PlacedSwap,
  victim: PlacedSwap,
  back: PlacedSwap,
  swaps: readonly PlacedSwap[],
): string | undefined {
  if (front.sender !== back.sender && front.target === victim.target) return 'a router everyone uses'
  if (swaps.filter(({ sender }) => sender === front.sender).length > 2) return 'swaps more than twice'
  if (back.amountOut < front.amountIn) return 'gets back less than it put in'
  return undefined
}

function isWithinTolerance(a: bigint, b: bigint): boolean {
  const difference = a > b ? a - b : b - a
  return difference * STRICT_TOLERANCE <= b
}
