/** Two cells of the same groups against each other, pair by pair. */
import { bootstrapInterval } from '../metrics/bootstrap.ts'
import { createDraw } from '../ordering/draw.ts'
import { watchedClocks } from './cells.ts'
import { type Outcome, outcomeAt } from './outcome.ts'
import { holm, signFlipTest, signTest, sum } from './paired.ts'
import { type Cell, type Clock, cellsOf, type Plan } from './plan.ts'
import type { ProbeRecord } from './records.ts'

export type Comparison = {
  /** Differing in nothing else but this. */
  readonly by: 'class' | 'entry'
  readonly cell: Cell
  readonly baseline: Cell
  readonly clock: Clock
  /** Groups in which both have a time or are missing. */
  readonly pairs: number
  /** Groups in which one of them has neither. */
  readonly leftOut: number
  readonly later: number
  readonly earlier: number
  /** Both missing, or the looks that found them are too far apart to say. */
  readonly tied: number
  /** Exact binomial test of `later` against `earlier`. */
  readonly signP: number
  /** Mean of min(time, cut-off) less that of the baseline, ms; null without pairs. */
  readonly effect: { readonly mean: number; readonly low: number; readonly high: number } | null
  readonly permutationP: number
  /** By Holm, over all comparisons by the same thing. */
  readonly adjustedP: number
  readonly onlyCellMissing: number
  readonly onlyBaselineMissing: number
  /** McNemar's exact test of the two counts. */
  readonly missingP: number
  readonly verdict: 'later' | 'earlier' | 'no difference shown'
}

const SIGNIFICANCE = 0.05

/** Classes against the first one of the plan within each entry point, then entry points against the first one within each class. */
export function compareCells(plan: Plan, records: readonly ProbeRecord[]): readonly Comparison[] {
  const [firstEntry, firstClass] = [plan.entries[0], plan.classes[0]]
  return (['class', 'entry'] as const).flatMap((by) => {
    const pairs = cellsOf(plan).flatMap((cell) => {
      const baseline = by === 'class' ? { ...cell, class: firstClass } : { ...cell, entry: firstEntry }
      return isCell(baseline) && !isSame(cell, baseline) ? [{ cell, baseline }] : []
    })
    const raw = watchedClocks(plan)
      .filter((clock) => clock !== 'finalized')
      .flatMap((clock) => pairs.map((pair) => compare(plan, records, { ...pair, clock, by })))
    const adjusted = holm(raw.map(({ permutationP }) => permutationP))
    return raw.map((each, index) => withVerdict(each, adjusted[index] ?? 1))
  })
}

type Raw = Omit<Comparison, 'adjustedP' | 'verdict'>

function compare(
  plan: Plan,
  records: readonly ProbeRecord[],
  about: Pick<Comparison, 'by' | 'cell' | 'baseline' | 'clock'>,
): Raw {
  const of = (cell: Cell) =>
    new Map(records.filter((each) => isSame(each, cell)).map((each) => [each.group, each]))
  const baselines = of(about.baseline)
  const differences: number[] = []
  const counts = { leftOut: 0, later: 0, earlier: 0, tied: 0, onlyCellMissing: 0, onlyBaselineMissing: 0 }
  for (const [group, record] of of(about.cell)) {
    const other = baselines.get(group)
    const own = outcomeAt(record, about.clock, plan)
    const base: Outcome = other === undefined ? { type: 'open' } : outcomeAt(other, about.clock, plan)
    if (!isCounted(own) || !isCounted(base)) {
      counts.leftOut++
      continue
    }
    differences.push(timeOf(own, plan) - timeOf(base, plan))
    counts[directionOf(own, base)]++
    if (own.type === 'missing' && base.type === 'reached') counts.onlyCellMissing++
    if (base.type === 'missing' && own.type === 'reached') counts.onlyBaselineMissing++
  }
  const label = `permutation ${about.by} ${about.clock} ${about.cell.entry} ${about.cell.class}`
  const interval = bootstrapInterval(differences, meanOf)
  return {
    ...about,
    pairs: differences.length,
    ...counts,
    signP: signTest(counts.later, counts.earlier),
    effect: interval && { mean: meanOf(differences), ...interval },
    permutationP: signFlipTest(differences, createDraw(plan.seed)(label)),
    missingP: signTest(counts.onlyCellMissing, counts.onlyBaselineMissing),
  }
}

type Counted = Extract<Outcome, { readonly type: 'reached' | 'missing' }>

const meanOf = (values: readonly number[]): number => sum(values) / values.length

const isCounted = (outcome: Outcome): outcome is Counted =>
  outcome.type === 'reached' || outcome.type === 'missing'

const timeOf = (outcome: Counted, { cutoffMs }: Plan): number =>
  outcome.type === 'missing' ? cutoffMs : outcome.latency

function directionOf(own: Counted, base: Counted): 'later' | 'earlier' | 'tied' {
  if (own.type === 'missing') return base.type === 'missing' ? 'tied' : 'later'
  if (base.type === 'missing') return 'earlier'
  if (own.least >= base.latency) return 'later'
  return base.least >= own.latency ? 'earlier' : 'tied'
}

function withVerdict(raw: Raw, adjustedP: number): Comparison {
  const mean = raw.effect?.mean ?? 0
  const isShown = adjustedP < SIGNIFICANCE && mean !== 0
  return { ...raw, adjustedP, verdict: isShown ? (mean > 0 ? 'later' : 'earlier') : 'no difference shown' }
}

function isCell(cell: { readonly [key in keyof Cell]: Cell[key] | undefined }): cell is Cell {
  return cell.entry !== undefined && cell.class !== undefined
}

function isSame(a: Cell, b: Cell): boolean {
  return a.entry === b.entry && a.class === b.class
}
