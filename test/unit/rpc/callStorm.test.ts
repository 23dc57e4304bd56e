/** Calls without pause while the node derives and L1 reorganises: every answer is of a block that was part of the chain when it was asked about. */
import { setTimeout as sleep } from 'node:timers/promises'
import { getContractAddress } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hash } from '../../../src/primitives/hex.ts'
import { createProcessCaller } from '../../../src/rpc/caller/processCaller.ts'
import type { Caller } from '../../../src/rpc/deps.ts'
import type { RpcServer } from '../../../src/rpc/server.ts'
import { connectL1, type Harness, L2_CHAIN_ID, openHarness } from '../../support/derive/harness.ts'
import { payloadAfter } from '../../support/derive/payload.ts'
import { createRandom } from '../../support/l1/random.ts'
import { createSimulatedL1, type SimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { temporaryDatabase } from '../../support/rpcCalls.ts'
import { EMITTER_INITCODE, hasCallProcess, SENDER, sign } from '../../support/rpcDerived.ts'
import { rpc, startTestRpc } from '../../support/rpcServer.ts'

const ROUNDS = 20
const CALLERS = 4
const COUNTER = getContractAddress({ from: SENDER.address, nonce: 0n }).toLowerCase() as `0x${string}`
const SLOT = `0x${'00'.repeat(32)}` as const
/** Answers slot 0, which counts the contract's calls. */
const READ_COUNTER = { [COUNTER]: { code: '0x5f545f5260205ff3' } }

let sim: SimulatedL1
let database: Awaited<ReturnType<typeof temporaryDatabase>>
let node: Harness
let caller: Caller
let server: RpcServer
/** What the counter is after each block that ever was part of the chain, as the node itself reads it. */
const counts = new Map<Hash, number>()

beforeAll(async () => {
  sim = createSimulatedL1({ seed: 'storm' })
  sim.mine()
  const create = await sign({ chainId: L2_CHAIN_ID, nonce: 0, data: EMITTER_INITCODE })
  sim.propose({ payload: payloadAfter(sim, { transactions: [create] }) })
  sim.mine()
  database = await temporaryDatabase()
  node = await openHarness({ sim, l1: await connectL1(sim), path: database.path })
  await node.sync()
  await noteCounts()
  const execution = { type: 'rollup', spec: node.spec } as const
  caller = createProcessCaller({ execution, database: database.path, processes: 2 })
  const { chain, state } = node
  server = await startTestRpc({ chain, state, caller, spec: node.spec, chainId: L2_CHAIN_ID })
})
afterAll(async () => {
  await server.close()
  await caller.close()
  await node.close()
  await database.remove()
})

async function noteCounts(): Promise<void> {
  const { latest } = node.chain.heads()
  for (let number = latest.number; number >= 0n; number--) {
    const { hash } = (await node.chain.headerByNumber(number))!
    if (counts.has(hash)) return
    const value = await (await node.state.at(number)).storage(COUNTER, SLOT)
    counts.set(
      hash,
      value.reduce((sum, byte) => sum * 256 + byte, 0),
    )
  }
}

/** One L1 block more, with calls of the counter in a proposal; sometimes on another branch. */
async function grow(random: ReturnType<typeof createRandom>, floor: bigint): Promise<void> {
  const head = sim.head().header.number
  const depth = BigInt(random.chance(0.4) ? 1 + random.below(3) : 0)
  const fromBlock = head - depth < floor ? floor : head - depth
  const count = counts.get(node.chain.heads().latest.hash)!
  const pokes = depth > 0n ? [] : Array.from({ length: 1 + random.below(3) }, (_, i) => 1 + count + i)
  const transactions = await Promise.all(
    pokes.map((nonce) => sign({ chainId: L2_CHAIN_ID, nonce, to: COUNTER })),
  )
  if (depth === 0n) {
    sim.mine()
    sim.propose({ payload: payloadAfter(sim, { transactions }) })
    return
  }
  const branch = sim.fork(Number(fromBlock))
  for (let i = fromBlock; i <= head; i++) branch.mine()
  sim.setHead(branch.tip().hash)
}

type Answer = { readonly value: number; readonly allowed: () => readonly Hash[] }

test.skipIf(!hasCallProcess)(
  'answers only of blocks that were in the chain when asked',
  { timeout: 120_000 },
  async () => {
    const random = createRandom('storm')
    const floor = sim.head().header.number
    const answers: Answer[] = []
    const refusals: string[] = []
    /** The latest, in order of time. */
    const latest: Hash[] = [node.chain.heads().latest.hash]
    node.chain.onChange(({ heads }) => latest.push(heads.latest.hash))
    let isOver = false

    async function storm(byHash: boolean): Promise<void> {
      while (!isOver) {
        const from = latest.length - 1
        const asked = latest[from]!
        const block = byHash ? { blockHash: asked } : 'latest'
        const { result, error } = await rpc(server.url, 'eth_call', [{ to: COUNTER }, block, READ_COUNTER])
        if (error !== undefined) {
          refusals.push(`${byHash ? 'hash' : 'latest'}: ${error.message}`)
          continue
        }
        const seen = latest.slice(from)
        answers.push({ value: Number(result), allowed: () => (byHash ? [asked] : seen) })
      }
    }
    const storms = Array.from({ length: CALLERS }, (_, i) => storm(i % 2 === 0))
    try {
      for (let round = 0; round < ROUNDS; round++) {
        await grow(random, floor)
        await node.sync()
        await noteCounts()
        // However slow the machine is, calls fall among all the changes.
        const wanted = answers.length + CALLERS
        while (answers.length < wanted) await sleep(5)
      }
    } finally {
      isOver = true
      await Promise.all(storms)
    }

    const wrong = answers.filter(
      ({ value, allowed }) => !allowed().some((hash) => counts.get(hash) === value),
    )
    expect(wrong.map(({ value, allowed }) => [value, allowed().map((hash) => counts.get(hash))])).toEqual([])
    expect(answers.length).toBeGreaterThanOrEqual(ROUNDS * CALLERS)
    // A block that a reorg took away is said to be gone; nothing else may fail.
    expect([...new Set(refusals)].filter((message) => message !== 'hash: block not found')).toEqual([])
    expect(new Set(answers.map(({ value }) => value)).size).toBeGreaterThan(3)
  },
)
