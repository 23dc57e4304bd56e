/** From a dataset's folder to a page and its JSON. */
import { writeWhole } from '../../primitives/files.ts'
import { readDataset } from '../dataset/readDataset.ts'
import { renderReport } from './html.ts'
import { createReport, reportJson } from './reportData.ts'
import type { StageFacts } from './stage.ts'

export type ReportTarget = {
  readonly dataset: string
  /** Files to write; each may be left out. */
  readonly html?: string
  readonly json?: string
  readonly stage?: StageFacts
}

/** CriticalError for a dataset that is not whole. */
export async function writeReport({ dataset, html, json, stage }: ReportTarget): Promise<void> {
  const report = createReport(await readDataset(dataset), stage)
  if (json !== undefined) await writeWhole(json, reportJson(report))
  if (html !== undefined) await writeWhole(html, await renderReport(report))
}
