/** An analysis as text: each cell, the matched comparisons, and what they do not say. */
import { textTable } from '../textTable.ts'
import type { Analysis } from './analyse.ts'
import { type CellStatistics, type ClockStatistics, type Percentile, watchedClocks } from './cells.ts'
import { CLASS_DEFINITIONS, ENTRY_DEFINITIONS } from './classes.ts'
import type { Comparison } from './compare.ts'
import { LOOK_GAP_MAX_MS } from './outcome.ts'
import { type Cell, cellsOf } from './plan.ts'

/** Fewer in a cell are not enough for its percentiles. */
export const CELL_MIN = 30
const WEI_PER_GWEI = 10n ** 9n

export const DEFINITIONS = [
  'Times are from just before the request to the first look that found the transaction at that clock, by the clock of this machine: up to the time between two looks too long. answered: the entry point’s answer, which for preconf is the signed promise; queued: in the inbox’s queue on L1; latest, safe, finalized: heads of the observing node; safe is derived from a proposal on L1.',
  'Percentiles interpolate linearly (R-7) over all that have a time or are missing; missing ones are later than any other, and ">" is a percentile among them. missing: not there by the cut-off, with the share’s 95 % Wilson interval. untimed: it came while nobody looked. no entry: L1 did not take what would have queued it, which says nothing about the rollup.',
  'Comparisons are pair by pair within groups, which were sent at one moment in drawn order. effect: mean of min(time, cut-off) less that of the baseline, with a 95 % bootstrap interval. p: sign-flip permutation test of that mean, adjusted by Holm over the comparisons of its table. later, earlier: pairs in which the looks show an order; sign p: exact binomial test of the two. only missing: pairs with one missing, of the cell and of the baseline; its p is McNemar’s exact test.',
] as const

export const LIMITS = [
  'It shows that a class comes later or not at all, not why, nor who kept it out: a node, a proposer and whoever stands between look alike. Comparing entry points narrows it down.',
  'Every sender is new and paid by one account. Who sorts by sender, or links them through their payer, treats all classes alike, and nothing is seen.',
  'Who knows that he is probed can treat probes better than users: they have one gas limit, one size and no value.',
  'Classes have one gas limit, fee and size, but use different amounts of gas, and their bytes compress differently.',
  'No difference shown is not no difference: the interval says how large one could still be.',
  'It holds for the proposers and the congestion of these hours, not for others.',
] as const

export function toReportText(analysis: Analysis): string {
  const { plan, groups, cost, forced } = analysis
  const { chain, entries, classes } = plan
  const small = analysis.cells.some(({ n }) => n < CELL_MIN)
  return [
    `Inclusion probes of ${chain.name} (L2 chain ${chain.l2ChainId}), seed ${plan.seed}: ${groups.sent} of ${plan.groups} groups sent, cut-off ${seconds(plan.cutoffMs)} s`,
    `A group’s requests went out within ${ms(groups.spread.p50)} ms (median), ${ms(groups.spread.max)} ms (longest). Interrupted groups: ${groups.interrupted}.`,
    `Cost at most ${gwei(cost.l2)} gwei on L2, ${gwei(cost.l1)} gwei on L1.`,
    ...(small
      ? [`Fewer than ${CELL_MIN} probes in a cell: percentiles and small differences mean little.`]
      : []),
    '',
    ...entries.map((entry) => `${entry}: ${ENTRY_DEFINITIONS[entry]}`),
    ...classes.map((each) => `${each}: ${CLASS_DEFINITIONS[each].definition}`),
    '',
    'Answers',
    ...answerTable(analysis),
    ...watchedClocks(plan).flatMap((clock) => ['', `Time to ${clock}, s`, ...clockTable(analysis, clock)]),
    ...(forced === null ? [] : ['', ...forcedLines(forced)]),
    ...(['class', 'entry'] as const).flatMap((by) => comparisonLines(analysis, by)),
    '',
    ...DEFINITIONS,
    `A look more than ${seconds(LOOK_GAP_MAX_MS)} s after the one before gives no time.`,
    '',
    'What this cannot say',
    ...LIMITS.map((limit) => `  ${limit}`),
    '',
  ].join('\n')
}

function answerTable({ cells }: Analysis): readonly string[] {
  const rows = cells.map((cell) => [
    nameOf(cell),
    ...[cell.n, cell.accepted, cell.refused, cell.failed].map(String),
    ...[cell.answered.p50, cell.answered.p90, cell.answered.p99].map(time),
    cell.queued === null ? '-' : time(cell.queued.p50),
    cell.promises === null ? '-' : `${cell.promises.kept} of ${cell.promises.made}`,
    String(cell.displaced),
  ])
  const head = ['cell', 'n', 'accepted', 'refused', 'failed', 'p50 s', 'p90 s', 'p99 s', 'queued p50 s']
  const reasons = cells.flatMap((cell) =>
    cell.reasons.map(({ reason, count }) => `  ${nameOf(cell)}, ${count} times: ${reason}`),
  )
  return [...textTable([[...head, 'promises kept', 'displaced'], ...rows]), ...reasons]
}

function clockTable({ cells }: Analysis, clock: ClockStatistics['clock']): readonly string[] {
  const rows = cells.flatMap((cell) => {
    const own = cell.clocks.find((each) => each.clock === clock)
    return own === undefined ? [] : [[nameOf(cell), ...clockCells(own)]]
  })
  const head = ['cell', 'landed', 'p50', 'p90', 'p99', 'missing', 'missing %', '95 %', 'untimed', 'no entry']
  return textTable([[...head, 'open'], ...rows])
}

function clockCells(own: ClockStatistics): readonly string[] {
  const share = own.missingShare
  return [
    String(own.reached),
    ...[own.p50, own.p90, own.p99].map(time),
    String(own.missing),
    share === null ? '-' : percent(share.share),
    share === null ? '-' : `${percent(share.low)} to ${percent(share.high)}`,
    ...[own.untimed, own.notEntered, own.open].map(String),
  ]
}

function forcedLines(forced: NonNullable<Analysis['forced']>): readonly string[] {
  return [
    `Forced inclusions: from the L1 block that queued to the one that took it. Due after ${forced.due} s, anyone may propose after ${forced.due * forced.multiplier} s.`,
    ...textTable([
      ['class', 'taken', 'p50 L1 blocks', 'max', 'p50 s', 'max s', 'after it was due'],
      ...forced.byClass.map((each) => [
        each.class,
        String(each.taken),
        ...[each.blocks.p50, each.blocks.max, each.seconds.p50, each.seconds.max].map((value) =>
          value === null ? '-' : String(value),
        ),
        String(each.overdue),
      ]),
    ]),
  ]
}

function comparisonLines({ plan, comparisons }: Analysis, by: Comparison['by']): readonly string[] {
  const own = comparisons.filter((each) => each.by === by)
  if (own.length === 0) return []
  const rows = own.map((each) => [
    nameOf(each.cell),
    each.clock,
    String(each.pairs),
    String(each.leftOut),
    each.effect === null ? '-' : seconds(each.effect.mean),
    each.effect === null ? '-' : `${seconds(each.effect.low)} to ${seconds(each.effect.high)}`,
    probability(each.adjustedP),
    `${each.later}/${each.earlier}/${each.tied}`,
    probability(each.signP),
    `${each.onlyCellMissing}/${each.onlyBaselineMissing}`,
    probability(each.missingP),
    each.verdict,
  ])
  const baseline = by === 'class' ? `class ${plan.classes[0]}` : `entry point ${plan.entries[0]}`
  const head = ['cell', 'clock', 'pairs', 'left out', 'effect s', '95 %', 'p', 'later/earlier/tied', 'sign p']
  return [
    '',
    `Matched comparison with ${baseline}, all else equal`,
    ...textTable([[...head, 'only missing', 'its p', 'verdict'], ...rows]),
    ...cellsOf(plan).flatMap((cell) => verdictLine(own, cell)),
  ]
}

/** What the class comparison of a cell comes to, in a sentence. */
function verdictLine(own: readonly Comparison[], cell: Cell): readonly string[] {
  const shown = own.filter(
    (each) =>
      each.by === 'class' &&
      each.cell.entry === cell.entry &&
      each.cell.class === cell.class &&
      each.verdict !== 'no difference shown',
  )
  return shown.map(
    ({ clock, verdict, baseline, pairs, onlyCellMissing }) =>
      `  By ${cell.entry}, ${cell.class} comes to ${clock} ${verdict} than ${baseline.class}${onlyCellMissing > 0 ? `, and in ${onlyCellMissing} of ${pairs} pairs it alone was not there by the cut-off` : ''}.`,
  )
}

const nameOf = (cell: Pick<CellStatistics, 'entry' | 'class'>): string => `${cell.entry} ${cell.class}`

const seconds = (value: number): string => String(Math.round(value) / 1000 + 0)
const ms = (value: number | null): string => (value === null ? '-' : String(Math.round(value)))
const percent = (share: number): string => (share * 100).toFixed(1)
const gwei = (wei: bigint): string => String(wei / WEI_PER_GWEI)
const probability = (p: number): string => (p < 0.0001 ? '<0.0001' : p.toFixed(4))

function time(value: Percentile): string {
  if (value === null) return '-'
  return value === 'beyond' ? '>' : seconds(value)
}
