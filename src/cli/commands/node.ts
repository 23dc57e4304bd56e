/** `plumbline node`: follows a chain from L1 alone and serves it. */
import { Command } from 'commander'
import { addOptions, loadConfig } from '../config/load.ts'
import { NODE_OPTIONS } from '../config/options.ts'
import { logFormatOf, nodeOptionsOf } from '../nodeConfig.ts'
import { runNode } from '../runNode.ts'
import { createShutdown } from '../shutdown.ts'

export function nodeCommand(): Command {
  return addOptions(
    new Command('node').description('derive a chain from L1 and serve it over JSON-RPC'),
    NODE_OPTIONS,
  ).action(async (flags) => {
    const config = loadConfig(NODE_OPTIONS, flags)
    const signal = createShutdown((name) =>
      console.error(`${name}: finishing the step; once more to stop at once`),
    )
    const options = await nodeOptionsOf(config, signal)
    await runNode(options, { isJson: logFormatOf(config) === 'json' })
  })
}
