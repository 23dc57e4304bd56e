/** A table as data, and its cells. The page shows the text of a cell, the CSV file its value. */
import type { DashboardData } from '../data.ts'
import { formatAge, formatDuration, formatNumber, formatTime, shortHex } from '../words.ts'

export type Cell = {
  /** As in the CSV file: whole hashes, Unix seconds. Null: there is none. */
  readonly value: string | number | null
  /** As on the page; without it the value. */
  readonly text?: string
}

export type Column = { readonly key: string; readonly title: string; readonly isNumeric?: boolean }

export type Table = {
  /** In the table's address on the page and in the CSV file's name. */
  readonly id: TableId
  readonly caption: string
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  /** Instead of rows. */
  readonly empty: string
}

export type Row = { readonly id?: string; readonly cells: readonly Cell[] }

export const TABLE_IDS = [
  'clocks',
  'sequencers',
  'slots',
  'gaps',
  'stream-sources',
  'scores',
  'promises',
  'lists',
  'forced-inclusions',
  'l1-servers',
] as const
export type TableId = (typeof TABLE_IDS)[number]

/** Without the name it is found by. */
export type TableContent = Omit<Table, 'id'>

export const text = (value: string | number | null): Cell => ({ value })
export const number = (value: number | null): Cell =>
  value === null ? { value } : { value, text: formatNumber(value) }
export const hex = (value: string | null): Cell =>
  value === null ? { value } : { value, text: shortHex(value) }
export const duration = (seconds: number | null): Cell =>
  seconds === null ? { value: null } : { value: seconds, text: formatDuration(seconds) }

export function marked(
  value: string,
  { icon, word }: { readonly icon: string; readonly word: string },
): Cell {
  return { value, text: `${icon} ${word}` }
}

export function createTime({ readAtMs }: DashboardData): (seconds: number | null) => Cell {
  const now = readAtMs / 1000
  return (seconds) =>
    seconds === null
      ? { value: null }
      : { value: seconds, text: `${formatTime(seconds, now)} · ${formatAge(seconds, now)}` }
}
