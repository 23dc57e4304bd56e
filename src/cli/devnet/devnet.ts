/** The devnet: a local L1, a beacon facade, the contracts, and a node that proposes to them. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { buildGenesis } from '../../engine/genesis.ts'
import type { Node, NodeOptions } from '../../node.ts'
import { defined } from '../../primitives/assert.ts'
import type { TxPool } from '../../propose/txPool.ts'
import { createDevnetSpec, type DevnetFork } from '../../spec/devnet.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { serializeRollupSpec } from '../../spec/specFile.ts'
import type { Logger } from '../../telemetry/log.ts'
import { createNodePool } from '../nodePool.ts'
import { runNode } from '../runNode.ts'
import { startAnvil } from './anvil.ts'
import { startBeaconFacade } from './beaconFacade.ts'
import { deployContracts } from './deploy.ts'
import { readDevnetGenesis } from './genesis.ts'
import { devnetSigning, runAttester, runProposer } from './proposing.ts'

const L1_CHAIN_ID = 31_337
/** Short, so that a person sees finality: two epochs behind the head. */
const SLOTS_PER_EPOCH = 4

export type DevnetOptions = {
  /** Made anew at each start. */
  readonly dataDir: string
  readonly secondsPerSlot: number
  /** Whose rules the L2 runs from its first block. */
  readonly fork: DevnetFork
  readonly engine: NonNullable<NodeOptions['engine']>
  readonly l1Port: number
  readonly beaconPort: number
  /** Promise blocks before they land, instead of proposing what the pool holds. */
  readonly isSequenced: boolean
  /** What blocks are filled from, given the node's pool, for who wants to see a proposer leave something out. Default: all of it. */
  readonly fillFrom?: (pool: TxPool) => TxPool
  readonly rpc: NodeOptions['rpc']
  readonly isJson: boolean
  readonly logger: Logger
  readonly signal: AbortSignal
}

export type Devnet = {
  readonly node: Node
  readonly spec: RollupSpec
  readonly l1Url: string
  readonly beaconUrl: string
  /** Spec and genesis, for a second node: `--rollup.config`, `--genesis`. */
  readonly files: { readonly spec: string; readonly genesis: string }
}

/** Runs until the signal. `onStarted` is called once the node serves. */
export async function runDevnet(options: DevnetOptions, onStarted: (devnet: Devnet) => void): Promise<void> {
  const { secondsPerSlot, fillFrom = (pool) => pool, logger, signal } = options
  const dataDir = resolve(options.dataDir)
  await rm(dataDir, { recursive: true, force: true })
  await mkdir(dataDir, { recursive: true })
  const anvil = await startAnvil({
    port: options.l1Port,
    secondsPerSlot,
    slotsPerEpoch: SLOTS_PER_EPOCH,
    chainId: L1_CHAIN_ID,
    isMining: true,
  })
  try {
    const first = (await anvil.request('eth_getBlockByNumber', ['0x0', false])) as { timestamp: string }
    const genesisTime = BigInt(first.timestamp)
    const beacon = await startBeaconFacade({
      anvil,
      port: options.beaconPort,
      genesisTime,
      secondsPerSlot: BigInt(secondsPerSlot),
    })
    try {
      const genesisJson = readDevnetGenesis(options.fork)
      const genesis = buildGenesis(genesisJson)
      const l2ChainId = BigInt(genesisJson.config.chainId)
      logger.info({ l1: anvil.url, beacon: beacon.url }, 'started a local L1; deploying the contracts')
      const deployment = await deployContracts({
        l1Url: anvil.url,
        l1ChainId: L1_CHAIN_ID,
        l2ChainId,
        genesisHash: genesis.hash,
      })
      const spec = createDevnetSpec({
        l1ChainId: BigInt(L1_CHAIN_ID),
        l2ChainId,
        inbox: deployment.inbox,
        bridge: deployment.bridge,
        startBlock: deployment.startBlock,
        genesisTime,
        secondsPerSlot: BigInt(secondsPerSlot),
        genesis: { hash: genesis.hash, stateRoot: genesis.stateRoot },
        fork: options.fork,
      })
      const files = { spec: join(dataDir, 'rollup.json'), genesis: join(dataDir, 'genesis.json') }
      await writeFile(files.spec, serializeRollupSpec(spec))
      await writeFile(files.genesis, JSON.stringify(genesisJson))
      let pool: TxPool | undefined
      let closing = async () => {}
      let proposing: Promise<void> = Promise.resolve()
      const place = { l1Url: anvil.url, dataDir, secondsPerSlot, logger }
      await runNode(
        {
          spec,
          genesis: async () => genesis,
          dataDir: join(dataDir, 'node'),
          dbCacheKiB: 64 * 1024,
          proofWindowBlocks: 4_096,
          workers: 1,
          engine: options.engine,
          l1: devnetL1(anvil.url, beacon.url, secondsPerSlot),
          rpc: options.rpc,
          logger,
          signal,
          createPool: async (rooms) => {
            const own = await createNodePool(rooms, logger)
            pool = fillFrom(own)
            return own
          },
          ...(options.isSequenced && {
            preconf: async () => {
              const { signing, close } = devnetSigning({ ...place, spec, pool: defined(pool, 'the pool') })
              closing = close
              return { sources: [], committers: [], signing }
            },
          }),
        },
        { isJson: options.isJson },
        (node) => {
          onStarted({ node, spec, l1Url: anvil.url, beaconUrl: beacon.url, files })
          if (pool === undefined) return
          const input = { ...place, node, pool, signal }
          const work = options.isSequenced ? runAttester(input) : runProposer(input)
          proposing = work.catch((error) =>
            logger.error({ error: String(error) }, 'the proposer stopped; the node goes on without it'),
          )
        },
      )
      await proposing
      await closing()
    } finally {
      await beacon.close()
    }
  } finally {
    await anvil.close()
  }
}

/** How a node of the devnet reaches its L1; the second node of the README does the same by flags. */
export function devnetL1(l1Url: string, beaconUrl: string, secondsPerSlot: number): NodeOptions['l1'] {
  const slotMs = secondsPerSlot * 1_000
  const limits = { requestsPerSecond: 1_000 }
  return {
    endpoints: [{ name: 'devnet-l1', url: l1Url, limits }],
    beacons: [{ name: 'devnet-beacon', url: beaconUrl, limits }],
    trustsTransactionHashes: true,
    pollIntervalMs: slotMs / 4,
    finalityIntervalMs: slotMs,
  }
}
