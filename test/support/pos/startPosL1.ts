/** A proof-of-stake L1 in two processes of its own: EthereumJS executes, a small client with real beacon states decides. */
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { type Child, startChild } from './child.ts'
import { buildExecutionGenesis, type GenesisAccount } from './executionGenesis.ts'
import { type ValidatorKey, validatorKey } from './validatorKeys.ts'

export type PosL1Options = {
  /** `manual`: slots begin when the test says, as fast as they compute. `clock`: by the wall clock, late ones never skipped. */
  readonly mode: 'manual' | 'clock'
  /** Default `mainnet`: 32 slots an epoch. `minimal`: 8. */
  readonly preset?: 'mainnet' | 'minimal'
  /** Default 12 by hand, 1 by the clock. */
  readonly secondsPerSlot?: number
  /** Default 64. */
  readonly validators?: number
  /** Default 1337. */
  readonly chainId?: number
  /** Of slot 0 and of the execution client's block 0, in seconds. Default: now. */
  readonly genesisTime?: number
  /** Further accounts of the execution client's genesis. */
  readonly alloc?: Readonly<Record<Address, GenesisAccount>>
}

export type PosHead = {
  /** Of the newest block. */
  readonly slot: number
  /** Block root. */
  readonly root: Hash
  readonly executionHash: Hash
  /** The newest slot begun; past `slot` after skipped slots and reorgs. */
  readonly currentSlot: number
}

/** `branch` begins with the sibling of `leaf`; folding it by the bits of `gindex`, lowest first, makes `root`. */
export type StateProof = {
  readonly leaf: Hash
  readonly branch: readonly Hash[]
  readonly gindex: bigint
  readonly root: Hash
  readonly slot: number
}

export type PosL1 = {
  readonly executionUrl: string
  readonly beaconUrl: string
  readonly chainId: number
  readonly genesisTime: number
  readonly secondsPerSlot: number
  readonly slotsPerEpoch: number
  readonly validators: number
  validatorKey(index: number): ValidatorKey
  /** Begins `count` slots, each with a block; by the clock it waits for as many blocks. Default 1. */
  nextSlot(count?: number): Promise<PosHead>
  /** The next `count` slots have no block: at once by hand, as they come by the clock. */
  skipSlots(count: number): Promise<PosHead>
  /** Undoes the newest `depth` blocks; the next block has their parent. Their slots stay empty. */
  reorg(depth: number): Promise<PosHead>
  /**
   * One leaf of the block's state, or of the block with its state inside, after Fulu: 101 of a state, or 741 of a block, is the
   * proposer lookahead. `blockId`: head, finalized, justified, genesis, a slot or a root.
   */
  proof(blockId: string | number, of: 'block' | 'state', gindex: bigint): Promise<StateProof>
  /** Validator indices of this epoch's and the next one's proposers, of the state (as `blockId`, but state roots). */
  lookahead(stateId: string | number): Promise<readonly number[]>
  head(): Promise<PosHead>
  /** GET of the beacon node, as JSON. */
  beacon(path: string): Promise<unknown>
  /** JSON-RPC of the execution client. */
  rpc(method: string, params?: readonly unknown[]): Promise<unknown>
  close(): Promise<void>
}

const PACKAGES = join(import.meta.dirname, 'node_modules')

/** Whether its packages are installed (scripts/setup.sh does it). */
export const hasPosL1: boolean = existsSync(join(PACKAGES, '@ethereumjs/client'))

const START_ATTEMPTS = 3
const POLL_MS = 100

export async function startPosL1(options: PosL1Options): Promise<PosL1> {
  const { mode, preset = 'mainnet', validators = 64, chainId = 1337 } = options
  const secondsPerSlot = options.secondsPerSlot ?? (mode === 'clock' ? 1 : 12)
  const genesisTime = options.genesisTime ?? Math.floor(Date.now() / 1000)
  const genesis = buildExecutionGenesis({ chainId, timestamp: genesisTime, alloc: options.alloc ?? {} })
  const execution = await startExecution(genesis)
  const consensus = startChild({
    script: join(import.meta.dirname, 'consensus/main.mjs'),
    args: [
      JSON.stringify({
        engineUrl: execution.engineUrl,
        chainId,
        genesisTime,
        secondsPerSlot,
        validators,
        mode,
      }),
    ],
    env: { LODESTAR_PRESET: preset },
  })
  const close = async () => {
    await consensus.end()
    await execution.child.end()
  }
  try {
    const beaconUrl = await consensus.waitFor(readBeaconUrl)
    const rest = createRest(beaconUrl, [consensus.died, execution.child.died])
    const headOf = (answer: unknown) => answer as PosHead
    return {
      executionUrl: execution.url,
      beaconUrl,
      chainId,
      genesisTime,
      secondsPerSlot,
      slotsPerEpoch: preset === 'mainnet' ? 32 : 8,
      validators,
      validatorKey,
      nextSlot: async (count = 1) => headOf(await rest('POST', `/plumbline/v1/slot?n=${count}`)),
      skipSlots: async (count) => headOf(await rest('POST', `/plumbline/v1/skip?n=${count}`)),
      reorg: async (depth) => headOf(await rest('POST', `/plumbline/v1/reorg?depth=${depth}`)),
      head: async () => headOf(await rest('GET', '/plumbline/v1/head')),
      async proof(blockId, of, gindex) {
        const proof = await rest('GET', `/plumbline/v1/proof/${blockId}?of=${of}&gindex=${gindex}`)
        return { ...(proof as StateProof), gindex }
      },
      async lookahead(stateId) {
        const { data } = (await rest('GET', `/eth/v1/beacon/states/${stateId}/proposer_lookahead`)) as {
          data: string[]
        }
        return data.map(Number)
      },
      beacon: (path) => rest('GET', path),
      rpc: (method, params = []) => callRpc(execution.url, method, params),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The client wants its ports named; a port that another process takes meanwhile costs another attempt. */
async function startExecution(
  genesis: unknown,
): Promise<{ readonly url: string; readonly engineUrl: string; readonly child: Child }> {
  for (let attempt = 1; ; attempt++) {
    const scratch = mkdtempSync(join(tmpdir(), 'plumbline-pos-'))
    const genesisFile = join(scratch, 'genesis.json')
    writeFileSync(genesisFile, JSON.stringify(genesis))
    const [port, enginePort] = await Promise.all([freePort(), freePort()])
    const child = startChild({
      script: join(PACKAGES, '@ethereumjs/client/dist/esm/bin/cli.js'),
      args: [
        ...['--gethGenesis', genesisFile, '--dataDir', scratch],
        ...['--logLevel', 'error', '--no-logFile'],
        ...['--rpc', '--rpcAddr', '127.0.0.1', '--rpcPort', String(port)],
        ...['--rpcEngine', '--rpcEngineAddr', '127.0.0.1', '--rpcEnginePort', String(enginePort)],
        // Without these it opens a peer-to-peer port, and refuses transactions while it has no peers.
        ...['--rpcEngineAuth', 'false', '--sync', 'none', '--isSingleNode'],
      ],
      env: { SCRATCH_DIRECTORY: scratch },
    })
    const [url, engineUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${enginePort}`]
    try {
      await Promise.race([child.died, untilUp(url)])
      await Promise.race([child.died, untilUp(engineUrl)])
      return { url, engineUrl, child }
    } catch (error) {
      await child.end()
      if (attempt === START_ATTEMPTS) throw error
    }
  }
}

async function untilUp(url: string): Promise<void> {
  for (;;) {
    try {
      await callRpc(url, 'eth_chainId', [])
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}

/** An error of JSON-RPC is thrown with its message. */
async function callRpc(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } }
  if (error) throw new Error(`${method}: ${error.message}`)
  return result
}

function createRest(url: string, deaths: readonly Promise<never>[]) {
  const ask = async (method: 'GET' | 'POST', path: string): Promise<unknown> => {
    const response = await fetch(url + path, { method })
    const body = (await response.json()) as { readonly message?: string }
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${body.message}`)
    return body
  }
  return (method: 'GET' | 'POST', path: string) => Promise.race([...deaths, ask(method, path)])
}

function readBeaconUrl(line: string): string | undefined {
  return line.startsWith('{') ? (JSON.parse(line) as { beaconUrl: string }).beaconUrl : undefined
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
