/** The simulated L1 answers as an execution client does: viem's public client reads it, in process and over a socket. */
import { createPublicClient, custom, http, parseAbiItem } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBusyChain } from '../../support/l1/busyChain.ts'
import { INBOX_ABI } from '../../support/l1/inboxAbi.ts'
import { type L1Server, serveL1 } from '../../support/l1/server.ts'

const l1 = createBusyChain({ seed: 1 })
l1.setFinalized(3)
l1.setSafe(5)
let server: L1Server
beforeAll(async () => {
  server = await serveL1(l1)
})
afterAll(() => server.close())

const inProcess = createPublicClient({
  transport: custom({ request: ({ method, params }) => l1.request(method, params) }),
})
const overHttp = () => createPublicClient({ transport: http(server.url, { batch: true }) })

describe.each([
  ['in process', () => inProcess],
  ['over HTTP, in batches', overHttp],
])('viem %s', (_, client) => {
  test('reads blocks by number, hash and tag', async () => {
    const head = await client().getBlock({ includeTransactions: true })
    expect(head.hash).toBe(l1.head().hash)
    expect(head.timestamp).toBe(l1.head().header.timestamp)
    const byHash = await client().getBlock({ blockHash: l1.blockAt(3).hash })
    expect(byHash.transactions).toEqual(l1.blockAt(3).transactions.map((transaction) => transaction.hash))
    expect((await client().getBlock({ blockTag: 'finalized' })).number).toBe(3n)
    expect((await client().getBlock({ blockTag: 'safe' })).number).toBe(5n)
    expect((await client().getBlock({ blockTag: 'earliest' })).number).toBe(0n)
    await expect(client().getBlock({ blockNumber: 999n })).rejects.toThrow('could not be found')
  })

  test('reads transactions and receipts of every type', async () => {
    const block = l1.blockAt(6)
    for (const [index, { hash, type, blobHashes }] of block.transactions.entries()) {
      const transaction = await client().getTransaction({ hash })
      expect([transaction.typeHex, transaction.transactionIndex]).toEqual([`0x${type}`, index])
      expect(transaction.blobVersionedHashes ?? []).toEqual(blobHashes)
      const receipt = await client().getTransactionReceipt({ hash })
      expect(receipt.status).toBe('success')
      expect(receipt.logs).toHaveLength(block.receipts[index]!.logs.length)
      expect(receipt.blobGasUsed ?? 0n).toBe(131_072n * BigInt(blobHashes.length))
    }
    expect(block.transactions.map(({ type }) => type)).toEqual([3, 2, 3])
  })

  test('finds and decodes our events, numbered through the block', async () => {
    const logs = await client().getLogs({
      address: l1.config.inbox,
      event: INBOX_ABI[0],
      fromBlock: 0n,
      toBlock: 'latest',
      strict: true,
    })
    expect(logs.map(({ args }) => args.id)).toEqual([0, 1, 2, 3])
    expect(logs.map(({ logIndex }) => logIndex)).toEqual([0, 3, 1, 0])
    const [own] = logs[2]!.args.sources.slice(-1)
    expect(own!.blobSlice.blobHashes).toEqual(l1.blockAt(6).transactions[2]!.blobHashes)
  })

  test('filters by indexed argument and by block hash', async () => {
    const blockHash = l1.blockAt(9).hash
    const transfer = parseAbiItem('event Transfer(address indexed from, address indexed to, uint256 value)')
    expect(await client().getLogs({ blockHash })).toHaveLength(3)
    expect(await client().getLogs({ blockHash, event: transfer })).toHaveLength(2)
    const byId = { address: l1.config.inbox, event: INBOX_ABI[0], fromBlock: 0n, toBlock: 'latest' } as const
    expect(await client().getLogs({ ...byId, args: { id: 2 } })).toHaveLength(1)
    expect(await client().getLogs({ ...byId, args: { id: [1, 3] } })).toHaveLength(2)
    expect(await client().getLogs({ ...byId, args: { id: 7 } })).toEqual([])
  })

  test('reads chain id, code and the inbox', async () => {
    expect(await client().getChainId()).toBe(31_337)
    expect(await client().getCode({ address: l1.config.inbox })).toMatch(/^0x[0-9a-f]+$/)
    expect(await client().getCode({ address: `0x${'99'.repeat(20)}` })).toBeUndefined()
    const inbox = { address: l1.config.inbox, abi: INBOX_ABI }
    const state = await client().readContract({ ...inbox, functionName: 'getCoreState' })
    expect(state).toMatchObject({ nextProposalId: 4, lastFinalizedProposalId: 2 })
    const hash = await client().readContract({ ...inbox, functionName: 'getProposalHash', args: [3n] })
    expect(hash).toBe(l1.head().inbox.proposals!.hash)
    const past = { ...inbox, functionName: 'getForcedInclusionState', blockNumber: 5n } as const
    expect(await client().readContract(past)).toEqual([0, 1])
  })
})

describe('shapes', () => {
  test('what is unknown is null, and raw transactions are the bytes of the trie', async () => {
    const unknown = `0x${'ab'.repeat(32)}`
    for (const method of [
      'eth_getBlockByHash',
      'eth_getBlockReceipts',
      'eth_getTransactionByHash',
      'eth_getTransactionReceipt',
    ])
      expect(await l1.request(method, [unknown, false])).toBeNull()
    const { hash, raw } = l1.blockAt(3).transactions[0]!
    expect(await l1.request('eth_getRawTransactionByHash', [hash])).toBe(
      `0x${Buffer.from(raw).toString('hex')}`,
    )
  })

  test('receipts of a block, by number and by hash, are those of its transactions', async () => {
    const block = l1.blockAt(3)
    const byHash = await l1.request('eth_getBlockReceipts', [block.hash])
    expect(await l1.request('eth_getBlockReceipts', ['0x3'])).toEqual(byHash)
    const single = block.transactions.map(({ hash }) => l1.request('eth_getTransactionReceipt', [hash]))
    expect(await Promise.all(single)).toEqual(byHash)
  })

  test('errors carry the codes clients know', async () => {
    await expect(l1.request('eth_nonsense')).rejects.toMatchObject({ code: -32601 })
    await expect(l1.request('eth_getBlockByNumber', ['7', false])).rejects.toMatchObject({ code: -32602 })
    await expect(l1.request('eth_getLogs', [{ blockHash: `0x${'ab'.repeat(32)}` }])).rejects.toMatchObject({
      code: -32000,
    })
    const response = await l1.fetch('/', { method: 'POST', body: '{' })
    expect(await response.json()).toMatchObject({ error: { code: -32700 } })
  })

  test('a provider may limit ranges and results', async () => {
    const limited = createBusyChain({ seed: 1, logRangeMax: 5, logResultsMax: 2 })
    const logs = (fromBlock: string, toBlock: string) =>
      limited.request('eth_getLogs', [{ fromBlock, toBlock }])
    await expect(logs('0x0', '0x5')).rejects.toMatchObject({ code: -32602 })
    await expect(logs('0x3', '0x3')).rejects.toMatchObject({ code: -32005 })
    expect(await logs('0x1', '0x2')).toHaveLength(2)
  })
})
