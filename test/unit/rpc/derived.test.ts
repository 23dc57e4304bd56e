/** A node that derived its chain from blobs on the simulated L1: where each transaction came from, what was dropped, and what the clocks say. */
import { inflateSync } from 'node:zlib'
import {
  createPublicClient,
  getContractAddress,
  hexToBigInt,
  http,
  keccak256,
  type Log,
  type PublicClient,
  pad,
  toHex,
  webSocket,
} from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { headerHash, NO_REQUESTS_HASH } from '../../../src/primitives/header.ts'
import { bytesToHex, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { createProcessCaller } from '../../../src/rpc/caller/processCaller.ts'
import type { Caller } from '../../../src/rpc/deps.ts'
import { createNextBaseFee } from '../../../src/rpc/nextBaseFee.ts'
import type { RpcServer } from '../../../src/rpc/server.ts'
import { connectL1, type Harness, L2_CHAIN_ID, openHarness } from '../../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../../support/derive/payload.ts'
import { createSimulatedL1, type SimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { temporaryDatabase } from '../../support/rpcCalls.ts'
import { EMITTER_INITCODE, hasCallProcess, SENDER, sign } from '../../support/rpcDerived.ts'
import { eventually, rpc, SYNCED, startTestRpc } from '../../support/rpcServer.ts'

let sim: SimulatedL1
let database: Awaited<ReturnType<typeof temporaryDatabase>>
let node: Harness
let caller: Caller
let server: RpcServer
let client: PublicClient
let live: PublicClient
const emitter = getContractAddress({ from: SENDER.address, nonce: 1n }).toLowerCase() as `0x${string}`
const topic = pad('0xabcd')
let payload: Uint8Array
let transactions: Uint8Array[]

beforeAll(async () => {
  sim = createSimulatedL1({ seed: 'rpc' })
  sim.mine()
  transactions = [
    await signTransfer(0),
    await sign({ chainId: L2_CHAIN_ID, nonce: 1, data: EMITTER_INITCODE }),
    await sign({ chainId: L2_CHAIN_ID, nonce: 9, to: emitter }),
    await sign({ chainId: L2_CHAIN_ID, nonce: 2, to: emitter, data: topic }),
    await signTransfer(0),
  ]
  payload = payloadAfter(sim, { blocks: 2, transactions })
  sim.propose({ payload })
  sim.mine()
  sim.propose({ payload: Uint8Array.of(1, 2, 3) })
  database = await temporaryDatabase()
  node = await openHarness({ sim, l1: await connectL1(sim), path: database.path })
  await node.sync()
  caller = createProcessCaller({
    execution: { type: 'rollup', spec: node.spec },
    database: database.path,
  })
  server = await startTestRpc({
    spec: node.spec,
    chain: node.chain,
    state: node.state,
    chainId: L2_CHAIN_ID,
    caller,
    nextBaseFee: createNextBaseFee(node.spec),
    sync: () => ({ ...SYNCED, cursor: { number: sim.head().header.number, hash: sim.head().hash } }),
  })
  client = createPublicClient({ transport: http(server.url), cacheTime: 0 })
  live = createPublicClient({ transport: webSocket(server.wsUrl), cacheTime: 0 })
})

afterAll(async () => {
  const socket = await (
    live.transport as unknown as { getRpcClient(): Promise<{ close(): void }> }
  ).getRpcClient()
  socket.close()
  await server.close()
  await caller.close()
  await node.close()
  await database.remove()
})

const ask = async (method: string, ...params: unknown[]) => {
  const answer = await rpc(server.url, method, params)
  expect(answer.error).toBeUndefined()
  return answer.result as never
}

test('serves blocks whose hash and roots are their own', async () => {
  expect(await client.getBlockNumber()).toBe(3n)
  for (const number of [0n, 1n, 2n, 3n]) {
    const json = await client.getBlock({ blockNumber: number })
    const stored = (await node.chain.blockByNumber(number))!
    expect(json.hash).toBe(headerHash(stored.header))
    if (number > 0n)
      expect(await ask('eth_getBlockByNumber', toHex(number), false)).toMatchObject({
        withdrawals: [],
        uncles: [],
        // The zk gas of the block.
        difficulty: toHex(stored.header.difficulty),
        blobGasUsed: '0x0',
        excessBlobGas: '0x0',
        parentBeaconBlockRoot: ZERO_HASH,
        requestsHash: NO_REQUESTS_HASH,
      })
    expect(stored.header.difficulty > 0n).toBe(number > 0n)
  }
})

test('says from which bytes of which blob a transaction came', async () => {
  const proposals = sim.proposals()
  const inflated = inflateSync(payload.subarray(64))
  for (const [position, raw] of transactions.entries()) {
    if (position === 2 || position === 4) continue
    const hash = keccak256(raw)
    const provenance = (await ask('based_getTransactionProvenance', hash)) as Record<string, unknown>
    const block = sim.blockAt(Number(hexToBigInt((provenance.l1Block as { number: `0x${string}` }).number)))
    expect(provenance).toMatchObject({
      transactionHash: hash,
      blockNumber: '0x1',
      derived: true,
      fork: 'unzen',
      proposalId: '0x1',
      proposer: proposals[0]!.proposer.toLowerCase(),
      l1Block: { hash: block.hash },
      sourceIndex: 0,
      isForcedInclusion: false,
      slice: { offset: 0 },
      blockInSource: 0,
      isAnchor: false,
      position,
    })
    expect(block.transactions.map((transaction) => transaction.hash)).toContain(provenance.l1Transaction)
    const { offset, length } = provenance.listed as { offset: number; length: number }
    expect(bytesToHex(inflated.subarray(offset, offset + length))).toBe(bytesToHex(raw))
  }
  expect(await ask('based_getTransactionProvenance', `0x${'11'.repeat(32)}`)).toBeNull()
})

test('knows the anchor transaction as its own', async () => {
  const { transactions: hashes } = await client.getBlock({ blockNumber: 2n })
  expect(await ask('based_getTransactionProvenance', hashes[0])).toMatchObject({
    isAnchor: true,
    position: null,
    listed: null,
    blockInSource: 1,
  })
})

test('explains what was dropped, by rule', async () => {
  const explained = (await ask('based_explainSource', 1, 0)) as { blocks: { dropped: object[] }[] }
  expect(explained).toMatchObject({ proposalId: '0x1', sourceIndex: 0, fault: null })
  expect(explained.blocks.map(({ dropped }) => dropped)).toEqual([
    [
      { position: 2, rule: 'D-83', reason: expect.any(String), listed: expect.any(Object) },
      { position: 4, rule: 'D-82', reason: expect.any(String), listed: expect.any(Object) },
    ],
    [],
  ])
  expect(await ask('based_explainSource', 1, 1)).toBeNull()
  expect(await ask('based_explainSource', 99, 0)).toBeNull()
})

test('explains a source that became the default', async () => {
  const { fault } = (await ask('based_explainSource', '0x2', 0)) as { fault: { rule: string } }
  expect(fault).toEqual({
    name: expect.any(String),
    rule: expect.stringMatching(/^D-\d+$/),
    detail: expect.any(String),
  })
  const proposal = (await ask('based_getProposal', 2)) as {
    firstBlock: string
    sources: { fault: unknown }[]
  }
  expect(proposal).toMatchObject({ id: '0x2', fork: 'unzen', firstBlock: '0x3', lastBlock: '0x3' })
  expect(proposal.sources[0]!.fault).toEqual(fault)
})

test('tells both layers’ clocks', async () => {
  expect(await ask('based_syncStatus')).toMatchObject({
    synced: true,
    current_l1: { number: Number(sim.head().header.number), hash: sim.head().hash },
    safe_l1: { number: Number(sim.head().header.number) },
    unsafe_l2: { number: 3, hash: node.chain.heads().latest.hash },
    safe_l2: { number: 3 },
    preconfirmed_l2: null,
  })
  expect(await ask('based_rollupConfig')).toMatchObject({ l2: { chainId: toHex(L2_CHAIN_ID) } })
})

test('gives proofs that the header’s state root holds', async () => {
  const proof = await client.getProof({ address: emitter, storageKeys: [pad('0x')], blockNumber: 1n })
  const { stateRoot } = await client.getBlock({ blockNumber: 1n })
  expect(keccak256(proof.accountProof[0]!)).toBe(stateRoot)
  expect(keccak256(proof.storageProof[0]!.proof[0]!)).toBe(proof.storageHash)
  expect(proof.storageProof[0]!.value).toBe(1n)
})

test('suggests the fee the next block will ask, and counts no anchor among the tips', async () => {
  expect(await client.estimateMaxPriorityFeePerGas()).toBe(7n)
  const { reward, baseFeePerGas } = await client.getFeeHistory({ blockCount: 3, rewardPercentiles: [0, 100] })
  expect(reward).toEqual([
    [1n, 7n],
    [0n, 0n],
    [0n, 0n],
  ])
  expect(await client.getGasPrice()).toBe(baseFeePerGas.at(-1)! + 7n)
})

test.skipIf(!hasCallProcess)('calls and estimates in a process', async () => {
  const { data } = await client.call({
    to: emitter,
    stateOverride: [{ address: emitter, code: '0x5f545f5260205ff3' }],
  })
  expect(hexToBigInt(data!)).toBe(1n)
  const gas = await client.estimateGas({ account: SENDER.address, to: emitter, data: topic })
  const raw = await sign({ chainId: L2_CHAIN_ID, nonce: 3, to: emitter, data: topic, gas })
  sim.mine()
  sim.propose({ payload: payloadAfter(sim, { transactions: [raw] }) })
  await node.sync()
  const receipt = await client.getTransactionReceipt({ hash: keccak256(raw) })
  expect(receipt.status).toBe('success')
  expect(receipt.logs[0]!.topics).toEqual([topic])
  expect(Number(receipt.gasUsed) / Number(gas)).toBeGreaterThan(0.98)
  expect(await client.estimateGas({ account: SENDER.address, to: `0x${'99'.repeat(20)}`, value: 1n })).toBe(
    21_000n,
  )
  expect(await client.estimateGas({ account: SENDER.address, data: EMITTER_INITCODE })).toBeGreaterThan(
    53_000n,
  )
})

test.skipIf(!hasCallProcess)(
  'an estimate under Unzen has no more gas than one transaction may have; a call has what it asks for',
  async () => {
    const call = { from: SENDER.address, to: emitter, gas: toHex(20_000_000) }
    const withCode = (code: string) => ({ [emitter]: { code } })
    // JUMPDEST, PUSH0, JUMP: whatever gas it has is too little.
    const { error } = await rpc(server.url, 'eth_estimateGas', [call, 'latest', withCode('0x5b5f56')])
    expect(error?.message).toBe(`gas required exceeds allowance (${2 ** 24})`)
    // Without a limit of its own it has that of the block.
    const { gas: _, ...free } = call
    const { gasLimit } = await client.getBlock()
    expect(gasLimit).toBeLessThan(2n ** 24n)
    const other = await rpc(server.url, 'eth_estimateGas', [free, 'latest', withCode('0x5b5f56')])
    expect(other.error?.message).toBe(`gas required exceeds allowance (${gasLimit})`)
    // GAS, returned.
    const left: string = await ask('eth_call', call, 'latest', withCode('0x5a5f5260205ff3'))
    expect(BigInt(left)).toBe(20_000_000n - 21_000n - 2n)
  },
)

test.skipIf(!hasCallProcess)(
  'ends a call that runs too long, while everything else is answered',
  async () => {
    const slow = await startTestRpc(
      { chain: node.chain, state: node.state, chainId: L2_CHAIN_ID, caller },
      { limits: { callTimeoutMs: 700, callGasMax: 10n ** 13n } },
    )
    // JUMPDEST, PUSH0, JUMP
    const loop = { to: emitter }
    const override = { [emitter]: { code: '0x5b5f56' } }
    let isEnded = false
    const ended = rpc(slow.url, 'eth_call', [loop, 'latest', override]).then((answer) => {
      isEnded = true
      return answer
    })
    const answersMeanwhile: boolean[] = []
    for (let i = 0; i < 5; i++) {
      expect(await rpc(slow.url, 'eth_blockNumber')).toMatchObject({ result: expect.any(String) })
      answersMeanwhile.push(!isEnded)
    }
    expect(answersMeanwhile).toContain(true)
    expect(await ended).toMatchObject({ error: { code: -32002, message: 'execution ran too long' } })
    const after = await rpc(server.url, 'eth_call', [
      { to: emitter },
      'latest',
      { [emitter]: { code: '0x60205ff3' } },
    ])
    expect(after).toMatchObject({ result: `0x${'00'.repeat(32)}` })
    await slow.close()
  },
)

test('tells subscribers what an L1 reorg took back', async () => {
  const logs: Log[] = []
  const numbers: bigint[] = []
  const stopLogs = live.watchEvent({ address: emitter, onLogs: (batch) => logs.push(...batch) })
  const stopBlocks = live.watchBlocks({ onBlock: ({ number }) => numbers.push(number) })
  await eventually(async () => expect(await live.getBlockNumber()).toBe(node.chain.heads().latest.number))
  const before = node.chain.heads().latest.number
  const nonce = await client.getTransactionCount({ address: SENDER.address })
  sim.mine()
  const raw = await sign({ chainId: L2_CHAIN_ID, nonce, to: emitter, data: topic })
  sim.propose({ payload: payloadAfter(sim, { transactions: [raw] }) })
  await node.sync()
  await eventually(() => expect(numbers).toEqual([before + 1n]))
  await eventually(() => expect(logs.map(({ removed }) => removed)).toEqual([false]))

  const branch = sim.fork(Number(sim.head().header.number) - 1)
  for (let i = 0; i < 3; i++) branch.mine()
  sim.setHead(branch.tip().hash)
  await node.sync()
  await eventually(() => expect(logs.map(({ removed }) => removed)).toEqual([false, true]))
  expect(logs[1]).toMatchObject({ transactionHash: keccak256(raw), blockHash: logs[0]!.blockHash })
  expect(await client.getBlockNumber()).toBe(before)
  expect(await ask('eth_getTransactionReceipt', keccak256(raw))).toBeNull()
  stopLogs()
  stopBlocks()
})
