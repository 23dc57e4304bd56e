/** What is asked of many blocks is read in a process, and answered as what is asked of few. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { StoredTransaction } from '../../../src/chain/chain.ts'
import { hexToBytes, toQuantity } from '../../../src/primitives/hex.ts'
import { createProcessCaller } from '../../../src/rpc/caller/processCaller.ts'
import type { Caller } from '../../../src/rpc/deps.ts'
import type { RpcServer } from '../../../src/rpc/server.ts'
import { type CallWorld, contractChanges, createCallWorld, storageChanges } from '../../support/rpcCalls.ts'
import { hasCallProcess } from '../../support/rpcDerived.ts'
import { rpc, startTestRpc, testSpec } from '../../support/rpcServer.ts'

const CONTRACT = `0x${'cc'.repeat(20)}` as const
const BLOCKS = 130
const topicOf = (number: number) => `0x${(number % 3).toString(16).padStart(64, '0')}` as const

/** One log in each block, of one of three topics. */
function logging(number: number): StoredTransaction {
  const raw = Uint8Array.of(2, number)
  return {
    raw,
    hash: `0x${number.toString(16).padStart(64, '0')}`,
    sender: CONTRACT,
    to: CONTRACT,
    gasUsed: 21_000n,
    effectiveGasPrice: 1n,
    createdContract: null,
    receipt: {
      type: 2,
      succeeded: true,
      cumulativeGasUsed: 21_000n,
      logs: [{ address: CONTRACT, topics: [topicOf(number)], data: hexToBytes('0x1234') }],
    },
    listedIndex: 0,
  }
}

let world: CallWorld
beforeAll(async () => {
  world = await createCallWorld()
  await world.addBlock(contractChanges(CONTRACT, '0x00'))
  for (let number = 1; number <= BLOCKS; number++)
    await world.addBlock(storageChanges(CONTRACT, {}), 0, [logging(number)])
})
afterAll(() => world.close())

let server: RpcServer
let caller: Caller
afterEach(async () => {
  await server?.close()
  await caller?.close()
})

async function start(limits = {}): Promise<void> {
  const { chain, state, path } = world
  caller = createProcessCaller({ execution: { type: 'rollup', spec: testSpec(1n) }, database: path })
  server = await startTestRpc({ chainId: 1n, chain, state, caller }, { limits })
}

describe.skipIf(!hasCallProcess)('eth_feeHistory', () => {
  const history = async (count: number, newest: number) =>
    (await rpc(server.url, 'eth_feeHistory', [toQuantity(count), toQuantity(newest), [10, 90]])).result as {
      oldestBlock: string
      baseFeePerGas: string[]
      gasUsedRatio: number[]
      reward: string[][]
    }

  test('answers the same of many blocks as of few', async () => {
    await start()
    const many = await history(100, BLOCKS)
    const few = [
      await history(25, 55),
      await history(25, 80),
      await history(25, 105),
      await history(25, BLOCKS),
    ]
    expect(many.oldestBlock).toBe(few[0]!.oldestBlock)
    expect(many.reward).toEqual(few.flatMap(({ reward }) => reward))
    expect(many.reward).toHaveLength(100)
    expect(many.gasUsedRatio).toEqual(few.flatMap(({ gasUsedRatio }) => gasUsedRatio))
    // The last of each is of the block after.
    expect(many.baseFeePerGas).toEqual([
      ...few.flatMap(({ baseFeePerGas }) => baseFeePerGas.slice(0, -1)),
      few.at(-1)!.baseFeePerGas.at(-1),
    ])
  })
})

describe.skipIf(!hasCallProcess)('eth_getLogs', () => {
  const logs = (from: number, to: number, more = {}) =>
    rpc(server.url, 'eth_getLogs', [{ fromBlock: toQuantity(from), toBlock: toQuantity(to), ...more }])

  test('answers the same of many blocks as of few', async () => {
    await start()
    const parts = [await logs(0, 60), await logs(61, BLOCKS)]
    const few = parts.flatMap(({ result }) => result as object[])
    expect(few).toHaveLength(BLOCKS)
    expect((await logs(0, BLOCKS)).result).toEqual(few)
    const some = few.filter((_, index) => (index + 1) % 3 === 2)
    expect((await logs(0, BLOCKS, { topics: [topicOf(2)] })).result).toEqual(some)
    expect((await logs(0, BLOCKS, { address: `0x${'dd'.repeat(20)}` })).result).toEqual([])
  })

  test('is held to as many logs, bytes and as much time, and says which', async () => {
    await start({ logsMax: 120 })
    expect((await logs(0, 119)).result).toHaveLength(119)
    expect((await logs(0, BLOCKS)).error).toMatchObject({
      code: -32005,
      message: expect.stringContaining('more than 120 logs'),
    })
    await server.close()
    await caller.close()
    await start({ responseBytesMax: 20_000 })
    expect((await logs(0, BLOCKS)).error).toMatchObject({
      code: -32005,
      message: expect.stringContaining('too large'),
    })
    await server.close()
    await caller.close()
    await start({ callTimeoutMs: 0 })
    expect((await logs(0, BLOCKS)).error).toMatchObject({ code: -32002 })
  })
})
