/** The tables of the page: one model for the HTML and for the CSV file, so that neither can say what the other does not. */
import type { DashboardData } from '../data.ts'
import { clocksTable, gapsTable, serversTable } from './chain.ts'
import { listsTable, promisesTable, scoresTable, streamSourcesTable } from './preconf.ts'
import { forcedInclusionsTable, sequencersTable, slotsTable } from './slots.ts'
import type { Table, TableContent, TableId } from './table.ts'

export function createTable(id: TableId, data: DashboardData): Table {
  return { id, ...TABLES[id](data) }
}

const TABLES: Readonly<Record<TableId, (data: DashboardData) => TableContent>> = {
  clocks: clocksTable,
  sequencers: sequencersTable,
  slots: slotsTable,
  gaps: gapsTable,
  'stream-sources': streamSourcesTable,
  scores: scoresTable,
  promises: promisesTable,
  lists: listsTable,
  'forced-inclusions': forcedInclusionsTable,
  'l1-servers': serversTable,
}
