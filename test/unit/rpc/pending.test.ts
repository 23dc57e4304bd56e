/** `pending` is the block under way: what it holds so far, and the state after that. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createUnsafeBuilder } from '../../../src/derive/unsafe.ts'
import type { OpenBlock } from '../../../src/engine/engine.ts'
import { bytesToHex, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { gasLimitWithoutAnchor } from '../../../src/protocol/shasta/rules.ts'
import { createProcessCaller } from '../../../src/rpc/caller/processCaller.ts'
import { connectL1, type Harness, openHarness } from '../../support/derive/harness.ts'
import { createSimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { temporaryDatabase } from '../../support/rpcCalls.ts'
import { EMITTER_INITCODE, hasCallProcess, SENDER, sign } from '../../support/rpcDerived.ts'
import { rpc, startTestRpc } from '../../support/rpcServer.ts'

let database: Awaited<ReturnType<typeof temporaryDatabase>>
let node: Harness
let caller: ReturnType<typeof createProcessCaller>
let server: Awaited<ReturnType<typeof startTestRpc>>
let block: OpenBlock | undefined
let seal: () => Promise<void>

const ask = async (method: string, params: readonly unknown[]) => {
  const { result, error } = await rpc(server.url, method, params)
  if (error !== undefined) throw new Error(error.message)
  return result as never
}

beforeAll(async () => {
  const sim = createSimulatedL1({ seed: 'pending' })
  for (let i = 0; i < 3; i++) sim.mine({})
  const l1 = await connectL1(sim)
  database = await temporaryDatabase()
  node = await openHarness({ sim, l1, path: database.path })
  await node.sync()
  const builder = createUnsafeBuilder({ ...node, l1 })
  const { context } = await builder.latest()
  const opened = await builder.open({
    proposalId: 1n,
    basefeeSharingPctg: 75,
    isForcedInclusion: false,
    timestamp: sim.head().header.timestamp,
    coinbase: ZERO_ADDRESS,
    gasLimit: gasLimitWithoutAnchor(context),
    anchorBlockNumber: sim.head().header.number,
  })
  if (opened.type === 'refused') throw new Error(opened.reason)
  block = opened.block
  seal = async () => {
    const executed = await opened.block.seal()
    await node.driver.extend({ executed, origin: opened.origin })
  }
  caller = createProcessCaller({
    execution: { type: 'rollup', spec: node.spec },
    database: database.path,
  })
  server = await startTestRpc({
    chain: node.chain,
    state: node.state,
    caller,
    chainId: node.spec.l2.chainId,
    pending: () => block,
  })
})
afterAll(async () => {
  await server.close()
  await caller.close()
  await node.close()
  await database.remove()
})

test.skipIf(!hasCallProcess)('shows what is in the block under way, and the latest does not', async () => {
  const { address } = SENDER
  const balance = await ask('eth_getBalance', [address, 'latest'])
  expect(await ask('eth_getBalance', [address, 'pending'])).toBe(balance)
  const create = await sign({ chainId: node.spec.l2.chainId, nonce: 0, data: EMITTER_INITCODE })
  const created = await block!.add(create)
  if (created.type === 'refused') throw new Error(created.reason)
  const emitter = created.transaction.createdContract!
  const poke = await sign({ chainId: node.spec.l2.chainId, nonce: 1, to: emitter })
  expect(await block!.add(poke)).toMatchObject({ type: 'added' })

  expect(await ask('eth_getTransactionCount', [address, 'pending'])).toBe('0x2')
  expect(await ask('eth_getTransactionCount', [address, 'latest'])).toBe('0x0')
  expect(await ask('eth_getBalance', [address, 'pending'])).not.toBe(balance)
  expect(await ask('eth_getBalance', [address, 'latest'])).toBe(balance)
  expect(await ask('eth_getCode', [emitter, 'pending'])).not.toBe('0x')
  expect(await ask('eth_getStorageAt', [emitter, '0x0', 'pending'])).toBe(`0x${'1'.padStart(64, '0')}`)
  expect(await ask('eth_call', [{ to: emitter }, 'pending'])).toBe('0x')
  expect(await ask('eth_getBlockTransactionCountByNumber', ['pending'])).toBe('0x3')
  expect(await ask('eth_getTransactionByHash', [keccak256Hex(poke)])).toMatchObject({
    blockHash: null,
    blockNumber: null,
  })
  expect(await ask('eth_getBlockByNumber', ['pending', true])).toMatchObject({
    number: '0x1',
    hash: null,
    nonce: null,
    miner: null,
    parentHash: node.chain.heads().latest.hash,
    transactions: [
      {},
      { blockHash: null, blockNumber: '0x1' },
      { hash: keccak256Hex(poke), transactionIndex: '0x2' },
    ],
  })
  expect(await ask('eth_getTransactionByBlockNumberAndIndex', ['pending', '0x2'])).toMatchObject({
    hash: keccak256Hex(poke),
    blockHash: null,
    blockNumber: '0x1',
    transactionIndex: '0x2',
  })
  expect(await ask('eth_getTransactionByBlockNumberAndIndex', ['pending', '0x3'])).toBeNull()
  expect(await ask('eth_getRawTransactionByBlockNumberAndIndex', ['pending', '0x2'])).toBe(bytesToHex(poke))
  expect(await ask('eth_getBlockReceipts', ['pending'])).toBeNull()
  expect(await ask('eth_blockNumber', [])).toBe('0x0')

  await seal()
  // Sealed, it is the latest; who still asks for the one under way is answered from there.
  expect(await ask('eth_getTransactionCount', [address, 'pending'])).toBe('0x2')
  block = undefined
  expect(await ask('eth_getBlockByNumber', ['pending', false])).toMatchObject({
    number: '0x1',
    hash: node.chain.heads().latest.hash,
    transactions: expect.arrayContaining([keccak256Hex(create)]),
  })
})
