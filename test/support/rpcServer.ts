/** A running RPC over a real chain database, filled with given blocks; the chain can be cut back and grown on. */
import { vi } from 'vitest'
import type { BlockOrigin, Chain, StoredBlock, StoredProposal } from '../../src/chain/chain.ts'
import { genesisHeads } from '../../src/chain/heads.ts'
import { CHAIN_SCHEMAS } from '../../src/chain/schema.ts'
import { createChain } from '../../src/chain/sqliteChain.ts'
import { ZERO_ADDRESS, ZERO_HASH } from '../../src/primitives/hex.ts'
import type { RpcDeps, SyncStatus } from '../../src/rpc/deps.ts'
import { type RpcOptions, type RpcServer, startRpc } from '../../src/rpc/server.ts'
import type { RollupSpec } from '../../src/spec/rollupSpec.ts'
import { openStore } from '../../src/store/openStore.ts'
import type { Store, StoreReader } from '../../src/store/store.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { checkAnswer } from './openrpc.ts'

export type TestChain = {
  readonly chain: Chain
  /** One commit: blocks above `keep` go, `blocks` come. */
  commit(input: {
    readonly keep?: bigint
    readonly blocks?: readonly StoredBlock[]
    readonly origins?: ReadonlyMap<bigint, BlockOrigin>
    readonly proposals?: readonly StoredProposal[]
  }): Promise<void>
  close(): Promise<void>
}

/** `through`: what the chain reads by, in place of the store itself. */
export async function createTestChain(
  genesis: StoredBlock,
  through: (store: Store) => StoreReader = (store) => store,
): Promise<TestChain> {
  const store: Store = await openStore({ path: ':memory:', schemas: { chain: CHAIN_SCHEMAS } })
  const chain = await createChain(through(store))
  const commit: TestChain['commit'] = async ({ keep, blocks = [], origins, proposals = [] }) => {
    await store.transaction(async (transaction) => {
      if (keep !== undefined) await chain.truncate(transaction, keep)
      await chain.append(
        transaction,
        blocks.map((block) => ({ block, origin: origins?.get(block.header.number) })),
      )
      for (const proposal of proposals) await chain.writeProposal(transaction, proposal)
      const last = blocks.at(-1)
      const kept = keep === undefined ? undefined : (await chain.headerByNumber(keep))!
      const latest = last?.hash ?? kept?.hash ?? chain.heads().latest.hash
      const number = last?.header.number ?? keep ?? chain.heads().latest.number
      await chain.setHeads(transaction, genesisHeads({ number, hash: latest }))
    })
    chain.settle()
  }
  await commit({ blocks: [genesis] })
  return { chain, commit, close: () => store.close() }
}

export function testSpec(chainId: bigint): RollupSpec {
  return {
    name: 'test',
    l1: {
      chainId: 1n,
      inbox: ZERO_ADDRESS,
      startBlock: 0n,
      genesisTime: 0n,
      secondsPerSlot: 12n,
    },
    l2: { chainId, anchor: ZERO_ADDRESS },
    forks: [{ name: 'shasta', activation: { type: 'timestamp', timestamp: 0n } }],
    shasta: { timestampMaxOffset: 1536n, anchorMaxOffset: 128n, baseFeeMin: 5_000_000n },
  } as RollupSpec
}

export const SYNCED: SyncStatus = {
  cursor: { number: 100n, hash: ZERO_HASH },
  l1: { head: { number: 100n, hash: ZERO_HASH }, trust: 'single-provider', providers: [] },
  startL1Block: 0n,
  isSynced: true,
  problems: [],
}

export function startTestRpc(
  deps: Pick<RpcDeps, 'chain' | 'state' | 'caller'> & Partial<RpcDeps> & { readonly chainId: bigint },
  options: Partial<RpcOptions> = {},
  more: Pick<Parameters<typeof startRpc>[0], 'metrics' | 'observe' | 'l1'> = {},
): Promise<RpcServer> {
  const spec = deps.spec ?? testSpec(deps.chainId)
  return startRpc(
    {
      execution: { type: 'rollup', spec },
      spec,
      nextBaseFee: (parent) => parent.baseFeePerGas ?? 0n,
      sync: () => SYNCED,
      clientVersion: 'plumbline/test',
      logger: silentLogger,
      ...deps,
      ...more,
    },
    { host: '127.0.0.1', port: 0, ...options },
  )
}

export async function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers = {},
): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
}

/** The whole response object of one request; what it answers must be what the OpenRPC document says. */
export async function rpc(
  url: string,
  method: string,
  params: readonly unknown[] = [],
): Promise<{
  result?: unknown
  error?: { code: number; message: string; data?: unknown }
}> {
  const response = await post(url, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
  const answer = (await response.json()) as { result?: unknown }
  if (answer.result !== undefined) checkAnswer(method, answer.result)
  return answer as never
}

/** Until `check` no longer throws; patient, since the machine may be busy. */
export function eventually(check: () => unknown): Promise<void> {
  return vi.waitFor(
    async () => {
      await check()
    },
    { timeout: 30_000, interval: 10 },
  )
}

export type RpcCall = readonly [method: string, ...params: unknown[]]

/** The results of one batch, in the order of the requests. Throws at the first error, and at an answer that the document does not say. */
export async function rpcBatch(url: string, calls: readonly RpcCall[]): Promise<readonly unknown[]> {
  const requests = calls.map(([method, ...params], id) => ({ jsonrpc: '2.0', id, method, params }))
  const response = await post(url, JSON.stringify(requests))
  const answers = (await response.json()) as {
    readonly id: number
    readonly result?: unknown
    readonly error?: { readonly code: number; readonly message: string }
  }[]
  return calls.map(([method], id) => {
    const answer = answers.find((each) => each.id === id)
    if (answer === undefined || answer.error !== undefined)
      throw new Error(`${method}: ${answer?.error?.message ?? 'not answered'}`)
    checkAnswer(method, answer.result)
    return answer.result
  })
}
