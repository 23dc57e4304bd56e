/** A whole node as the only thing in its process. usage: node --import tsx nodeChild.ts CONFIG_JSON, with an IPC channel. */
import { readFileSync } from 'node:fs'
import { buildGenesis } from '../../../src/engine/genesis.ts'
import { startNode } from '../../../src/node.ts'
import { parseRollupSpec } from '../../../src/spec/specFile.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import { type NodeConfig, type NodeEvent, STOP } from './childProtocol.ts'

const config = JSON.parse(process.argv[2] ?? '') as NodeConfig
const stop = new AbortController()
const tell = (event: NodeEvent) => void process.send?.(event)
const toRef = ({ number, hash }: { readonly number: bigint; readonly hash: `0x${string}` }) => ({
  number: Number(number),
  hash,
})

process.on('message', (message) => {
  if (message === STOP) stop.abort()
})
process.on('disconnect', () => process.exit(0))

try {
  await run()
} catch (error) {
  tell({ type: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) })
}
process.exit(0)

async function run(): Promise<void> {
  const source = { name: 'l1', url: config.l1Url, limits: { requestsPerSecond: 100_000 } }
  const node = await startNode({
    spec: parseRollupSpec(JSON.parse(readFileSync(config.specFile, 'utf8'))),
    genesis: async () => buildGenesis(JSON.parse(readFileSync(config.genesisFile, 'utf8'))),
    dataDir: config.dataDir,
    dbCacheKiB: 16 * 1024,
    proofWindowBlocks: 16,
    workers: 0,
    l1: {
      endpoints: [source],
      beacons: [source],
      pollIntervalMs: 50,
      finalityIntervalMs: 1000,
      kzgThreads: 0,
    },
    rpc: { host: '127.0.0.1', port: config.port, vhosts: ['127.0.0.1'] },
    logger: silentLogger,
    signal: stop.signal,
  })
  node.chain.onChange(({ removed, added, heads }) =>
    tell({
      type: 'change',
      atMs: Date.now(),
      removed: removed.map(toRef),
      added: added.map(toRef),
      latest: toRef(heads.latest),
      safe: toRef(heads.safe),
    }),
  )
  tell({ type: 'ready', url: node.rpc.url })
  await node.run(stop.signal)
  await node.close()
}
