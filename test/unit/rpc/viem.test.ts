/** What a wallet does, done by viem against the running server, on the chain of the execution-apis conversations. */
import {
  BlockNotFoundError,
  createPublicClient,
  createWalletClient,
  defineChain,
  hexToBigInt,
  http,
  keccak256,
  type Log,
  type PublicClient,
  parseGwei,
  TransactionNotFoundError,
  webSocket,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StoredBlock } from '../../../src/chain/chain.ts'
import { headerHash } from '../../../src/primitives/header.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import type { RpcServer } from '../../../src/rpc/server.ts'
import { type EthereumChain, executeEthereumChain, hasExecutionApis } from '../../support/rpcEthereumChain.ts'
import { createTestChain, eventually, startTestRpc, type TestChain } from '../../support/rpcServer.ts'

const EMITTER = '0x7dcd17433742f4c0ca53122ab541d0ba67fc27df'

describe.skipIf(!hasExecutionApis)('a viem client', () => {
  let ethereum: EthereumChain
  let testChain: TestChain
  let server: RpcServer
  let client: PublicClient
  let live: PublicClient

  beforeAll(async () => {
    ethereum = await executeEthereumChain()
    testChain = await createTestChain(ethereum.blocks[0]!)
    await testChain.commit({ blocks: ethereum.blocks.slice(1) })
    server = await startTestRpc({ ...ethereum, chain: testChain.chain })
    const chain = defineChain({
      id: Number(ethereum.chainId),
      name: 'test',
      nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      rpcUrls: { default: { http: [server.url] } },
    })
    client = createPublicClient({ chain, transport: http(server.url), cacheTime: 0 })
    live = createPublicClient({ chain, transport: webSocket(server.wsUrl), cacheTime: 0 })
  })

  afterAll(async () => {
    if (!hasExecutionApis) return
    const socket = await (
      live.transport as unknown as { getRpcClient(): Promise<{ close(): void }> }
    ).getRpcClient()
    socket.close()
    await server.close()
    await testChain.close()
    await ethereum.close()
  })

  const blockAt = (number: number) => ethereum.blocks[number]!

  test('reads the node', async () => {
    expect(await client.getChainId()).toBe(Number(ethereum.chainId))
    expect(await client.getBlockNumber()).toBe(54n)
    expect(await client.request({ method: 'web3_clientVersion' })).toBe('plumbline/test')
    expect(await client.request({ method: 'web3_sha3', params: ['0x68656c6c6f'] })).toBe(
      keccak256('0x68656c6c6f'),
    )
    expect(await client.request({ method: 'eth_accounts' } as never)).toEqual([])
    expect(await client.request({ method: 'eth_syncing' } as never)).toBe(false)
  })

  test('reads every block with its transactions and receipts', async () => {
    for (const stored of ethereum.blocks) {
      const blockNumber = stored.header.number
      const block = await client.getBlock({ blockNumber, includeTransactions: true })
      expect(block.hash).toBe(stored.hash)
      expect(block.size).toBe(BigInt(stored.size))
      expect(
        block.transactions.map(({ hash, from, to, type, transactionIndex }) => [
          hash,
          from,
          to,
          type,
          transactionIndex,
        ]),
      ).toEqual(
        stored.transactions.map(({ hash, sender, to, receipt }, index) => [
          hash,
          sender,
          to,
          ['legacy', 'eip2930', 'eip1559', 'eip4844', 'eip7702'][receipt.type],
          index,
        ]),
      )
      expect((await client.getBlock({ blockHash: stored.hash })).transactions).toEqual(
        stored.transactions.map(({ hash }) => hash),
      )
      expect(await client.getBlockTransactionCount({ blockNumber })).toBe(stored.transactions.length)
      for (const transaction of stored.transactions) {
        const receipt = await client.getTransactionReceipt({ hash: transaction.hash })
        expect([
          receipt.status,
          receipt.gasUsed,
          receipt.effectiveGasPrice,
          receipt.logs.length,
          receipt.blockHash,
        ]).toEqual([
          // Receipts before Byzantium hold a root in its place.
          transaction.receipt.stateRoot !== undefined
            ? null
            : transaction.receipt.succeeded
              ? 'success'
              : 'reverted',
          transaction.gasUsed,
          transaction.effectiveGasPrice,
          transaction.receipt.logs.length,
          stored.hash,
        ])
      }
    }
  })

  test('gets clear answers about what does not exist', async () => {
    await expect(client.getBlock({ blockNumber: 55n })).rejects.toThrow(BlockNotFoundError)
    await expect(client.getBlock({ blockNumber: 2n ** 70n })).rejects.toThrow(BlockNotFoundError)
    await expect(client.getTransaction({ hash: `0x${'12'.repeat(32)}` })).rejects.toThrow(
      TransactionNotFoundError,
    )
    await expect(client.getBalance({ address: EMITTER, blockNumber: 55n })).rejects.toThrow('block not found')
  })

  test('reads state now and in the past', async () => {
    const latest = await client.getStorageAt({ address: EMITTER, slot: '0x0' })
    const past = await client.getStorageAt({ address: EMITTER, slot: '0x0', blockNumber: 4n })
    expect(hexToBigInt(latest!)).toBe(0x38n)
    expect(hexToBigInt(past!)).toBeLessThan(0x38n)
    expect(await client.getCode({ address: EMITTER })).toMatch(/^0x3680/)
    expect(await client.getCode({ address: '0x00000000000000000000000000000000000000aa' })).toBeUndefined()
    const sender = blockAt(1).transactions[0]!.sender
    expect(await client.getTransactionCount({ address: sender, blockNumber: 1n })).toBe(4)
    expect(await client.getTransactionCount({ address: sender, blockNumber: 0n })).toBe(0)
    const proof = await client.getProof({ address: EMITTER, storageKeys: [`0x${'00'.repeat(32)}`] })
    expect(proof.storageProof[0]!.value).toBe(0x38n)
    expect(keccak256(proof.accountProof[0]!)).toBe(blockAt(54).header.stateRoot)
  })

  test('calls and estimates', async () => {
    const callEnv = '0x9344b07175800259691961298ca11c824e65032d'
    const { data } = await client.call({ to: callEnv })
    expect(hexToBigInt(`0x${data!.slice(2, 66)}`)).toBe(54n)
    const { data: past } = await client.call({ to: callEnv, blockNumber: 40n })
    expect(hexToBigInt(`0x${past!.slice(2, 66)}`)).toBe(40n)
    // PUSH1 42, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN
    const code = '0x602a5f5260205ff3'
    const overridden = await client.call({ to: callEnv, stateOverride: [{ address: callEnv, code }] })
    expect(hexToBigInt(overridden.data!)).toBe(42n)
    expect(
      await client.estimateGas({ account: EMITTER, to: '0x00000000000000000000000000000000000000aa' }),
    ).toBe(21_000n)
    const reverting = '0x0ee3ab1371c93e7c0c281cc0c2107cdebc8b1930'
    await expect(client.call({ to: reverting, data: '0x01' })).rejects.toThrow('user error')
    await expect(client.estimateGas({ to: reverting, data: '0x01' })).rejects.toThrow('user error')
  })

  test('finds logs', async () => {
    const expected = ethereum.blocks.flatMap((block) =>
      block.transactions.flatMap(({ receipt }) => receipt.logs.filter(({ address }) => address === EMITTER)),
    )
    const logs = await client.getLogs({ address: EMITTER, fromBlock: 0n, toBlock: 'latest' })
    expect(logs.length).toBe(expected.length)
    expect(logs.length).toBeGreaterThan(10)
    const one = logs[3]!
    expect(await client.getLogs({ blockHash: one.blockHash })).toContainEqual(one)
  })

  test('names blocks as EIP-1898 does', async () => {
    const slot = async (block: unknown) =>
      (await client.request({
        method: 'eth_getStorageAt',
        params: [EMITTER, '0x0', block],
      } as never)) as string
    const { hash } = blockAt(4)
    const past = await slot('0x4')
    expect(await slot({ blockNumber: '0x4' })).toBe(past)
    expect(await slot({ blockHash: hash })).toBe(past)
    expect(await slot({ blockHash: hash, requireCanonical: true })).toBe(past)
    expect(await slot(hash)).toBe(past)
    expect(await slot('earliest')).toBe(`0x${'00'.repeat(32)}`)
    expect(await slot('pending')).toBe(await slot('latest'))
    await expect(slot({ blockHash: hash, blockNumber: '0x4' })).rejects.toThrow('parameter 2 (block)')
    await expect(slot({ blockHash: `0x${'12'.repeat(32)}` })).rejects.toThrow('block not found')
  })

  test('suggests fees', async () => {
    const fees = await client.estimateFeesPerGas()
    expect(fees.maxFeePerGas).toBeGreaterThan(0x16dfe9bn)
    expect(await client.getGasPrice()).toBe(0x16dfe9bn + (await client.estimateMaxPriorityFeePerGas()))
    const history = await client.getFeeHistory({ blockCount: 4, rewardPercentiles: [0, 50, 100] })
    expect(history.oldestBlock).toBe(51n)
    expect(history.baseFeePerGas).toEqual([
      ...[51, 52, 53, 54].map((number) => blockAt(number).header.baseFeePerGas),
      0x16dfe9bn,
    ])
    expect(history.reward!.map((row) => row.length)).toEqual([3, 3, 3, 3])
    expect(await client.getFeeHistory({ blockCount: 1024, rewardPercentiles: [] })).toMatchObject({
      oldestBlock: 0n,
    })
  })

  test('sends a transaction and reads it back while it waits', async () => {
    const stranger = privateKeyToAccount(`0x${'11'.repeat(32)}`)
    const wallet = createWalletClient({
      account: stranger,
      chain: client.chain!,
      transport: http(server.url),
    })
    const transaction = {
      to: EMITTER,
      value: 1n,
      gas: 21_000n,
      nonce: 0,
      maxFeePerGas: parseGwei('1'),
      maxPriorityFeePerGas: 1n,
    } as const
    await expect(wallet.sendTransaction(transaction)).rejects.toThrow(/insufficient funds/)
    // A transaction of a funded account, signed by the conversation's recorder.
    const raw =
      '0xf86c808401a213988261a894aa000000000000000000000000000000000000000a8255448718e5bb3abd109fa073fbe7ff7e74339e7cc61fb3cb3f7630cd3f1d5fef653d7297654b2d22894daea042a188d30f35f19408c73c803bc1e9e17ce129c457e31fd2a368b54507af2f4c'
    const hash = await client.sendRawTransaction({ serializedTransaction: raw })
    expect(hash).toBe(keccak256(raw))
    const pending = await client.getTransaction({ hash })
    expect([pending.blockHash, pending.nonce, pending.value]).toEqual([null, 0, 10n])
    expect(await client.getTransactionCount({ address: pending.from, blockTag: 'pending' })).toBe(1)
    expect(await client.getTransactionCount({ address: pending.from })).toBe(0)
    await expect(client.sendRawTransaction({ serializedTransaction: raw })).rejects.toThrow(/already known/)
  })

  test('hears of what waits', async () => {
    const heard: Hash[] = []
    const polled = await client.createPendingTransactionFilter()
    const stop = live.watchPendingTransactions({ onTransactions: (hashes) => heard.push(...hashes) })
    await eventually(async () => expect(await live.getBlockNumber()).toBe(54n))
    // With an access list; from another of the conversations.
    const raw =
      '0x01f8cc870c72dd9d5e883e028401a2158b83015f90947dcd17433742f4c0ca53122ab541d0ba67fc27df8083010203f85bf859947dcd17433742f4c0ca53122ab541d0ba67fc27dff842a00000000000000000000000000000000000000000000000000000000000000000a0010000000000000000000000000000000000000000000000000000000000000080a077c7fff2b3316a4a0b112a12eed09f6f10d31f3f4600a882301970ecb8451644a02e2136e1c2c3244ad1dfd367c11de1c288faba87991a8866b3fbbbda6033fa0b'
    const hash = await client.sendRawTransaction({ serializedTransaction: raw })
    await eventually(() => expect(heard).toEqual([hash]))
    expect(await client.getFilterChanges({ filter: polled })).toEqual([hash])
    stop()
  })

  test('watches blocks and events, and hears what a reorg takes back', async () => {
    const numbers: bigint[] = []
    const logs: Log[] = []
    const stopBlocks = live.watchBlocks({ onBlock: ({ number }) => numbers.push(number!) })
    const stopLogs = live.watchEvent({ address: EMITTER, onLogs: (batch) => logs.push(...batch) })
    // Both subscriptions are in place once a later request on the same connection is answered.
    await eventually(async () => expect(await live.getBlockNumber()).toBe(54n))
    await testChain.commit({ keep: 52n })
    await testChain.commit({ blocks: [blockAt(53), blockAt(54)] })
    await eventually(() => expect(numbers).toEqual([53n, 54n]))
    const fresh = logs.length
    expect(fresh).toBeGreaterThan(0)
    expect(logs.every(({ removed }) => removed === false)).toBe(true)

    const other = withExtraData(blockAt(53), blockAt(52).hash)
    await testChain.commit({ keep: 52n, blocks: [other] })
    await eventually(() => expect(numbers).toEqual([53n, 54n, 53n]))
    const removed = logs.filter((log) => log.removed)
    expect(removed.map(({ blockHash }) => blockHash).sort()).toEqual(
      logs
        .slice(0, fresh)
        .map(({ blockHash }) => blockHash)
        .sort(),
    )
    expect(logs.filter((log) => log.blockHash === other.hash).length).toBe(
      other.transactions.flatMap(({ receipt }) => receipt.logs.filter(({ address }) => address === EMITTER))
        .length,
    )
    stopBlocks()
    stopLogs()
    await testChain.commit({ keep: 52n, blocks: [blockAt(53), blockAt(54)] })
  })

  test('polls filters', async () => {
    const blocks = await client.createBlockFilter()
    const logs = await client.createEventFilter({ address: EMITTER })
    const other = withExtraData(blockAt(53), blockAt(52).hash)
    await testChain.commit({ keep: 52n, blocks: [other] })
    const hashes: Hash[] = []
    await eventually(async () => {
      hashes.push(...(await client.getFilterChanges({ filter: blocks })))
      expect(hashes).toEqual([other.hash])
    })
    await testChain.commit({ keep: 52n, blocks: [blockAt(53), blockAt(54)] })
    await eventually(async () => {
      hashes.push(...(await client.getFilterChanges({ filter: blocks })))
      expect(hashes).toEqual([other.hash, blockAt(53).hash, blockAt(54).hash])
    })
    const changes = await client.getFilterChanges({ filter: logs })
    expect(changes.length).toBeGreaterThan(0)
    expect(await client.getFilterChanges({ filter: logs })).toEqual([])
    expect(await client.uninstallFilter({ filter: logs })).toBe(true)
    await expect(client.getFilterChanges({ filter: logs })).rejects.toThrow('filter not found')
  })
})

function withExtraData(block: StoredBlock, parentHash: Hash): StoredBlock {
  const header = { ...block.header, parentHash, extraData: Uint8Array.of(1) }
  return { ...block, header, hash: headerHash(header) }
}
