/**
 * What indexers ask for, in batches of the size they ask in: a backfill by log ranges and receipts that goes on by new heads through a
 * reorg, and the calls of Blockscout's importer. Whatever is said twice is compared.
 */
import { createPublicClient, type PublicClient, webSocket } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Address, Hash, Hex } from '../../../src/primitives/hex.ts'
import { toQuantity } from '../../../src/primitives/hex.ts'
import { createProcessCaller } from '../../../src/rpc/caller/processCaller.ts'
import type { Caller } from '../../../src/rpc/deps.ts'
import { createNextBaseFee } from '../../../src/rpc/nextBaseFee.ts'
import type { RpcServer } from '../../../src/rpc/server.ts'
import { L2_CHAIN_ID } from '../../support/derive/harness.ts'
import { hasCallProcess, SENDER } from '../../support/rpcDerived.ts'
import { createHistoryWorld, EMITTER, type HistoryWorld, REVERTER } from '../../support/rpcHistory.ts'
import { eventually, type RpcCall, rpc, rpcBatch, startTestRpc } from '../../support/rpcServer.ts'

const LANDED = 40
const UNSAFE = 60
/** Blockscout's default batch of blocks, and of receipts. */
const BLOCKS_BATCH = 10
const RECEIPTS_BATCH = 250
const LOG_RANGE = 25

type Transaction = { hash: Hash; from: Address; to: Address | null; value: Hex; gasPrice: Hex; nonce: Hex }
type Block = { number: Hex; hash: Hash; parentHash: Hash; gasUsed: Hex; transactions: Transaction[] }
type Log = {
  blockHash: Hash
  blockNumber: Hex
  transactionHash: Hash
  logIndex: Hex
  topics: Hash[]
  address: Address
}
type Receipt = {
  transactionHash: Hash
  blockHash: Hash
  status: Hex
  gasUsed: Hex
  cumulativeGasUsed: Hex
  effectiveGasPrice: Hex
  contractAddress: Address | null
  logs: Log[]
}
type Call = { from: Address; to: Address; value?: Hex; gasUsed: Hex; error?: string; calls?: Call[] }

let world: HistoryWorld
let caller: Caller
let server: RpcServer
let live: PublicClient

beforeAll(async () => {
  world = await createHistoryWorld({ seed: 'indexer', landed: LANDED, unsafe: UNSAFE })
  const { spec, chain, state } = world.node
  caller = createProcessCaller({
    ...{ execution: { type: 'rollup', spec }, database: world.database, processes: 1 },
  })
  server = await startTestRpc({
    ...{ spec, chain, state, chainId: L2_CHAIN_ID, caller },
    nextBaseFee: createNextBaseFee(spec),
  })
  live = createPublicClient({ transport: webSocket(server.wsUrl), cacheTime: 0 })
}, 240_000)
afterAll(async () => {
  const transport = live.transport as unknown as { getRpcClient(): Promise<{ close(): void }> }
  ;(await transport.getRpcClient()).close()
  await server.close()
  await caller.close()
  await world.close()
})

const ask = async <T>(method: string, ...params: unknown[]): Promise<T> => {
  const { result, error } = await rpc(server.url, method, params)
  if (error !== undefined) throw new Error(error.message)
  return result as T
}
/** In batches of so many. */
async function inBatches<T>(calls: readonly RpcCall[], size: number): Promise<T[]> {
  const answers: T[] = []
  for (let i = 0; i < calls.length; i += size)
    answers.push(...((await rpcBatch(server.url, calls.slice(i, i + size))) as T[]))
  return answers
}
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const sum = (values: readonly Hex[]) => values.reduce((total, value) => total + BigInt(value), 0n)

test('a backfill finds the same logs by ranges and by receipts, and goes on by heads through a reorg', async () => {
  /** What the indexer holds: by block number. */
  const index = new Map<number, { hash: Hash; logs: Log[]; transactions: Hash[] }>()
  const take = async (numbers: readonly number[]) => {
    const blocks = await inBatches<Block>(
      numbers.map((number) => ['eth_getBlockByNumber', toQuantity(number), true]),
      BLOCKS_BATCH,
    )
    const receipts = await inBatches<Receipt[]>(
      blocks.map(({ hash }) => ['eth_getBlockReceipts', hash]),
      BLOCKS_BATCH,
    )
    for (const [i, block] of blocks.entries())
      index.set(Number(block.number), {
        hash: block.hash,
        logs: receipts[i]!.flatMap(({ logs }) => logs),
        transactions: receipts[i]!.map(({ transactionHash }) => transactionHash),
      })
  }
  const head = world.truth.length - 1
  await take(range(0, head))
  const byRange: Log[] = []
  for (let from = 0; from <= head; from += LOG_RANGE)
    byRange.push(
      ...(await ask<Log[]>('eth_getLogs', {
        ...{ fromBlock: toQuantity(from), toBlock: toQuantity(Math.min(from + LOG_RANGE - 1, head)) },
      })),
    )
  expect(byRange).toEqual(range(0, head).flatMap((number) => index.get(number)!.logs))
  expect(byRange.filter(({ address }) => address === EMITTER).length).toBeGreaterThan(20)

  // From here on it follows; a head whose parent it does not hold sends it back until one fits.
  const heads: { number: number; hash: Hash }[] = []
  const stop = live.watchBlocks({
    onBlock: ({ number, hash }) => heads.push({ number: Number(number), hash: hash as Hash }),
  })
  await live.getBlockNumber()
  await world.extend()
  await world.extend()
  await world.drop(4)
  for (let i = 0; i < 6; i++) await world.extend()
  const newest = world.truth.at(-1)!
  await eventually(() => expect(heads.at(-1)?.hash).toBe(newest.hash))
  stop()
  for (const { number, hash } of heads) {
    const block = await ask<Block | null>('eth_getBlockByHash', hash, false)
    // Gone again by now: a later head has taken its place.
    if (block === null) continue
    let back = number - 1
    let parentHash: Hash = block.parentHash
    const missing = [number]
    while (index.get(back)?.hash !== parentHash) {
      missing.unshift(back)
      parentHash = (await ask<Block>('eth_getBlockByHash', parentHash, false)).parentHash
      back--
    }
    await take(missing)
  }
  for (const truth of world.truth) {
    const held = index.get(truth.number)!
    expect(held.hash, `block ${truth.number}`).toBe(truth.hash)
    expect(held.transactions.slice(truth.number === 0 ? 0 : 1)).toEqual(
      truth.transactions.map(({ hash }) => hash),
    )
  }
  expect(heads.length).toBe(8)
})

describe('Blockscout', () => {
  let blocks: readonly Block[]
  let receipts: ReadonlyMap<Hash, Receipt>
  let transactions: readonly Transaction[]
  let head: number

  beforeAll(async () => {
    head = world.truth.length - 1
    blocks = await inBatches<Block>(
      range(0, head).map((number) => ['eth_getBlockByNumber', toQuantity(number), true]),
      BLOCKS_BATCH,
    )
    transactions = blocks.flatMap((block) => block.transactions)
    const found = await inBatches<Receipt>(
      transactions.map(({ hash }) => ['eth_getTransactionReceipt', hash]),
      RECEIPTS_BATCH,
    )
    receipts = new Map(found.map((receipt) => [receipt.transactionHash, receipt]))
  })

  test('blocks hang together, and their gas is that of their receipts', () => {
    expect(transactions.length).toBeGreaterThan(200)
    for (const [i, block] of blocks.entries()) {
      expect(Number(block.number)).toBe(i)
      if (i > 0) expect(block.parentHash).toBe(blocks[i - 1]!.hash)
      const own = block.transactions.map(({ hash }) => receipts.get(hash)!)
      expect(sum(own.map(({ gasUsed }) => gasUsed))).toBe(BigInt(block.gasUsed))
      expect(own.at(-1)?.cumulativeGasUsed ?? '0x0').toBe(block.gasUsed)
      expect(new Set(own.map(({ blockHash }) => blockHash)).size).toBeLessThanOrEqual(1)
    }
  })

  test('receipts by block are those by transaction', async () => {
    const byBlock = await inBatches<Receipt[]>(
      blocks.map(({ number }) => ['eth_getBlockReceipts', number]),
      BLOCKS_BATCH,
    )
    expect(byBlock.flat()).toEqual(transactions.map(({ hash }) => receipts.get(hash)))
    const logs = byBlock.flat().flatMap((receipt) => receipt.logs)
    expect(await ask('eth_getLogs', { fromBlock: '0x0', toBlock: toQuantity(head) })).toEqual(logs)
  })

  test('balances change by what transactions carry and cost, block by block', async () => {
    const sender = SENDER.address.toLowerCase() as Address
    const at = (address: Address): RpcCall[] =>
      blocks.map(({ number }) => ['eth_getBalance', address, number])
    const balances = (await inBatches<Hex>(at(sender), 100)).map(BigInt)
    for (const [i, block] of blocks.entries()) {
      if (i === 0) continue
      const own = block.transactions.filter(({ from }) => from === sender)
      const spent = own.reduce((total, { hash, value }) => {
        const { gasUsed, effectiveGasPrice, status } = receipts.get(hash)!
        return total + BigInt(gasUsed) * BigInt(effectiveGasPrice) + (status === '0x1' ? BigInt(value) : 0n)
      }, 0n)
      expect(balances[i - 1]! - balances[i]!, `block ${i}`).toBe(spent)
    }
    const sinks = [...world.truth.at(-1)!.balances.keys()]
    const ends = await inBatches<Hex>(
      sinks.map((address) => ['eth_getBalance', address, toQuantity(head)]),
      100,
    )
    const received = transactions.filter(({ to }) => to !== null && sinks.includes(to))
    expect(sum(ends)).toBe(sum(received.map(({ value }) => value)))
  })

  test('code at creation is code now, and contracts are named by their receipts', async () => {
    const created = [...receipts.values()].filter(({ contractAddress }) => contractAddress !== null)
    expect(created.map(({ contractAddress }) => contractAddress)).toEqual([EMITTER, REVERTER])
    const codes = await inBatches<Hex>(
      created.flatMap(({ contractAddress, blockHash }): RpcCall[] => [
        ['eth_getCode', contractAddress, { blockHash }],
        ['eth_getCode', contractAddress, 'latest'],
      ]),
      100,
    )
    expect(codes[0]).toBe(codes[1])
    expect(codes[2]).toBe(codes[3])
    expect(codes[0]).not.toBe('0x')
  })

  test.skipIf(!hasCallProcess)('internal calls of every block fit its transactions', async () => {
    const traces = await inBatches<{ txHash: Hash; result: Call }[]>(
      blocks
        .slice(1)
        .map(({ number }) => ['debug_traceBlockByNumber', number, { tracer: 'callTracer', timeout: '5s' }]),
      BLOCKS_BATCH,
    )
    for (const [i, block] of blocks.slice(1).entries()) {
      const traced = traces[i]!
      expect(traced.map(({ txHash }) => txHash)).toEqual(block.transactions.map(({ hash }) => hash))
      for (const [index, { result }] of traced.entries()) {
        const transaction = block.transactions[index]!
        const receipt = receipts.get(transaction.hash)!
        expect(result.from).toBe(transaction.from)
        expect(result.to).toBe(transaction.to ?? receipt.contractAddress)
        expect(BigInt(result.value ?? '0x0')).toBe(BigInt(transaction.value))
        expect(result.gasUsed).toBe(receipt.gasUsed)
        expect(result.error === undefined).toBe(receipt.status === '0x1')
      }
    }
  })

  test('the rest of its round: counts, uncles, the pool, storage of proxies, the tip of the chain', async () => {
    const counts = await inBatches<Hex>(
      blocks.map(({ number }) => ['eth_getBlockTransactionCountByNumber', number]),
      100,
    )
    expect(counts.map(Number)).toEqual(blocks.map((block) => block.transactions.length))
    const uncles = await inBatches<unknown>(
      blocks.slice(0, 20).map(({ hash }) => ['eth_getUncleByBlockHashAndIndex', hash, '0x0']),
      100,
    )
    expect(uncles.every((uncle) => uncle === null)).toBe(true)
    expect(await ask('txpool_content')).toEqual({ pending: {}, queued: {} })
    // EIP-1967's slot of the implementation: asked of every contract.
    const slot = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc'
    expect(BigInt(await ask<Hex>('eth_getStorageAt', EMITTER, slot, 'latest'))).toBe(0n)
    expect(Number(await ask('eth_blockNumber'))).toBe(head)
    expect(await ask('eth_getTransactionByHash', `0x${'12'.repeat(32)}`)).toBeNull()
  })

  test('a batch larger than a server takes is refused as a whole, with a code', async () => {
    const requests = range(0, 1000).map((id) => ({ jsonrpc: '2.0', id, method: 'eth_chainId', params: [] }))
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(requests),
    })
    expect(await response.json()).toMatchObject({ error: { code: -32600 } })
  })
})
