/** What a metric is: a pure function of a dataset's rows, with the definition it follows, and an answer a report can draw. */
import type { Row, TableName, Value } from '../dataset/column.ts'

/** Rows of the tables a metric names, in the tables' order. */
export type MetricInput = {
  /** First and last L1 block of the dataset. */
  readonly range: { readonly fromBlock: number; readonly toBlock: number }
  /** Time of the last L1 block, in seconds: "now" for gaps that have not ended. */
  readonly endsAt: number
  readonly rows: (table: TableName) => readonly Row[]
}

export type MetricColumn = { readonly name: string; readonly unit: string }

/** A number with its unit, or why there is none. */
export type MetricValue = {
  readonly id: string
  readonly title: string
  /** `seconds`, `wei`, `share` (0 to 1), `count`, `ratio`, `bits`, `bytes`. */
  readonly unit: string
  /** Null: not derivable from this dataset, for the reason in `note`. */
  readonly value: number | bigint | null
  readonly note?: string
}

/** A table a reader can recompute and a report can draw. */
export type MetricTable = {
  readonly id: string
  readonly title: string
  readonly columns: readonly MetricColumn[]
  readonly rows: readonly (readonly Value[])[]
}

export type MetricResult = {
  readonly values: readonly MetricValue[]
  readonly tables: readonly MetricTable[]
}

export type Metric = {
  /** Lower case with hyphens; also its anchor in docs/metrics.md. */
  readonly id: string
  readonly title: string
  /** The exact formula, in words a reader can recompute it from. */
  readonly definition: string
  /** Where the definition comes from. */
  readonly source: string
  readonly tables: readonly TableName[]
  readonly compute: (input: MetricInput) => MetricResult
}
