/** A whole node as the only thing in its process. usage: node --import tsx nodeChild.ts CONFIG_JSON, with an IPC channel. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { privateKeyToAccount } from 'viem/accounts'
import { markRarely } from '../../../src/cli/markRarely.ts'
import { createNodePool, poolRulesOf } from '../../../src/cli/nodePool.ts'
import { buildGenesis } from '../../../src/engine/genesis.ts'
import { type Rooms, startNode } from '../../../src/node.ts'
import type { PreconfOptions } from '../../../src/preconf/createPreconf.ts'
import { createLocalSigner } from '../../../src/preconf/keys/localSigner.ts'
import { type Address, hexToBytes } from '../../../src/primitives/hex.ts'
import { createBlobProver } from '../../../src/propose/blobProver.ts'
import { createInboxReader } from '../../../src/propose/inbox.ts'
import { createFileJournal } from '../../../src/propose/journal.ts'
import { createL1Rpc } from '../../../src/propose/l1Rpc.ts'
import { createPoster, DEFAULT_POSTER_OPTIONS } from '../../../src/propose/poster.ts'
import { DEFAULT_SEQUENCER_OPTIONS } from '../../../src/propose/sequencer/sequencer.ts'
import type { TxPool } from '../../../src/propose/txPool.ts'
import { parseRollupSpec } from '../../../src/spec/specFile.ts'
import type { Logger } from '../../../src/telemetry/log.ts'
import { type NodeConfig, type NodeEvent, type SequencerConfig, STOP } from './childProtocol.ts'

const config = JSON.parse(process.argv[2] ?? '') as NodeConfig
const source = { name: 'l1', url: config.l1Url, limits: { requestsPerSecond: 100_000 } }
const threads = config.hasThreads ? 1 : 0
const stop = new AbortController()
if (config.sequencer !== undefined) markRarely()
const tell = (event: NodeEvent) => void process.send?.(event)
const toRef = ({ number, hash }: { readonly number: bigint; readonly hash: `0x${string}` }) => ({
  number: Number(number),
  hash,
})

const logger: Logger = {
  error: (fields, message) => say('error', fields, message),
  warn: (fields, message) => say('warn', fields, message),
  info: (fields, message) => say('info', fields, message),
  // Why somebody is not believed is said in no other way.
  debug: (fields, message) => {
    if (message.includes('cannot be right')) say('info', fields, message)
  },
}

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

function say(level: 'error' | 'warn' | 'info', fields: object, message: string): void {
  const data = JSON.stringify(fields, (_, value) =>
    typeof value === 'bigint'
      ? value.toString()
      : value instanceof Error
        ? (value.stack ?? value.message)
        : value,
  )
  tell({ type: 'log', level, atMs: Date.now(), text: `${message} ${data}` })
}

async function run(): Promise<void> {
  let pool: TxPool | undefined
  const node = await startNode({
    spec: parseRollupSpec(JSON.parse(readFileSync(config.specFile, 'utf8'))),
    genesis: async () => buildGenesis(JSON.parse(readFileSync(config.genesisFile, 'utf8'))),
    dataDir: config.dataDir,
    dbCacheKiB: 16 * 1024,
    proofWindowBlocks: 16,
    workers: threads,
    l1: {
      endpoints: [source],
      beacons: [{ ...source, url: config.beaconUrl ?? config.l1Url }],
      pollIntervalMs: 200,
      finalityIntervalMs: 1000,
      kzgThreads: threads,
    },
    rpc: { host: '127.0.0.1', port: config.port, vhosts: ['127.0.0.1'] },
    createPool: async (rooms) => {
      pool = await createNodePool(rooms, logger)
      return pool
    },
    preconf: async (rooms) => ({
      sources: config.sources,
      committers: [],
      ...(pool && config.sequencer && { signing: signingOf(rooms, pool, config.sequencer) }),
    }),
    logger,
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

/** The operator's key promises and posts, as the operator of a whitelist does. */
function signingOf(
  { spec }: Rooms,
  pool: TxPool,
  { key, windowSeconds, ...options }: SequencerConfig,
): NonNullable<PreconfOptions['signing']> {
  const rpc = createL1Rpc(source)
  const account = privateKeyToAccount(key)
  const address = account.address.toLowerCase() as Address
  return {
    signer: async () => createLocalSigner(hexToBytes(key)),
    guardPath: join(config.dataDir, 'guard.db'),
    counterPath: join(config.dataDir, 'guard-counter'),
    windowSeconds: BigInt(windowSeconds),
    pool,
    rules: poolRulesOf(spec),
    inbox: createInboxReader(rpc, spec.l1.inbox),
    poster: createPoster(
      {
        ...{ rpc, account, logger },
        prover: createBlobProver(threads),
        journal: createFileJournal(join(config.dataDir, 'posts')),
      },
      { ...DEFAULT_POSTER_OPTIONS, chainId: Number(spec.l1.chainId), inbox: spec.l1.inbox },
    ),
    sequencer: { ...DEFAULT_SEQUENCER_OPTIONS, ...options, proposer: address, coinbase: address },
    commitments: { marginMs: 2 * options.blockMs },
  }
}
