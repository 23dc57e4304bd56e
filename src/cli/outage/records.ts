/** A run as files: what was seen, one record a line, and the report of it. The same run gives the same bytes. */
import { join } from 'node:path'
import { writeWhole } from '../../primitives/files.ts'
import { type OutageReport, toReportJson } from '../../research/outage/report.ts'
import { toReportText } from '../../research/outage/reportText.ts'
import type { Run } from '../../research/outage/run.ts'

const TABLES = {
  'slots.ndjson': 'samples',
  'proposals.ndjson': 'proposals',
  'promises.ndjson': 'promises',
  'transactions.ndjson': 'transactions',
  'happenings.ndjson': 'happenings',
} as const satisfies Readonly<Record<string, keyof Run>>

export const RECORD_FILES: readonly string[] = ['report.json', 'report.txt', ...Object.keys(TABLES)]

export async function writeRecords(dir: string, run: Run, report: OutageReport): Promise<void> {
  await writeWhole(join(dir, 'report.json'), toReportJson(report))
  await writeWhole(join(dir, 'report.txt'), toReportText(report))
  for (const [file, table] of Object.entries(TABLES)) {
    const lines = run[table].map((record) => `${JSON.stringify(record)}\n`)
    await writeWhole(join(dir, file), lines.join(''))
  }
}
