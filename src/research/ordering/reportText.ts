/** A comparison as text: side by side first, then each rule. */
import { textTable } from '../textTable.ts'
import { ARRIVAL_DEFINITIONS, ARRIVAL_MODELS } from './arrival.ts'
import type { Comparison, RuleReport, Run, Spread } from './compareRules.ts'
import { type Measure, type Measured, ORDER_MEASURES, type Turns } from './measure.ts'
import { EXECUTION_MEASURES } from './outcomes.ts'

export const PLAIN_SENTENCE =
  'This is a mechanical replay: the same transactions under another rule. Under that rule users, searchers and sequencers would have behaved differently, sent other transactions and paid other fees; nothing here predicts what would have happened.'

const SIDE_BY_SIDE = [
  ...['sequencers', 'nakamoto-half', 'max-share', 'kendall-arrival', 'kendall-tip', 'kendall-canonical'],
  ...['delay-p50', 'delay-p95', 'slots-empty', 'left-out', 'moved', 'flips', 'revert-rate', 'value-moved'],
]
const SENSITIVITY = [
  ...[
    'kendall-canonical',
    'moved',
    'delay-p50',
    'delay-p95',
    'delay-change',
    'left-out',
    'flips',
    'value-moved',
  ],
]
/** Longer lists are in the JSON. */
const LIST_MAX = 10
const WEI_PER_GWEI = 1e9

export function measuresOf({ input }: Pick<Comparison, 'input'>): readonly Measure[] {
  return input.reexecute === undefined ? ORDER_MEASURES : [...ORDER_MEASURES, ...EXECUTION_MEASURES]
}

export function toReportText(comparison: Comparison): string {
  const { input, canonical, rules } = comparison
  const { history, arrival, jitterMs } = input
  const measures = measuresOf(comparison)
  const shown = measures.filter(({ id }) => SIDE_BY_SIDE.includes(id))
  const mean = arrival === 'jitter' ? ` Mean ${jitterMs} ms.` : ''
  return [
    history.title,
    PLAIN_SENTENCE,
    '',
    `Arrival (${arrival}): ${ARRIVAL_DEFINITIONS[arrival]}${mean}`,
    ...history.notes,
    '',
    'Side by side; means where lots were drawn',
    ...textTable([
      ['rule', 'seeds', ...shown.map(headOf)],
      ['as on L1', '', ...shown.map((each) => show(each, canonical.measured[each.id] ?? null))],
      ...rules.map(({ chosen, seeds, measured }) => [
        chosen.name,
        String(seeds),
        ...shown.map((each) => show(each, measured[each.id]?.mean ?? null)),
      ]),
    ]),
    '',
    'Who ordered on L1',
    ...turnsTable(canonical.turns),
    ...rules.flatMap((report) => ['', ...ruleLines(report, measures, canonical.measured)]),
    '',
    ...measures.map(({ id, definition }) => `${id}: ${definition}`),
  ].join('\n')
}

function ruleLines(
  { chosen, seeds, measured, sensitivity, run }: RuleReport,
  measures: readonly Measure[],
  canonical: Measured,
): readonly string[] {
  const { rule, name, parameter } = chosen
  const parameters = rule.parameters.map((each) => `${each.name}=${parameter(each.name)}`).join(' ')
  const shown = measures.filter(({ id }) => SENSITIVITY.includes(id))
  return [
    `${name}: ${rule.title}`,
    `  ${rule.definition}`,
    `  Source: ${rule.source}${parameters === '' ? '' : `. Parameters: ${parameters}`}`,
    ...textTable([
      ['measure', 'as on L1', 'mean', 'p5', 'p95'],
      ...measures.map((each) => {
        const spread: Spread | null = measured[each.id] ?? null
        const cells = [spread?.mean, spread?.p5, spread?.p95].map((value) => show(each, value ?? null))
        return [headOf(each), show(each, canonical[each.id] ?? null), ...cells]
      }),
    ]),
    `  ${seeds === 1 ? 'No lots are drawn: one run' : `${seeds} seeds`}. By model of arrival, means:`,
    ...textTable([
      ['arrival', ...shown.map(headOf)],
      ...ARRIVAL_MODELS.filter((model) => sensitivity[model] !== undefined).map((model) => [
        model,
        ...shown.map((each) => show(each, sensitivity[model]?.[each.id]?.mean ?? null)),
      ]),
    ]),
    `  Who orders${seeds === 1 ? '' : ', first seed'}`,
    ...turnsTable(run.turns),
    ...differenceLines(run),
  ]
}

function turnsTable(turns: readonly Turns[]): readonly string[] {
  return [
    ...textTable([
      ['sequencer', 'slots', 'transactions', 'gas', 'tips (gwei)'],
      ...turns
        .slice(0, LIST_MAX)
        .map(({ sequencer, slots, transactions, gas, tips }) => [
          ...[sequencer, String(slots), String(transactions), String(gas)],
          round(Number(tips) / WEI_PER_GWEI),
        ]),
    ]),
    ...more(turns.length),
  ]
}

function differenceLines({ difference }: Run): readonly string[] {
  if (difference === undefined) return []
  const { flips, moved, divergesAt, endsInSameState } = difference
  const end = endsInSameState ? 'the same at the end of the range' : 'another at the end of the range'
  return [
    divergesAt === undefined
      ? '  State: as on L1 in every block'
      : `  State: another from L2 block ${divergesAt} on, ${end}`,
    `  Flips: ${flips.length}`,
    ...flips
      .slice(0, LIST_MAX)
      .map(({ hash, from, to, reason }) => `    ${hash}: ${from} -> ${to}${reason ? ` (${reason})` : ''}`),
    ...more(flips.length),
    `  Accounts whose balance ends otherwise: ${moved.length}`,
    ...moved.slice(0, LIST_MAX).map(({ address, wei }) => `    ${address}: ${wei > 0n ? '+' : ''}${wei} wei`),
    ...more(moved.length),
  ]
}

const more = (count: number): readonly string[] =>
  count > LIST_MAX ? [`    and ${count - LIST_MAX} more; --json has all`] : []

/** Wei are shown as gwei. */
const headOf = ({ id, unit }: Measure): string => {
  if (unit === 'wei') return `${id} (gwei)`
  return unit === '' || unit === 'count' ? id : `${id} (${unit === 'share' ? '%' : unit})`
}

function show({ unit }: Measure, value: number | null): string {
  if (value === null) return '-'
  if (unit === 'share') return round(value * 100)
  return round(unit === 'wei' ? value / WEI_PER_GWEI : value)
}

function round(value: number): string {
  if (Number.isInteger(value)) return String(value)
  const digits = Math.abs(value) >= 100 ? 1 : 3
  return String(Number(value.toFixed(digits)))
}
