/** `plumbline outage`: something goes wrong on a devnet, and what the protocol promised is held against what came of it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { defined } from '../../primitives/assert.ts'
import { reportOutage, toReportJson } from '../../research/outage/report.ts'
import { toReportText } from '../../research/outage/reportText.ts'
import { silentLogger } from '../../telemetry/log.ts'
import { addOptions, loadConfig } from '../config/load.ts'
import { OUTAGE_OPTIONS } from '../config/outageOptions.ts'
import { createLineProgress } from '../lineProgress.ts'
import { writeRecords } from '../outage/records.ts'
import { runScenario } from '../outage/runScenario.ts'
import { SCENARIOS } from '../outage/scenarios/index.ts'
import { createShutdown } from '../shutdown.ts'

export function outageCommand(): Command {
  return addOptions(
    new Command('outage').description(
      'run an outage on a devnet, and hold the recovery against the promises of the protocol',
    ),
    OUTAGE_OPTIONS,
  ).action(async (flags) => {
    const config = loadConfig(OUTAGE_OPTIONS, flags)
    const id = config.need<string>('scenario')
    const scenario = defined(
      SCENARIOS.find((each) => each.id === id),
      `the scenario ${id}`,
    )
    const signal = createShutdown((name) =>
      console.error(`${name}: closing the devnet; once more to stop at once`),
    )
    const progress = createLineProgress()
    const dataDir = await mkdtemp(join(tmpdir(), 'plumbline-outage-'))
    try {
      const run = await runScenario(scenario, {
        ...{ dataDir, signal, logger: silentLogger },
        seed: config.need<number>('seed'),
        options: { share: config.need<number>('share'), successors: config.need<number>('successors') },
        onSlot: (done, of) => progress.note({ done, of, text: `slot ${done} of ${of}` }),
      })
      const report = reportOutage(run, scenario.title, scenario.promises)
      const records = config.get<string>('records')
      if (records !== undefined) await writeRecords(records, run, report)
      progress.end()
      process.stdout.write(config.need<boolean>('json') ? toReportJson(report) : toReportText(report))
    } finally {
      progress.end()
      await rm(dataDir, { recursive: true, force: true })
    }
  })
}
