/** An analysis as files: what is printed, the same as JSON, and tables for other programs. */
import { formatCsv } from '../../primitives/csv.ts'
import type { Analysis } from './analyse.ts'
import { watchedClocks } from './cells.ts'
import { LOOK_GAP_MAX_MS, outcomeAt } from './outcome.ts'
import { DEFINITIONS, LIMITS, toReportText } from './reportText.ts'

/** By name; the same analysis gives the same bytes. */
export function reportFiles(analysis: Analysis): Readonly<Record<string, string>> {
  return {
    'report.txt': toReportText(analysis),
    'report.json': toReportJson(analysis),
    'probes.csv': probesCsv(analysis),
    'cells.csv': cellsCsv(analysis),
    'comparisons.csv': comparisonsCsv(analysis),
  }
}

/** Without the single probes: those are in `probes.csv`. Amounts in wei, as text; times in ms. */
export function toReportJson({ records: _, ...analysis }: Analysis): string {
  const about = { definitions: DEFINITIONS, limits: LIMITS, lookGapMaxMs: LOOK_GAP_MAX_MS }
  const text = JSON.stringify(
    { ...analysis, ...about },
    (_key, value) => (typeof value === 'bigint' ? value.toString() : value),
    2,
  )
  return `${text}\n`
}

function probesCsv({ plan, records }: Analysis): string {
  const clocks = watchedClocks(plan)
  const head = [
    ...['group', 'order', 'entry', 'class', 'sender', 'receiver', 'transaction_hash', 'sent_at_ms'],
    ...['answer', 'answered_ms', 'detail', 'signer', 'promised_block', 'queued_l1_block', 'queued_ms'],
    ...clocks.flatMap((clock) => [`${clock}_outcome`, `${clock}_ms`, `${clock}_least_ms`, `${clock}_block`]),
    ...['l1_block', 'displaced'],
  ]
  const rows = records.map((record) => {
    const { answer, queued, seen } = record
    const sentAt = answer?.sentAt ?? null
    const since = (at: number | undefined) => (at === undefined || sentAt === null ? null : at - sentAt)
    return [
      ...[
        record.group,
        record.order,
        record.entry,
        record.class,
        record.sender,
        record.to,
        record.hash,
        sentAt,
      ],
      ...[answer?.outcome ?? null, since(answer?.at), answer?.detail ?? null],
      ...[answer?.promise?.signer ?? null, answer?.promise?.blockNumber ?? null],
      ...[queued?.succeeded ? queued.l1Block : null, queued?.succeeded ? since(queued.at) : null],
      ...clocks.flatMap((clock) => {
        const outcome = outcomeAt(record, clock, plan)
        const [latency, least] = outcome.type === 'reached' ? [outcome.latency, outcome.least] : [null, null]
        return [outcome.type, latency, least, seen[clock]?.block ?? null]
      }),
      ...[seen.safe?.l1?.block ?? null, record.displaced],
    ]
  })
  return formatCsv([head, ...rows])
}

function cellsCsv({ cells }: Analysis): string {
  const head = [
    ...['entry', 'class', 'n', 'accepted', 'refused', 'failed', 'clock', 'reached', 'missing', 'untimed'],
    ...['not_entered', 'open', 'p50_ms', 'p90_ms', 'p99_ms'],
    ...['missing_share', 'missing_share_low', 'missing_share_high'],
  ]
  const rows = cells.flatMap((cell) =>
    cell.clocks.map((own) => [
      ...[cell.entry, cell.class, cell.n, cell.accepted, cell.refused, cell.failed],
      ...[own.clock, own.reached, own.missing, own.untimed, own.notEntered, own.open],
      ...[own.p50, own.p90, own.p99],
      ...[own.missingShare?.share ?? null, own.missingShare?.low ?? null, own.missingShare?.high ?? null],
    ]),
  )
  return formatCsv([head, ...rows])
}

function comparisonsCsv({ comparisons }: Analysis): string {
  const head = [
    ...['by', 'entry', 'class', 'baseline_entry', 'baseline_class', 'clock', 'pairs', 'left_out'],
    ...['effect_ms', 'effect_low_ms', 'effect_high_ms', 'permutation_p', 'adjusted_p'],
    ...['later', 'earlier', 'tied', 'sign_p', 'only_cell_missing', 'only_baseline_missing', 'missing_p'],
    'verdict',
  ]
  const rows = comparisons.map(({ cell, baseline, effect, ...each }) => [
    ...[each.by, cell.entry, cell.class, baseline.entry, baseline.class],
    ...[each.clock, each.pairs, each.leftOut],
    ...[effect?.mean ?? null, effect?.low ?? null, effect?.high ?? null],
    ...[each.permutationP, each.adjustedP, each.later, each.earlier, each.tied, each.signP],
    ...[each.onlyCellMissing, each.onlyBaselineMissing, each.missingP, each.verdict],
  ])
  return formatCsv([head, ...rows])
}
