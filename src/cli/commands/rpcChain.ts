/** `plumbline rpc-chain`: serves a plain Ethereum chain from files, as suites of the JSON-RPC want it. */
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { addOptions, loadConfig } from '../config/load.ts'
import { ConfigError } from '../config/resolve.ts'
import { RPC_CHAIN_OPTIONS } from '../config/rpcChainOptions.ts'
import { readForkchoice } from '../ethereum/forkchoiceFile.ts'
import { startEthereumNode } from '../ethereum/startEthereumNode.ts'
import { loggerOf, rpcOptionsOf } from '../nodeConfig.ts'
import { createShutdown } from '../shutdown.ts'

export function rpcChainCommand(): Command {
  return addOptions(
    new Command('rpc-chain').description(
      'execute a plain Ethereum chain from files and serve it over JSON-RPC',
    ),
    RPC_CHAIN_OPTIONS,
  ).action(async (flags) => {
    const config = loadConfig(RPC_CHAIN_OPTIONS, flags)
    const signal = createShutdown((name) => console.error(`${name}: stopping; once more to stop at once`))
    const logger = loggerOf(config)
    const head = config.get<string>('head')
    const dataDir = config.get<string>('datadir')
    const node = await startEthereumNode({
      genesis: parseJson(await read(config.need<string>('genesis'), 'genesis'), 'genesis'),
      blocks: await read(config.need<string>('chain'), 'chain'),
      ...(head !== undefined && { heads: readForkchoice(parseJson(await read(head, 'head'), 'head')) }),
      ...(dataDir !== undefined && { dataDir }),
      rpc: rpcOptionsOf(config),
      logger,
    })
    logger.info({ url: node.rpc.url }, 'serving JSON-RPC')
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    await node.close()
    logger.info({}, 'stopped')
  })
}

async function read(path: string, flag: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(`${path} (--${flag}) cannot be read: ${reason}`, { cause })
  }
}

function parseJson(bytes: Uint8Array, flag: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw new ConfigError(`--${flag} is no valid JSON`, { cause })
  }
}
