/** A deriving node on this L1, and proposers that each look at it with their own key: stepped by the test, slot by slot. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeEventLog } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { createNodePool } from '../../../src/cli/nodePool.ts'
import { buildGenesis } from '../../../src/engine/genesis.ts'
import { type Node, startNode } from '../../../src/node.ts'
import { sleep } from '../../../src/primitives/async.ts'
import type { Address, Hex } from '../../../src/primitives/hex.ts'
import { createBlobProver } from '../../../src/propose/blobProver.ts'
import { createInboxReader } from '../../../src/propose/inbox.ts'
import { createMemoryJournal } from '../../../src/propose/journal.ts'
import { createL1Rpc } from '../../../src/propose/l1Rpc.ts'
import { createPlainSender } from '../../../src/propose/plainSender.ts'
import { createPoster, DEFAULT_POSTER_OPTIONS } from '../../../src/propose/poster.ts'
import {
  createProposer,
  DEFAULT_BUILDER_OPTIONS,
  DEFAULT_PROPOSER_OPTIONS,
  type Proposer,
} from '../../../src/propose/proposer.ts'
import { createLookaheadProver, type LookaheadProver } from '../../../src/propose/proveLookahead.ts'
import { createTurns } from '../../../src/propose/turn.ts'
import type { TxPool } from '../../../src/propose/txPool.ts'
import { inboxAbi } from '../../../src/protocol/shasta/abi.ts'
import { PROPOSED_TOPIC } from '../../../src/protocol/shasta/proposals.ts'
import { createDevnetSpec } from '../../../src/spec/devnet.ts'
import type { RollupSpec } from '../../../src/spec/rollupSpec.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import { readGenesis } from '../contracts/artifacts.ts'
import type { LookaheadRollup } from './lookaheadRollup.ts'
import type { PosL1 } from './startPosL1.ts'

export const L2_GENESIS = () => buildGenesis(readGenesis() as Parameters<typeof buildGenesis>[0])

export function posSpec(l1: PosL1, rollup: Pick<LookaheadRollup, 'inbox' | 'startBlock'>): RollupSpec {
  const { hash, stateRoot } = L2_GENESIS()
  return createDevnetSpec({
    l1ChainId: BigInt(l1.chainId),
    l2ChainId: BigInt(readGenesis().config.chainId),
    inbox: rollup.inbox,
    startBlock: rollup.startBlock,
    genesisTime: BigInt(l1.genesisTime),
    secondsPerSlot: BigInt(l1.secondsPerSlot),
    genesis: { hash, stateRoot },
  })
}

export type PosNode = {
  readonly node: Node
  createProposer(key: Hex): Proposer
  createLookaheadProver(key: Hex): LookaheadProver
  /** Waits until the node has derived everything up to L1's head. */
  catchUp(): Promise<void>
  close(): Promise<void>
}

const DERIVING_MAX_MS = 60_000
const LIMITS = { requestsPerSecond: 10_000, timeoutMs: 60_000 }

/** Of a node that follows this L1 without threads, as fast as it moves. */
export const posNodeOptions = (l1: PosL1, spec: RollupSpec, dataDir: string) => ({
  ...{ spec, dataDir },
  genesis: async () => L2_GENESIS(),
  dbCacheKiB: 16 * 1024,
  proofWindowBlocks: 1_000,
  workers: 0,
  l1: {
    endpoints: [{ name: 'execution', url: l1.executionUrl, limits: LIMITS }],
    beacons: [{ name: 'consensus', url: l1.beaconUrl, limits: LIMITS }],
    blobServers: [],
    pollIntervalMs: 20,
    kzgThreads: 0,
    pauseScale: 0.01,
  },
  rpc: { host: '127.0.0.1', port: 0, vhosts: ['127.0.0.1'], corsDomains: [] },
  logger: silentLogger,
})

export async function startPosNode(l1: PosL1, spec: RollupSpec): Promise<PosNode> {
  const dataDir = await mkdtemp(join(tmpdir(), 'plumbline-pos-'))
  const stop = new AbortController()
  let pool: TxPool | undefined
  const node = await startNode({
    ...posNodeOptions(l1, spec, dataDir),
    signal: stop.signal,
    createPool: async (rooms) => {
      pool = await createNodePool(rooms, silentLogger)
      return pool
    },
  })
  const running = node.run(stop.signal)
  running.catch(() => {})
  const rpc = createL1Rpc({ name: 'execution', url: l1.executionUrl, limits: LIMITS })
  const inbox = createInboxReader(rpc, spec.l1.inbox)
  const prover = createBlobProver()
  const turn = createTurns(node)
  return {
    node,
    createProposer(key) {
      if (pool === undefined) throw new Error('the node has no pool')
      const account = privateKeyToAccount(key)
      const address = account.address.toLowerCase() as Address
      const poster = createPoster(
        { rpc, account, prover, journal: createMemoryJournal(), logger: silentLogger },
        { ...DEFAULT_POSTER_OPTIONS, chainId: l1.chainId, inbox: spec.l1.inbox },
      )
      return createProposer(
        { ...node, inbox, pool, poster, turn, ready: () => node.sync().isSynced, logger: silentLogger },
        {
          ...DEFAULT_PROPOSER_OPTIONS,
          builder: { ...DEFAULT_BUILDER_OPTIONS, proposer: address, coinbase: address, blocksMax: 1 },
          intervalMs: 0,
        },
      )
    },
    createLookaheadProver(key) {
      const sender = createPlainSender(
        { rpc, account: privateKeyToAccount(key) },
        { chainId: l1.chainId, maxFeePerGas: 10n ** 12n, tipMin: 10n ** 9n, stuckBlocks: 5n },
      )
      return createLookaheadProver(
        { rpc, schedule: node.schedule, sender, logger: silentLogger },
        { slotsAhead: 8n, intervalMs: 0 },
      )
    },
    async catchUp() {
      const { executionHash } = await l1.head()
      const end = performance.now() + DERIVING_MAX_MS
      while (node.sync().cursor?.hash !== executionHash || !node.sync().isSynced) {
        if (performance.now() > end) throw new Error(`the node does not reach ${executionHash}`)
        await Promise.race([sleep(10, stop.signal), running])
      }
    },
    async close() {
      stop.abort()
      await running
      await node.close()
      await prover.close()
      await rm(dataDir, { recursive: true })
    },
  }
}

export type Proposed = {
  readonly id: bigint
  readonly proposer: Address
  /** Seconds; 0 without a window. */
  readonly windowEnd: number
  readonly slot: number
}

/** Every proposal on L1's canonical chain but the activation's, in order. */
export async function readProposals(l1: PosL1, inbox: Address): Promise<readonly Proposed[]> {
  const logs = (await l1.rpc('eth_getLogs', [
    { address: inbox, topics: [PROPOSED_TOPIC], fromBlock: '0x0', toBlock: 'latest' },
  ])) as { topics: [Hex]; data: Hex; blockNumber: Hex }[]
  const proposals = await Promise.all(
    logs.map(async ({ topics, data, blockNumber }) => {
      const { args } = decodeEventLog({ abi: inboxAbi, eventName: 'Proposed', topics, data })
      if (args === undefined) throw new Error('a Proposed event without arguments')
      const block = (await l1.rpc('eth_getBlockByNumber', [blockNumber, false])) as { timestamp: Hex }
      return {
        id: BigInt(args.id),
        proposer: args.proposer.toLowerCase() as Address,
        windowEnd: args.endOfSubmissionWindowTimestamp,
        slot: (Number(block.timestamp) - l1.genesisTime) / l1.secondsPerSlot,
      }
    }),
  )
  return proposals.filter(({ id }) => id > 0n)
}
