/** A chain derived in this process and served over RPC, and an L2 node in front of it that says what a test wants it to say. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getContractAddress, pad, toHex } from 'viem'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import { hintBlock } from '../../src/replay/remote/hintBlock.ts'
import { readProposals } from '../../src/replay/remote/readProposals.ts'
import { createReplayer } from '../../src/replay/remote/replayer.ts'
import type { StateWay } from '../../src/replay/remote/replayProposal.ts'
import { anchorsOf, type ReplayedInRange, replayRange } from '../../src/replay/remote/replayRange.ts'
import { createProcessCaller } from '../../src/rpc/caller/processCaller.ts'
import { createNextBaseFee } from '../../src/rpc/nextBaseFee.ts'
import { createDevnetSpec, type DevnetFork } from '../../src/spec/devnet.ts'
import type { RollupSpec } from '../../src/spec/rollupSpec.ts'
import { connectL1, L2_CHAIN_ID, openHarness, specOf } from './derive/harness.ts'
import { payloadAfter, signTransfer } from './derive/payload.ts'
import { createSimulatedL1 } from './l1/simulatedL1.ts'
import { temporaryDatabase } from './rpcCalls.ts'
import { EMITTER_INITCODE, SENDER, sign } from './rpcDerived.ts'
import { startTestRpc } from './rpcServer.ts'

/** Writes the second word of its calldata into the slot that the first one names. */
const KEEPER_CODE = '6020355f355500'
export const KEEPER = getContractAddress({ from: SENDER.address, nonce: 3n })
/** Counts leading zeros, which only Osaka knows, and keeps them in slot 0: an invalid opcode under Shasta. */
const COUNTER_CODE = '60011e5f5500'
export const COUNTER = getContractAddress({ from: SENDER.address, nonce: 4n })
const SLOTS = 32

const deploy = (code: string): Hex =>
  `0x60${(code.length / 2).toString(16).padStart(2, '0')}8060095f395ff3${code}`

export type RemoteChain = Awaited<ReturnType<typeof createRemoteChain>>

/**
 * Proposals: transfers, contracts and dropped transactions; garbage; slots filled; then slots emptied, two or all but one of what is left
 * at a time, so that branches collapse; at last all; an opcode that Shasta lacks. Then as many more of as many calls as `busy` says.
 */
export async function createRemoteChain(
  fork: DevnetFork,
  options: {
    readonly proves?: boolean
    readonly busy?: { readonly proposals: number; readonly calls: number }
  } = {},
) {
  const sim = createSimulatedL1({ seed: `replay-${fork}` })
  const base = specOf(sim)
  const genesis = base.l2.genesis
  if (genesis === undefined) throw new Error('a devnet has a genesis')
  const { chainId: l1ChainId, ...l1Fields } = base.l1
  const spec = createDevnetSpec({ ...l1Fields, l1ChainId, l2ChainId: L2_CHAIN_ID, genesis, fork })
  let nonce = 3
  const send = (fields: { to?: Hex; data?: Hex }) =>
    sign({ chainId: L2_CHAIN_ID, nonce: nonce++, gas: 150_000n, ...fields })
  const keep = (slot: number, value: number) =>
    send({ to: KEEPER, data: `${pad(toHex(slot))}${pad(toHex(value)).slice(2)}` })

  sim.mine()
  const first = [
    await signTransfer(0),
    await sign({ chainId: L2_CHAIN_ID, nonce: 1, data: EMITTER_INITCODE }),
    // Dropped, as is the last.
    await sign({ chainId: L2_CHAIN_ID, nonce: 9, to: KEEPER }),
    await signTransfer(2),
    await signTransfer(0),
  ]
  sim.propose({ payload: payloadAfter(sim, { blocks: 2, transactions: first }) })
  sim.mine()
  sim.propose({ payload: Uint8Array.of(1, 2, 3) })
  const lists: Uint8Array[][] = [
    [await send({ data: deploy(KEEPER_CODE) }), await send({ data: deploy(COUNTER_CODE) })],
  ]
  for (let slot = 0; slot < SLOTS; slot++) lists[0]!.push(await keep(slot, slot + 1))
  for (let slot = 0; slot < SLOTS; slot += 4)
    lists.push([await keep(slot, 0), await keep(slot + 1, 0), await keep(slot + 2, 0)])
  const rest: Uint8Array[] = []
  for (let slot = 3; slot < SLOTS; slot += 4) rest.push(await keep(slot, 0))
  lists.push(rest, [await send({ to: COUNTER })])
  for (let i = 0; i < (options.busy?.proposals ?? 0); i++) {
    const calls: Uint8Array[] = []
    for (let j = 0; j < (options.busy?.calls ?? 0); j++) calls.push(await keep(1_000 + 7 * j, i + j + 1))
    lists.push(calls)
  }
  for (const transactions of lists) {
    sim.mine()
    sim.propose({ payload: payloadAfter(sim, { transactions }) })
  }
  const count = lists.length + 2

  const database = await temporaryDatabase()
  const l1 = await connectL1(sim)
  const node = await openHarness({ sim, l1, path: database.path, spec })
  await node.sync()
  const ends: Hash[] = []
  for (let id = 1; id <= count; id++) {
    const proposal = await node.chain.proposal(BigInt(id))
    ends.push((await node.chain.headerByNumber(proposal!.lastBlock))!.hash)
  }
  if (options.proves !== false) {
    // Not of the last three: of those only nodes can tell.
    const parentHash = (await node.chain.headerByNumber(0n))!.hash
    sim.prove({
      lastProposalId: BigInt(count - 3),
      claim: { firstProposalId: 1n, parentHash, blockHashes: ends.slice(0, count - 3) },
    })
  }
  for (let i = 0; i < 3; i++) sim.mine()
  sim.setFinalized(Number(sim.head().header.number) - 1)
  const execution = { type: 'rollup', spec } as const
  const caller = createProcessCaller({ execution, database: database.path })
  const { chain, state } = node
  const nextBaseFee = createNextBaseFee(spec)
  const server = await startTestRpc({
    execution,
    spec,
    chain,
    state,
    chainId: L2_CHAIN_ID,
    caller,
    nextBaseFee,
  })

  return {
    ...{ sim, l1, spec, chain, count, ends, url: server.url },
    async replay(input: {
      readonly urls?: readonly string[]
      readonly way?: StateWay
      readonly spec?: RollupSpec
      readonly from?: number
      readonly to?: number
      readonly l1Block?: bigint
    }): Promise<readonly ReplayedInRange[]> {
      const { urls = [server.url], way = 'auto', from = 1, to = count } = input
      const rules = input.spec ?? spec
      const { signal } = new AbortController()
      const nodes = urls.map((url, index) => ({
        name: `node${index}`,
        url,
        limits: { requestsPerSecond: 1e6 },
      }))
      const hint = await hintBlock(nodes, BigInt(from), signal)
      const range = await readProposals({
        ...(hint !== undefined && { hint }),
        ...{
          spec: rules,
          l1,
          from: BigInt(from),
          to: BigInt(to),
          proofBlocks: 100n,
          onProgress: () => {},
          signal,
        },
        ...(input.l1Block !== undefined && { l1Block: input.l1Block }),
      })
      const pool = createReplayer({ spec: rules, nodes, way }, anchorsOf(l1, signal))
      const rows: ReplayedInRange[] = []
      try {
        for await (const each of replayRange({
          ...{ spec: rules, l1, range, pool, parallel: 1, isDone: () => false, signal },
        }))
          rows.push(each)
      } finally {
        await pool.close()
      }
      return rows
    },
    async close(): Promise<void> {
      await server.close()
      await caller.close()
      await node.close()
      await database.remove()
    },
  }
}

type Call = { readonly id: unknown; readonly method: string; readonly params: readonly unknown[] }
// biome-ignore lint/suspicious/noExplicitAny: answers are JSON of many shapes
export type Alter = (result: any, call: Call) => unknown

/** In front of a node: answers what it answers, but for the methods that are altered; an Error thrown there is an RPC error. */
export async function startLiar(url: string, alter: Readonly<Record<string, Alter>>) {
  const asked: string[] = []
  const answer = async (call: Call): Promise<unknown> => {
    asked.push(call.method)
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', ...call }),
      })
      const { result, error } = (await response.json()) as { result?: unknown; error?: unknown }
      if (error !== undefined) return { jsonrpc: '2.0', id: call.id, error }
      return { jsonrpc: '2.0', id: call.id, result: alter[call.method]?.(result, call) ?? result }
    } catch (error) {
      return { jsonrpc: '2.0', id: call.id, error: { code: -32_601, message: (error as Error).message } }
    }
  }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    const answers = Array.isArray(body) ? await Promise.all(body.map(answer)) : await answer(body)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answers))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close(): Promise<void> {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A node that knows no execution witnesses. */
export const WITHOUT_WITNESS: Readonly<Record<string, Alter>> = {
  debug_executionWitness() {
    throw new Error('the method debug_executionWitness does not exist')
  },
}
