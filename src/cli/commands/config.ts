/** `plumbline config print`: every option's value and where it came from. `config network`: what is known of a network. */
import { Command } from 'commander'
import { NETWORKS } from '../../spec/networks/networks.ts'
import { addOptions, loadConfig } from '../config/load.ts'
import { NODE_OPTIONS } from '../config/options.ts'
import { formatConfig } from '../config/print.ts'
import { ConfigError } from '../config/resolve.ts'

export function configCommand(): Command {
  const print = addOptions(
    new Command('print').description('show each option, its value and its origin; secrets are left out'),
    NODE_OPTIONS,
  ).action((flags) => {
    console.log(formatConfig(NODE_OPTIONS, loadConfig(NODE_OPTIONS, flags).resolved))
  })
  const network = new Command('network')
    .argument('<name>', Object.keys(NETWORKS).join(' or '))
    .description('a network as JSON: chain, contracts, bootnodes, services, and the defaults it sets')
    .action((name: string) => {
      const found = NETWORKS[name]
      if (found === undefined) throw new ConfigError(`there is no network ${name}`)
      console.log(
        JSON.stringify(found, (_, value) => (typeof value === 'bigint' ? value.toString() : value), 2),
      )
    })
  return new Command('config').description('the configuration').addCommand(print).addCommand(network)
}
