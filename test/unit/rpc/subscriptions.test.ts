/** Subscriptions and filters as go-ethereum's: what comes, in which order, and what a reorg takes back. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { rollupRules } from '../../../src/engine/rules/evmRules.ts'
import { readSignedList, type SignedList } from '../../../src/preconf/lists/signedList.ts'
import { envOfHeader } from '../../../src/preconf/stream/env.ts'
import { createHub } from '../../../src/preconf/stream/hub.ts'
import { type Message, messageJson } from '../../../src/preconf/stream/message.ts'
import { bytesToHex, type Hash, type Hex, toQuantity, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { createPoolState, readPoolHead } from '../../../src/propose/pool/followChain.ts'
import { createTxPool } from '../../../src/propose/txPool.ts'
import { createNextBaseFee } from '../../../src/rpc/nextBaseFee.ts'
import type { PreconfRpc } from '../../../src/rpc/preconf/deps.ts'
import { header } from '../../../src/rpc/schemas/block.ts'
import { log } from '../../../src/rpc/schemas/receipt.ts'
import { transaction } from '../../../src/rpc/schemas/transaction.ts'
import type { RpcServer } from '../../../src/rpc/server.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import { L2_CHAIN_ID } from '../../support/derive/harness.ts'
import { DOMAIN, signList } from '../../support/preconfLists.ts'
import { SENDER, sign } from '../../support/rpcDerived.ts'
import { noCaller } from '../../support/rpcFakes.ts'
import { createHistoryWorld, EMITTER, type HistoryWorld, sinkOf } from '../../support/rpcHistory.ts'
import { eventually, rpc, SYNCED, startTestRpc } from '../../support/rpcServer.ts'

type Log = { blockHash: Hash; blockNumber: Hex; transactionHash: Hash; logIndex: Hex; removed: boolean }
type Head = { number: Hex; hash: Hash; parentHash: Hash }

let world: HistoryWorld
let server: RpcServer
let isSynced = true
const hub = createHub({ logger: silentLogger })
let open: readonly SignedList[] = []

beforeAll(async () => {
  world = await createHistoryWorld({ seed: 'subscriptions', landed: 10, unsafe: 12 })
  const { spec, chain, state } = world.node
  const pool = createTxPool(
    { state: createPoolState(() => state.source()) },
    {
      rules: { chainId: L2_CHAIN_ID, evm: rollupRules('unzen'), minTip: 0n },
      head: await readPoolHead(chain, spec, 15_000_000n),
    },
  )
  server = await startTestRpc({
    ...{ spec, chain, state, chainId: L2_CHAIN_ID, caller: noCaller, pool },
    nextBaseFee: createNextBaseFee(spec),
    sync: () => ({ ...SYNCED, isSynced }),
    // Subscriptions ask for nothing else of it.
    preconf: { hub, lists: { open: () => open }, follower: {} } as unknown as PreconfRpc,
  })
}, 120_000)
afterAll(async () => {
  socket.close()
  await server.close()
  await world.close()
})

let socket: WebSocket
/** Everything that came, in the order in which it came. */
let received: { id?: number; result?: unknown; params?: { subscription: Hex; result: unknown } }[]
beforeEach(async () => {
  socket?.close()
  received = []
  socket = new WebSocket(server.wsUrl)
  socket.on('message', (data) => received.push(JSON.parse(String(data))))
  await new Promise((resolve) => socket.once('open', resolve))
})

let requests = 0
async function call(method: string, ...params: unknown[]): Promise<unknown> {
  const id = ++requests
  socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
  await eventually(() => expect(received.some((each) => each.id === id)).toBe(true))
  return received.find((each) => each.id === id)!.result
}
const pushed = <T>(subscription: unknown): T[] =>
  received.flatMap(({ params }) =>
    params !== undefined && params.subscription === subscription ? [params.result as T] : [],
  )

const ask = async <T>(method: string, ...params: unknown[]): Promise<T> => {
  const { result, error } = await rpc(server.url, method, params)
  if (error !== undefined) throw new Error(error.message)
  return result as T
}

test('newHeads are headers; after a reorg the new branch comes from its lowest block on', async () => {
  const id = await call('eth_subscribe', 'newHeads')
  const first = world.truth.length
  for (let i = 0; i < 3; i++) await world.extend()
  await eventually(() => expect(pushed(id).length).toBe(3))
  await world.drop(2)
  for (let i = 0; i < 3; i++) await world.extend()
  await eventually(() => expect(pushed(id).length).toBe(6))
  const heads = pushed<Head>(id)
  for (const head of heads) header.parse(head)
  expect(heads.map(({ number }) => Number(number) - first)).toEqual([0, 1, 2, 1, 2, 3])
  expect(heads.slice(3).map(({ hash }) => hash)).toEqual(world.truth.slice(-3).map(({ hash }) => hash))
  expect(heads[3]!.parentHash).toBe(heads[0]!.hash)
  // The answer with the id came before anything that bears it.
  expect(received[0]).toMatchObject({ result: id })
})

test('logs that a reorg takes away come again as removed, the newest block first, before those of the new branch', async () => {
  const id = await call('eth_subscribe', 'logs', { address: EMITTER })
  const polled = await ask('eth_newFilter', { address: EMITTER })
  const known = () => pushed<Log>(id)
  while (new Set(known().map(({ blockHash }) => blockHash)).size < 2 || known().length < 3) {
    const before = known().length
    await world.extend()
    const made = world.truth.at(-1)!.transactions.filter(({ topic }) => topic !== undefined).length
    await eventually(() => expect(known().length).toBe(before + made))
  }
  const added = known()
  expect(added.every(({ removed }) => !removed)).toBe(true)
  const newest = Number(added.at(-1)!.blockNumber)
  const depth = world.truth.length - Number(added[0]!.blockNumber)
  await world.drop(depth)
  await eventually(() => expect(known().length).toBe(2 * added.length))
  const taken = known().slice(added.length)
  expect(taken.every(({ removed }) => removed)).toBe(true)
  expect(Number(taken[0]!.blockNumber)).toBe(newest)
  const key = ({ blockHash, logIndex }: Log) => `${blockHash} ${logIndex}`
  expect(taken.map(key).sort()).toEqual(added.map(key).sort())
  for (const each of known()) log.parse(each)
  do await world.extend()
  while (world.truth.at(-1)!.transactions.every(({ topic }) => topic === undefined))
  await eventually(() => expect(known().at(-1)!.blockHash).toBe(world.truth.at(-1)!.hash))
  expect(known().at(-1)!.removed).toBe(false)
  // Who polls is told the same.
  const polledLogs: Log[] = []
  await eventually(async () => {
    polledLogs.push(...(await ask<Log[]>('eth_getFilterChanges', polled)))
    expect(polledLogs).toEqual(known())
  })
})

test('newPendingTransactions are hashes, or with `true` the transactions themselves', async () => {
  const hashes = await call('eth_subscribe', 'newPendingTransactions')
  const whole = await call('eth_subscribe', 'newPendingTransactions', true)
  const notWhole = await call('eth_subscribe', 'newPendingTransactions', false)
  const { nonce } = world.truth.at(-1)!
  const raw = await sign({ chainId: L2_CHAIN_ID, nonce: nonce + 50, to: sinkOf(0), value: 5n })
  await ask('eth_sendRawTransaction', bytesToHex(raw))
  const hash = keccak256Hex(raw)
  await eventually(() => expect(pushed(whole).length).toBe(1))
  expect([pushed(hashes), pushed(notWhole)]).toEqual([[hash], [hash]])
  const [sent] = pushed(whole)
  expect(transaction.parse(sent)).toMatchObject({
    ...{ hash, from: SENDER.address.toLowerCase(), value: '0x5', nonce: toQuantity(nonce + 50) },
    ...{ blockHash: null, blockNumber: null, transactionIndex: null },
  })
})

test('syncing says at once how it stands, and again when that changes', async () => {
  const id = await call('eth_subscribe', 'syncing')
  await eventually(() => expect(pushed(id)).toEqual([false]))
  isSynced = false
  await eventually(() => expect(pushed(id)).toHaveLength(2))
  expect(pushed(id)[1]).toMatchObject({ syncing: true, status: { startingBlock: '0x0' } })
  isSynced = true
  await eventually(() => expect(pushed(id).slice(2)).toEqual([false]))
})

test('preconfBlocks are sealed blocks and lists; preconfFrags what makes up the block under way', async () => {
  const [env, frag, sealed] = await streamOfNewest()
  const list: Message = { type: 'list', list: signList(1n, [Uint8Array.of(2, 1)]) }
  const { number, hash } = world.truth.at(-1)!
  const tip = { type: 'tip', number, hash }
  hub.publish(env)
  const known = signList(3n, [])
  const read = readSignedList(known, { domain: DOMAIN, l2ChainId: L2_CHAIN_ID })
  if (read.type === 'refused') throw new Error(read.detail)
  open = [read.signedList]
  const blocks = await call('eth_subscribe', 'preconfBlocks')
  const frags = await call('eth_subscribe', 'preconfFrags')
  for (const message of [frag, list, sealed]) hub.publish(message)
  const knownJson = messageJson({ type: 'list', list: known })
  await eventually(() =>
    expect(pushed(blocks)).toEqual([knownJson, tip, messageJson(list), messageJson(sealed)]),
  )
  // The block was begun before.
  await eventually(() => expect(pushed(frags)).toEqual([messageJson(env), tip, messageJson(frag)]))
  expect(await call('eth_unsubscribe', blocks)).toBe(true)
  hub.publish({ type: 'list', list: signList(2n, []) })
  await call('eth_blockNumber')
  expect(pushed(blocks)).toHaveLength(4)
})

/** The newest block as its sequencer would have said it. Signatures are not looked at here. */
async function streamOfNewest(): Promise<readonly [Message, Message, Message]> {
  const { number, hash } = world.truth.at(-1)!
  const { header } = (await world.node.chain.headerByNumber(BigInt(number)))!
  const { parentHash, timestamp, coinbase, gasLimit, transactionsRoot } = header
  const besides = { anchorBlockNumber: 1n, isForcedInclusion: false }
  const signed = (byte: string): Hex => `0x${byte.repeat(65)}`
  const metadata = { ...besides, proposalId: 1n, basefeeSharingPctg: 75, timestamp, coinbase, gasLimit }
  const commitment = {
    ...{ l2ChainId: L2_CHAIN_ID, blockNumber: header.number, parentCommitmentHash: ZERO_HASH },
    ...{ parentBlockHash: parentHash, transactionsRoot, anchorBlockNumber: 1n },
    ...{ windowEnd: timestamp, isEndOfWindow: false },
  }
  const block = { metadata, transactions: [], hash, header, commitment }
  const frag = { blockNumber: header.number, seq: 0n, isLast: true, txs: [Uint8Array.of(2, 1)] }
  return [
    { type: 'env', env: envOfHeader(header, besides), windowEnd: timestamp, signature: signed('01') },
    { type: 'frag', parentHash, frag, signature: signed('02') },
    {
      type: 'sealed',
      block: { ...block, commitmentHash: ZERO_HASH, signature: signed('03') },
      ...{ totalFrags: 1, envSignature: signed('01'), sealSignature: signed('04') },
    },
  ]
}

test('an ended subscription says nothing more, and is known only to its connection', async () => {
  const id = await call('eth_subscribe', 'newHeads')
  expect(await call('eth_unsubscribe', id)).toBe(true)
  expect(await call('eth_unsubscribe', id)).toBe(false)
  await world.extend()
  await call('eth_blockNumber')
  expect(pushed(id)).toEqual([])
  const other = await call('eth_subscribe', 'newHeads')
  socket.close()
  socket = new WebSocket(server.wsUrl)
  socket.on('message', (data) => received.push(JSON.parse(String(data))))
  await new Promise((resolve) => socket.once('open', resolve))
  expect(await call('eth_unsubscribe', other)).toBe(false)
})
