/** `plumbline devnet`: everything on one machine, and a demonstration of it. */
import { Command } from 'commander'
import { CriticalError } from '../../primitives/errors.ts'
import type { DevnetFork } from '../../spec/devnet.ts'
import { addOptions, loadConfig } from '../config/load.ts'
import { DEVNET_OPTIONS } from '../config/options.ts'
import { runDemo } from '../devnet/demo.ts'
import { type Devnet, runDevnet } from '../devnet/devnet.ts'
import { engineOptionsOf, logFormatOf, loggerOf, rpcOptionsOf } from '../nodeConfig.ts'
import { createShutdown } from '../shutdown.ts'

export function devnetCommand(): Command {
  return addOptions(
    new Command('devnet').description('a local L1, the contracts, a proposer and a node in one'),
    DEVNET_OPTIONS,
  ).action(async (flags) => {
    const config = loadConfig(DEVNET_OPTIONS, flags)
    const stopped = createShutdown((name) =>
      console.error(`${name}: finishing the step; once more to stop at once`),
    )
    const finished = new AbortController()
    const signal = AbortSignal.any([stopped, finished.signal])
    let failure: unknown
    await runDevnet(
      {
        dataDir: config.need<string>('datadir'),
        secondsPerSlot: config.need<number>('devnet.block-time'),
        engine: engineOptionsOf(config),
        fork: config.need<DevnetFork>('devnet.fork'),
        l1Port: config.need<number>('devnet.l1-port'),
        beaconPort: config.need<number>('devnet.beacon-port'),
        isSequenced: config.need<boolean>('devnet.sequence'),
        rpc: rpcOptionsOf(config),
        isJson: logFormatOf(config) === 'json',
        logger: loggerOf(config),
        signal,
      },
      (devnet) => {
        introduce(devnet)
        runDemo(devnet.node, signal)
          .catch((error) => {
            failure = error
          })
          .finally(() => {
            if (config.need<boolean>('devnet.exit-after-demo')) finished.abort()
            else if (!signal.aborted) console.log('the devnet goes on; Ctrl-C ends it')
          })
      },
    )
    if (failure !== undefined && !stopped.aborted) {
      const reason = failure instanceof Error ? failure.message : String(failure)
      throw new CriticalError(`the demonstration failed: ${reason}`, { cause: failure })
    }
  })
}

function introduce({ node, l1Url, beaconUrl, files }: Devnet): void {
  const committer = node.preconf?.key?.committer
  const follow =
    committer === undefined ? '' : ` --preconf.follow ${node.rpc.wsUrl} --preconf.committers ${committer}`
  console.log(`L1 JSON-RPC   ${l1Url}`)
  console.log(`beacon API    ${beaconUrl}`)
  console.log(`L2 JSON-RPC   ${node.rpc.url}  (chain ${node.spec.l2.chainId}; WebSocket on the same port)`)
  console.log(`dashboard     ${node.rpc.url}/dashboard`)
  console.log(
    committer === undefined ? 'a second node, from L1 alone:' : 'a second node, which hears the promises:',
  )
  console.log(
    `  node dist/cli/main.js node --rollup.config ${files.spec} --genesis ${files.genesis} ` +
      `--l1.rpc ${l1Url} --l1.beacon ${beaconUrl} --l1.trust-transaction-hashes --l1.poll-interval 500 --datadir data/second --http.port 8555${follow}`,
  )
}
