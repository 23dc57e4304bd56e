/** A plain Ethereum chain from files, served over the JSON-RPC of a node. It stands still: nobody brings it further blocks. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Chain } from '../../chain/chain.ts'
import { CHAIN_SCHEMAS } from '../../chain/schema.ts'
import { createChain } from '../../chain/sqliteChain.ts'
import { beginEthereumChain, importBlocks, setEthereumHeads } from '../../derive/ethereum/importBlocks.ts'
import { nextBaseFee } from '../../engine/ethereum/baseFee.ts'
import { buildGenesis } from '../../engine/genesis.ts'
import { loadKzg } from '../../engine/kzg.ts'
import { createSenderPool } from '../../engine/senderPool.ts'
import { createFlatState } from '../../engine/state/flatStateOnStore.ts'
import { STATE_SCHEMAS } from '../../engine/state/schema.ts'
import { VERSION } from '../../node.ts'
import { defined } from '../../primitives/assert.ts'
import { type Hash, ZERO_ADDRESS } from '../../primitives/hex.ts'
import { callerOptionsOf, createProcessCaller } from '../../rpc/caller/processCaller.ts'
import type { Caller, RpcDeps, SyncStatus } from '../../rpc/deps.ts'
import { type RpcOptions, type RpcServer, startRpc } from '../../rpc/server.ts'
import { type EthereumSpec, ethereumForkAt, isForkActive } from '../../spec/ethereumSpec.ts'
import { parseEthereumSpec } from '../../spec/parseEthereumSpec.ts'
import { openStore } from '../../store/openStore.ts'
import type { Logger } from '../../telemetry/log.ts'
import { createBuildBlock } from './buildBlock.ts'
import { createEthereumPool, type EthereumPool } from './pool.ts'

export type EthereumNodeOptions = {
  /** Parsed, in geth's format. */
  readonly genesis: unknown
  /** Blocks from number 1 on, RLP, one after the other; those the database has already are not executed again. */
  readonly blocks: Uint8Array
  /** Default: the last block is safe and final. */
  readonly heads?: { readonly safe: Hash; readonly finalized: Hash }
  /** Default: a directory that is removed at the end. */
  readonly dataDir?: string
  readonly rpc: RpcOptions
  readonly logger: Logger
}

export type EthereumNode = {
  /** What its RPC works against. */
  readonly deps: RpcDeps & { readonly pool: EthereumPool }
  readonly rpc: RpcServer
  close(): Promise<void>
}

/** Milliseconds; generous, since a busy machine takes long to start a process. */
const WARM_UP_MS = 60_000
const CLIENT_VERSION = `plumbline/v${VERSION}`
/** Suites ask for every log of a chain at once. */
const LOGS_MAX = 1_000_000
/** A chain of files has no L1 to wait for. */
const AT_REST: SyncStatus = {
  l1: { trust: 'trusted-hash', providers: [] },
  startL1Block: 0n,
  isSynced: true,
  problems: [],
}

/** Throws a CriticalError that says which file, block or port is wrong. */
export async function startEthereumNode(options: EthereumNodeOptions): Promise<EthereumNode> {
  const { logger } = options
  const spec = parseEthereumSpec(options.genesis)
  const genesis = buildGenesis(options.genesis)
  const opened: (() => Promise<void>)[] = []
  const close = async () => {
    for (const end of opened.splice(0).reverse()) await end()
  }
  try {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'plumbline-chain-')))
    if (options.dataDir === undefined) opened.push(() => rm(dataDir, { recursive: true, force: true }))
    else await mkdir(dataDir, { recursive: true })
    const database = join(dataDir, 'chain.db')
    const store = await openStore({
      path: database,
      schemas: { state: STATE_SCHEMAS, chain: CHAIN_SCHEMAS },
    })
    opened.push(() => store.close())
    const state = await createFlatState({ store })
    const chain = await createChain(store)
    await loadKzg()
    const senders = createSenderPool(0)
    opened.push(() => senders.close())
    const rooms = { spec, store, chain, state, senders }
    await beginEthereumChain(rooms, genesis)
    const start = performance.now()
    const executed = await importBlocks(rooms, options.blocks)
    if (options.heads !== undefined) await setEthereumHeads(rooms, options.heads)
    const { number, hash } = chain.heads().latest
    logger.info(
      { executed, head: number, hash, ms: Math.round(performance.now() - start) },
      'the chain is imported',
    )
    const pool = await createEthereumPool({ spec, chain, state, logger })
    const execution = { type: 'ethereum', spec } as const
    const caller = createProcessCaller({ execution, database, ...callerOptionsOf(options.rpc) })
    opened.push(() => caller.close())
    await warmUp(caller, chain)
    const deps = {
      ...{ execution, chain, state, caller, pool },
      buildBlock: createBuildBlock({ spec, chain, state, senders, pool }),
      nextBaseFee: createNextBaseFee(spec),
      sync: () => AT_REST,
      clientVersion: CLIENT_VERSION,
    }
    const rpc = await startRpc(
      { ...deps, logger },
      { ...options.rpc, limits: { logsMax: LOGS_MAX, ...options.rpc.limits } },
    )
    opened.push(() => rpc.close())
    return { deps, rpc, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Suites give a request five seconds; the first call must not pay for the start of its process. */
async function warmUp(caller: Caller, chain: Chain): Promise<void> {
  const { number, hash } = chain.heads().latest
  const { header } = defined(await chain.headerByNumber(number), 'the latest block')
  await caller.run('call', { request: { to: ZERO_ADDRESS }, header }, { number, hash }, WARM_UP_MS)
}

/** Zero while the next block is before London. */
function createNextBaseFee(spec: EthereumSpec): RpcDeps['nextBaseFee'] {
  return (parent) => {
    const fork = ethereumForkAt(spec, { number: parent.number + 1n, timestamp: parent.timestamp })
    return isForkActive(fork, 'london') ? nextBaseFee(parent) : 0n
  }
}
