/** Reads at any age: what the RPC says of an old block is what was true then, whatever came and went since. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bytesToHex, type Hash, type Hex, toQuantity } from '../../../src/primitives/hex.ts'
import { createProcessCaller } from '../../../src/rpc/caller/processCaller.ts'
import type { Caller } from '../../../src/rpc/deps.ts'
import { createNextBaseFee } from '../../../src/rpc/nextBaseFee.ts'
import type { RpcServer } from '../../../src/rpc/server.ts'
import { L2_CHAIN_ID } from '../../support/derive/harness.ts'
import { provenAccount, provenSlot } from '../../support/merkleProof.ts'
import { hasCallProcess, SENDER } from '../../support/rpcDerived.ts'
import {
  createHistoryWorld,
  EMITTER,
  type HistoryWorld,
  sinkOf,
  type Truth,
} from '../../support/rpcHistory.ts'
import { type RpcCall, rpc, rpcBatch, startTestRpc } from '../../support/rpcServer.ts'

const LANDED = 60
const UNSAFE = 200
const WINDOW = 96
const SLOT: Hash = `0x${'00'.repeat(32)}`
const SINK = sinkOf(3)

let world: HistoryWorld
let caller: Caller
let server: RpcServer

beforeAll(async () => {
  world = await createHistoryWorld({
    seed: 'history',
    landed: LANDED,
    unsafe: UNSAFE,
    nodeWindowBlocks: WINDOW,
  })
  const { node, database, l1, sim } = world
  caller = createProcessCaller({ execution: { type: 'rollup', spec: node.spec }, database, processes: 1 })
  server = await startTestRpc({
    ...{ spec: node.spec, chain: node.chain, state: node.state, chainId: L2_CHAIN_ID, caller },
    nextBaseFee: createNextBaseFee(node.spec),
    sync: () => ({
      ...{ startL1Block: 0n, isSynced: true, problems: [] },
      cursor: { number: sim.head().header.number, hash: sim.head().hash },
      l1: l1.status(),
    }),
  })
}, 240_000)
afterAll(async () => {
  await server.close()
  await caller.close()
  await world.close()
})

const batch = (calls: readonly RpcCall[]) => rpcBatch(server.url, calls)
const word = (value: bigint): Hash => `0x${value.toString(16).padStart(64, '0')}`
const ask = async (method: string, ...params: unknown[]) => {
  const { result, error } = await rpc(server.url, method, params)
  if (error !== undefined) throw new Error(`${error.code} ${error.message}`)
  return result as never
}

/** What reads at one block, named as `block`, have to answer. */
function readsAt(truth: Truth, block: unknown): readonly (readonly [RpcCall, unknown])[] {
  const hasCode = truth.number > 0
  return [
    [['eth_getBalance', SINK, block], toQuantity(truth.balances.get(SINK) ?? 0n)],
    [['eth_getTransactionCount', SENDER.address, block], toQuantity(truth.nonce)],
    [['eth_getCode', EMITTER, block], hasCode ? '0x5f355f5fa15f546001015f5500' : '0x'],
    [['eth_getStorageAt', EMITTER, SLOT, block], word(truth.counter)],
  ]
}

test('the chain has some age: blocks that came and went, two heads and a finalized one', () => {
  const heads = world.node.chain.heads()
  expect(world.truth.length).toBe(LANDED + UNSAFE + 1)
  expect(heads).toMatchObject({ latest: { number: 260n }, safe: { number: 60n } })
  expect(heads.finalized.number).toBeGreaterThan(0n)
  expect(heads.finalized.number).toBeLessThan(60n)
  const lostFromL1 = world.lost.filter(({ number }) => number <= LANDED)
  expect(lostFromL1.length).toBeGreaterThan(5)
  expect(world.lost.length - lostFromL1.length).toBeGreaterThan(10)
  expect(world.truth.at(-1)!.counter).toBeGreaterThan(100n)
})

test('balance, nonce, code and storage at every block, by its number', async () => {
  const wanted = world.truth.flatMap((truth) => readsAt(truth, toQuantity(truth.number)))
  const answers: unknown[] = []
  for (let i = 0; i < wanted.length; i += 500)
    answers.push(...(await batch(wanted.slice(i, i + 500).map(([call]) => call))))
  expect(answers).toEqual(wanted.map(([, answer]) => answer))
})

test('the same by its hash, bare or as EIP-1898 has it, whether it has to be canonical or not', async () => {
  for (const truth of world.truth.filter(({ number }) => number % 40 === 7)) {
    const { hash } = truth
    for (const block of [
      hash,
      { blockHash: hash },
      { blockHash: hash, requireCanonical: true },
      { blockHash: hash, requireCanonical: false },
      { blockNumber: toQuantity(truth.number) },
    ]) {
      const wanted = readsAt(truth, block)
      expect(await batch(wanted.map(([call]) => call))).toEqual(wanted.map(([, answer]) => answer))
    }
  }
})

test('by tag every method answers as by the number that the tag stands for', async () => {
  const { finalized, safe, latest } = world.node.chain.heads()
  const tags = {
    earliest: 0n,
    finalized: finalized.number,
    safe: safe.number,
    latest: latest.number,
    pending: latest.number,
  }
  const perBlock = (block: string): readonly RpcCall[] => [
    ...readsAt(world.truth[0]!, block).map(([call]) => call),
    ['eth_getBlockByNumber', block, true],
    ['eth_getBlockTransactionCountByNumber', block],
    ['eth_getUncleCountByBlockNumber', block],
    ['eth_getBlockReceipts', block],
    ['eth_getTransactionByBlockNumberAndIndex', block, '0x0'],
    ['eth_feeHistory', '0x3', block, [50]],
    ['eth_getLogs', { fromBlock: block, toBlock: block }],
    ...(block === 'earliest' || block === '0x0' || block === 'finalized'
      ? []
      : [['based_orderingProvider', block] as const]),
  ]
  for (const [tag, number] of Object.entries(tags)) {
    const byNumber = perBlock(toQuantity(number))
    const byTag = perBlock(tag).slice(0, byNumber.length)
    expect(await batch(byTag), tag).toEqual(await batch(byNumber.slice(0, byTag.length)))
  }
})

test.skipIf(!hasCallProcess)(
  'a call at an old block runs on the state of then, and knows its number',
  async () => {
    // SLOAD of slot 0 and the block's number, both returned.
    const code: Hex = '0x5f545f524360205260405ff3'
    for (const truth of world.truth.filter(({ number }) => number % 23 === 5 && number > 0)) {
      const at = { blockHash: truth.hash }
      const answer = await ask('eth_call', { to: EMITTER }, at, { [EMITTER]: { code } })
      expect(answer, `block ${truth.number}`).toBe(
        `${word(truth.counter)}${word(BigInt(truth.number)).slice(2)}`,
      )
    }
    const before = world.truth[0]!
    expect(await ask('eth_call', { to: EMITTER }, toQuantity(before.number))).toBe('0x')
  },
)

test('logs of every range are those of its transactions, in order', async () => {
  const knownLogs = (from: number, to: number, topic?: Hash) =>
    world.truth
      .slice(from, to + 1)
      .flatMap(({ hash, transactions }) =>
        transactions
          .filter((each) => each.topic !== undefined && (topic === undefined || each.topic === topic))
          .map((each) => [hash, each.hash, each.topic]),
      )
  const found = (logs: readonly { blockHash: Hash; transactionHash: Hash; topics: readonly Hash[] }[]) =>
    logs.map(({ blockHash, transactionHash, topics }) => [blockHash, transactionHash, topics[0]])
  const topic = word(2n)
  for (const [from, to] of [
    [0, 260],
    [1, 1],
    [20, 35],
    [55, 70],
    [100, 227],
    [260, 260],
  ] as const) {
    const range = { fromBlock: toQuantity(from), toBlock: toQuantity(to) }
    expect(found(await ask('eth_getLogs', { ...range, address: EMITTER }))).toEqual(knownLogs(from, to))
    expect(found(await ask('eth_getLogs', { ...range, address: [EMITTER], topics: [[topic]] }))).toEqual(
      knownLogs(from, to, topic),
    )
  }
  const some = world.truth.find(({ transactions }) => transactions.some((each) => each.topic !== undefined))!
  expect(found(await ask('eth_getLogs', { blockHash: some.hash, address: EMITTER }))).toEqual(
    knownLogs(some.number, some.number),
  )
})

test('what was given up is gone by hash, and its transactions are where they are now', async () => {
  const canonical = new Map(
    world.truth.flatMap((block) => block.transactions.map(({ hash }) => [hash, block.hash] as const)),
  )
  const gone = world.lost.filter(({ hash }) => !world.truth.some((block) => block.hash === hash))
  expect(gone.length).toBeGreaterThan(10)
  for (const { hash, transactions } of gone.slice(0, 12)) {
    expect(await ask('eth_getBlockByHash', hash, false)).toBeNull()
    expect(await ask('eth_getBlockReceipts', hash)).toBeNull()
    const at = { blockHash: hash, requireCanonical: true }
    await expect(ask('eth_getBalance', SINK, at)).rejects.toThrow('-32000 block not found')
    await expect(ask('eth_call', { to: EMITTER }, at)).rejects.toThrow('-32000 block not found')
    await expect(ask('eth_getProof', EMITTER, [], at)).rejects.toThrow('-32000 block not found')
    await expect(ask('eth_getLogs', { blockHash: hash })).rejects.toThrow('-32000 unknown block')
    for (const transaction of transactions) {
      const receipt = (await ask('eth_getTransactionReceipt', transaction.hash)) as { blockHash: Hash } | null
      expect(receipt?.blockHash).toBe(canonical.get(transaction.hash))
    }
  }
})

test('inside the window a proof proves what was true then, of what is there and of what is not', async () => {
  const first = world.truth.length - 1 - WINDOW
  for (const truth of world.truth.filter(({ number }) => number >= first && number % 19 === 0)) {
    const { header } = (await world.node.chain.headerByNumber(BigInt(truth.number)))!
    const prove = async (address: Hex, slots: readonly Hex[]) => {
      const proof = (await ask('eth_getProof', address, slots, { blockHash: truth.hash })) as {
        accountProof: Hex[]
        storageHash: Hash
        storageProof: { key: Hex; value: Hex; proof: Hex[] }[]
      }
      return { proof, account: await provenAccount(header.stateRoot, address, proof.accountProof) }
    }
    const sink = await prove(SINK, [])
    expect(sink.account?.balance ?? 0n).toBe(truth.balances.get(SINK) ?? 0n)
    const sender = await prove(SENDER.address, [])
    expect(sender.account?.nonce).toBe(BigInt(truth.nonce))
    const { proof, account } = await prove(EMITTER, [SLOT, word(1n)])
    expect(bytesToHex(account!.storageRoot)).toBe(proof.storageHash)
    const [counter, empty] = proof.storageProof
    expect(await provenSlot(proof.storageHash, SLOT, counter!.proof)).toBe(truth.counter)
    expect(counter!.value).toBe(toQuantity(truth.counter))
    expect(await provenSlot(proof.storageHash, word(1n), empty!.proof)).toBe(0n)
    const nobody = await prove('0x00000000000000000000000000000000000badad', [])
    expect(nobody.account).toBeNull()
  }
})

test('outside the window a proof is refused with its own code, while reads go on', async () => {
  const old = world.truth[40]!
  await expect(ask('eth_getProof', EMITTER, [SLOT], toQuantity(old.number))).rejects.toThrow(
    '-32002 the proof of block 40 is not kept on this node',
  )
  expect(await ask('eth_getStorageAt', EMITTER, SLOT, toQuantity(old.number))).toBe(word(old.counter))
})
