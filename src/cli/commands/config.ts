/** `plumbline config print`: every option's value and where it came from. */
import { Command } from 'commander'
import { addOptions, loadConfig } from '../config/load.ts'
import { NODE_OPTIONS } from '../config/options.ts'
import { formatConfig } from '../config/print.ts'

export function configCommand(): Command {
  const print = addOptions(
    new Command('print').description('show each option, its value and its origin; secrets are left out'),
    NODE_OPTIONS,
  ).action((flags) => {
    console.log(formatConfig(NODE_OPTIONS, loadConfig(NODE_OPTIONS, flags).resolved))
  })
  return new Command('config').description('the configuration').addCommand(print)
}
