/** `plumbline export`: a range of L1, and the L2 that came of it, as tables. docs/datasets.md. */
import { Command } from 'commander'
import { EXPORT_OPTIONS } from '../config/exportOptions.ts'
import { addOptions, loadConfig } from '../config/load.ts'

export function exportCommand(): Command {
  return addOptions(
    new Command('export').description('write a range of L1, and the L2 that came of it, as tables'),
    EXPORT_OPTIONS,
  ).action(async (flags) => {
    // Only this command needs DuckDB, which is large.
    const { runExport } = await import('../runExport.ts')
    await runExport(loadConfig(EXPORT_OPTIONS, flags))
  })
}
