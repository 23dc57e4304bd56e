/** A report as data: what report.json holds, and what the page is made from. */
import { CriticalError } from '../../primitives/errors.ts'
import type { TableName } from '../dataset/column.ts'
import type { DatasetManifest } from '../dataset/manifest.ts'
import type { Dataset } from '../dataset/readDataset.ts'
import { METRICS } from '../metrics/all.ts'
import type { MetricResult } from '../metrics/metric.ts'
import { type StageCard, type StageFacts, walkStages } from './stage.ts'

export type Section = MetricResult & {
  readonly id: string
  readonly title: string
  readonly definition: string
  readonly source: string
}

export type Report = {
  readonly format: 'plumbline-report-1'
  readonly dataset: {
    readonly network: string
    readonly l1ChainId: string
    readonly l2ChainId: string
    readonly range: { readonly from: number; readonly to: number; readonly toHash: string }
    /** Seconds since the epoch, of the first and the last L1 block. */
    readonly beginsAt: number
    readonly endsAt: number
    readonly code: { readonly version: string; readonly commit: string }
    readonly rows: readonly { readonly table: TableName; readonly rows: number }[]
    readonly notes: readonly string[]
    /** Who is behind an address, by whose word. */
    readonly labels: DatasetManifest['labels']
  }
  readonly sections: readonly Section[]
  /** Absent where nobody has stated the facts. */
  readonly stage?: StageCard
}

/** The same report from the same dataset. CriticalError for one without an L1 block. */
export function createReport(dataset: Dataset, facts?: StageFacts): Report {
  const { manifest, rows } = dataset
  const l1 = rows('l1_blocks')
  const [first, last] = [l1[0], l1.at(-1)]
  if (first === undefined || last === undefined) throw new CriticalError('the dataset has no L1 block')
  const endsAt = Number(last.timestamp)
  const input = { range: { fromBlock: manifest.range.from, toBlock: manifest.range.to }, endsAt, rows }
  return {
    format: 'plumbline-report-1',
    dataset: {
      network: manifest.network,
      l1ChainId: manifest.l1ChainId,
      l2ChainId: manifest.l2ChainId,
      range: manifest.range,
      beginsAt: Number(first.timestamp),
      endsAt,
      code: manifest.code,
      rows: manifest.tables.map(({ name }) => ({
        table: name as TableName,
        rows: rows(name as TableName).length,
      })),
      notes: manifest.notes,
      labels: manifest.labels,
    },
    sections: METRICS.map(({ id, title, definition, source, compute }) => ({
      ...{ id, title, definition, source },
      ...compute(input),
    })),
    ...(facts && { stage: walkStages(facts) }),
  }
}

/** Whole numbers beyond 2^53 as decimal strings, everything else as JSON has it. */
export function reportJson(report: Report): string {
  return `${JSON.stringify(report, (_key, value) => (typeof value === 'bigint' ? value.toString() : value), 2)}\n`
}
