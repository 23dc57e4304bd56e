/** `plumbline report`: a dataset as one page that opens offline, and as JSON. */
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { parseStageFacts } from '../../research/report/stage.ts'
import { writeReport } from '../../research/report/writeReport.ts'
import { addOptions, loadConfig } from '../config/load.ts'
import { REPORT_OPTIONS } from '../config/reportOptions.ts'
import { ConfigError } from '../config/resolve.ts'

export function reportCommand(): Command {
  return addOptions(
    new Command('report').description('one page of figures from a dataset, with a table under every plot'),
    REPORT_OPTIONS,
  ).action(async (flags) => {
    const config = loadConfig(REPORT_OPTIONS, flags)
    const html = config.need<string>('report.html')
    const json = config.get<string>('report.json')
    const stageFile = config.get<string>('report.stage')
    const stage = stageFile === undefined ? undefined : parseStageFacts(await readJson(stageFile), stageFile)
    await writeReport({
      dataset: config.need<string>('dataset'),
      html,
      ...(json !== undefined && { json }),
      ...(stage && { stage }),
    })
    console.log([html, json].filter((file) => file !== undefined).join('\n'))
  })
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new ConfigError(`${file} (--report.stage) cannot be read as JSON: ${String(cause)}`, { cause })
  }
}
