/** A proof-of-stake L1 in two processes of its own: EthereumJS executes, a small client with real beacon states decides. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { startChild } from './child.ts'
import { type ExecutionFace, startExecutionFace } from './executionFace.ts'
import { buildExecutionGenesis, type GenesisAccount } from './executionGenesis.ts'
import { requestJson } from './httpJson.ts'
import { callRpc, startExecution } from './startExecution.ts'
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

/** Whether its packages are installed (scripts/setup.sh does it). */
export const hasPosL1: boolean = existsSync(join(import.meta.dirname, 'node_modules/@ethereumjs/client'))

/** For the name of a test that is skipped without them. */
export const posL1Reason: string = hasPosL1
  ? ''
  : ' (skipped: scripts/setup.sh has not installed its packages)'

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
  let face: ExecutionFace | undefined
  const close = async () => {
    await face?.close()
    await consensus.end()
    await execution.child.end()
  }
  try {
    const beaconUrl = await consensus.waitFor(readBeaconUrl)
    face = await startExecutionFace(execution.url)
    const executionUrl = face.url
    const rest = createRest(beaconUrl, [consensus.died, execution.child.died])
    const headOf = (answer: unknown) => answer as PosHead
    return {
      executionUrl,
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
      rpc: (method, params = []) => callRpc(executionUrl, method, params),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function createRest(url: string, deaths: readonly Promise<never>[]) {
  const ask = async (method: 'GET' | 'POST', path: string): Promise<unknown> => {
    const { status, body } = await requestJson(url + path, { method })
    if (status !== 200)
      throw new Error(`${method} ${path}: ${status} ${(body as { readonly message?: string }).message}`)
    return body
  }
  return (method: 'GET' | 'POST', path: string) => Promise.race([...deaths, ask(method, path)])
}

function readBeaconUrl(line: string): string | undefined {
  return line.startsWith('{') ? (JSON.parse(line) as { beaconUrl: string }).beaconUrl : undefined
}
