/** Simulation, access lists and what a node says of itself, on a chain that was derived; execution-apis hold the same methods on plain Ethereum. */
import { createPublicClient, http, type PublicClient, parseEther } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { simulatedBlock } from '../../../src/rpc/schemas/simulated.ts'
import { createDerivedNode, type DerivedNode, hasCallProcess, SENDER } from '../../support/rpcDerived.ts'

const NOBODY = `0x${'0b'.repeat(20)}` as const
const FRIEND = `0x${'f0'.repeat(20)}` as const

describe.skipIf(!hasCallProcess)('on a derived chain', () => {
  let node: DerivedNode
  let client: PublicClient

  beforeAll(async () => {
    node = await createDerivedNode()
    client = createPublicClient({ transport: http(node.url) })
  })
  afterAll(() => node?.close())

  test('blocks are simulated on any block, and what is answered has the shape that is described', async () => {
    const calls = [{ from: NOBODY, to: FRIEND, value: '0x5' }]
    const payload = {
      blockStateCalls: [{ stateOverrides: { [NOBODY]: { balance: '0x10' } }, calls }, { calls }],
      traceTransfers: true,
      returnFullTransactions: true,
    }
    for (const tag of ['latest', '0x1', 'earliest']) {
      const base = await node.answer('eth_getBlockByNumber', tag, false)
      const blocks = await node.answer('eth_simulateV1', payload, tag)
      for (const block of blocks) expect(simulatedBlock.safeParse(block).error).toBeUndefined()
      expect(blocks.map(({ parentHash }: { parentHash: string }) => parentHash)).toEqual([
        base.hash,
        blocks[0]?.hash,
      ])
      expect(blocks[1]).toMatchObject({ calls: [{ status: '0x1', logs: [{ blockHash: blocks[1]?.hash }] }] })
    }
  })

  test('a simulation that changes nothing has the root of the block it is on', async () => {
    const { stateRoot } = await node.answer('eth_getBlockByNumber', 'latest', false)
    expect(await node.answer('eth_simulateV1', { blockStateCalls: [{}] })).toMatchObject([{ stateRoot }])
    const old = await node.answer('eth_getBlockByNumber', '0x1', false)
    expect(await node.answer('eth_simulateV1', { blockStateCalls: [{}] }, '0x1')).toMatchObject([
      { stateRoot: old.stateRoot },
    ])
  })

  test.each([
    [-32602, { blockStateCalls: [] }],
    [-38026, { blockStateCalls: Array.from({ length: 257 }, () => ({})) }],
    [-38020, { blockStateCalls: [{ blockOverrides: { number: '0x1' } }] }],
    [-38021, { blockStateCalls: [{ blockOverrides: { time: '0x1' } }] }],
    [-38015, { blockStateCalls: [{ calls: [{ gas: '0xffffffffff' }] }] }],
    [-38014, { blockStateCalls: [{ calls: [{ from: NOBODY, to: FRIEND, value: '0x1' }] }] }],
    [-38013, { blockStateCalls: [{ calls: [{ gas: '0x1' }] }] }],
    [-38012, { blockStateCalls: [{ calls: [{ from: NOBODY }] }], validation: true }],
    [-38011, { blockStateCalls: [{ calls: [{ from: NOBODY, nonce: '0x1' }] }], validation: true }],
    [-32000, { blockStateCalls: [{ stateOverrides: { [NOBODY]: { movePrecompileToAddress: FRIEND } } }] }],
  ])('what cannot be simulated is an error of its own: %d', async (code, payload) => {
    expect(await node.refusal('eth_simulateV1', payload)).toMatchObject({ code })
  })

  test('viem simulates blocks and calls', async () => {
    const [block] = await client.simulateBlocks({
      blocks: [
        {
          stateOverrides: [{ address: NOBODY, balance: parseEther('1') }],
          calls: [{ account: NOBODY, to: FRIEND, value: 7n }],
        },
      ],
    })
    expect(block?.calls[0]).toMatchObject({ status: 'success', gasUsed: 21_000n })
    const { results } = await client.simulateCalls({
      account: SENDER.address,
      calls: [{ to: FRIEND, value: 1n }],
    })
    expect(results[0]?.status).toBe('success')
  })

  test('an access list has the slots that a message touches, and they can be read together', async () => {
    const receipts: { contractAddress: string | null }[] = await node.answer('eth_getBlockReceipts', '0x1')
    const to = receipts
      .map(({ contractAddress }) => contractAddress)
      .find((address) => address !== null) as string
    const slot = `0x${'00'.repeat(32)}`
    const { accessList } = await node.answer('eth_createAccessList', { from: SENDER.address, to, data: slot })
    expect(accessList).toEqual([{ address: to, storageKeys: [slot] }])
    expect(await node.answer('eth_getStorageValues', { [to]: [slot] })).toEqual({
      [to]: [`0x${'1'.padStart(64, '0')}`],
    })
  })

  test('a transaction is found by its sender and nonce', async () => {
    const found = await node.answer('eth_getTransactionBySenderAndNonce', SENDER.address, '0x2')
    expect(found).toEqual(await node.answer('eth_getTransactionByHash', found.hash))
    expect(found).toMatchObject({ from: SENDER.address.toLowerCase(), nonce: '0x2' })
    expect(await node.answer('eth_getTransactionBySenderAndNonce', SENDER.address, '0x3')).toBeNull()
  })

  test('a transaction is filled in so that signing it is enough', async () => {
    const request = { from: SENDER.address, to: FRIEND, value: '0x1' }
    const { tx, raw } = await node.answer('eth_fillTransaction', request)
    expect(tx).toMatchObject({ nonce: '0x3', gas: '0x5208', value: '0x1', type: '0x2' })
    expect(raw).toMatch(/^0x02/)
    const refusal = await node.refusal('eth_fillTransaction', { from: SENDER.address })
    expect(refusal.message).toMatch(/without any data/)
  })

  test('the node says which rules hold, and how far back it answers', async () => {
    const { current, next, last } = await node.answer('eth_config')
    expect(current).toMatchObject({ activationTime: 0, blobSchedule: null })
    // Osaka's: nine of old, point evaluation, seven of BLS12-381, P256VERIFY.
    expect(Object.keys(current.precompiles)).toHaveLength(18)
    // What the block itself calls: the parent's hash, and a beacon root there is none of. Requests are not asked for.
    expect(current.systemContracts).toEqual({
      ANCHOR_ADDRESS: node.spec.l2.anchor,
      BEACON_ROOTS_ADDRESS: '0x000f3df6d732807ef1319fb7b8bb8522d0beac02',
      HISTORY_STORAGE_ADDRESS: '0x0000f90827f1c53a10cb7a02335b175320002935',
    })
    expect([next, last]).toEqual([null, null])
    const { number, hash } = await node.answer('eth_getBlockByNumber', 'latest', false)
    expect(await node.answer('eth_capabilities')).toMatchObject({
      head: { number, hash },
      state: { disabled: false, oldestBlock: '0x0' },
    })
  })
})
