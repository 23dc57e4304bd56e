/** `plumbline node`: follows a chain from L1 alone and serves it; where sources are given, their preconfirmed blocks too. */
import { Command } from 'commander'
import { addOptions, loadConfig } from '../config/load.ts'
import { FOLLOWING_NODE_OPTIONS } from '../config/sequenceOptions.ts'
import { followOptionsOf, logFormatOf, nodeOptionsOf } from '../nodeConfig.ts'
import { runNode } from '../runNode.ts'
import { createShutdown } from '../shutdown.ts'

export function nodeCommand(): Command {
  return addOptions(
    new Command('node').description('derive a chain from L1 and serve it over JSON-RPC'),
    FOLLOWING_NODE_OPTIONS,
  ).action(async (flags) => {
    const config = loadConfig(FOLLOWING_NODE_OPTIONS, flags)
    const signal = createShutdown((name) =>
      console.error(`${name}: finishing the step; once more to stop at once`),
    )
    const options = await nodeOptionsOf(config, signal)
    const follow = followOptionsOf(config)
    const preconf = follow.sources.length === 0 ? {} : { preconf: async () => follow }
    await runNode({ ...options, ...preconf }, { isJson: logFormatOf(config) === 'json' })
  })
}
