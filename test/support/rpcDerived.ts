/** A node that derives from the L1 in this process, with the RPC on top: the real parts from blob to answer. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { getContractAddress, pad } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { workerUrl } from '../../src/primitives/worker.ts'
import { createProcessCaller } from '../../src/rpc/caller/processCaller.ts'
import { createNextBaseFee } from '../../src/rpc/nextBaseFee.ts'
import { connectL1, L2_CHAIN_ID, openHarness } from './derive/harness.ts'
import { payloadAfter, signTransfer } from './derive/payload.ts'
import { createSimulatedL1 } from './l1/simulatedL1.ts'
import { temporaryDatabase } from './rpcCalls.ts'
import { rpc, startTestRpc } from './rpcServer.ts'

/** Threads run compiled files, which `npm run build` makes. */
export const hasCallProcess = existsSync(
  fileURLToPath(workerUrl(new URL('../../src/rpc/caller/x.ts', import.meta.url).href, './callProcess.ts')),
)

/** The second of the well-known development accounts; funded in the devnet's genesis. */
export const SENDER = privateKeyToAccount(
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
)

/** Logs the first word of its calldata as a topic, and counts its calls in slot 0. */
const EMITTER_CODE: Hex = '0x5f355f5fa15f546001015f5500'
/** Copies the 13 bytes behind itself. */
export const EMITTER_INITCODE: Hex = `0x600d8060095f395ff3${EMITTER_CODE.slice(2)}`

export async function sign(fields: {
  readonly chainId: bigint
  readonly nonce: number
  readonly to?: Hex
  readonly data?: Hex
  readonly value?: bigint
  readonly gas?: bigint
}): Promise<Uint8Array> {
  const { chainId, gas = 200_000n, ...rest } = fields
  const raw = await SENDER.signTransaction({
    type: 'eip1559',
    chainId: Number(chainId),
    gas,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: 7n,
    ...rest,
  })
  return hexToBytes(raw)
}

export type DerivedNode = Awaited<ReturnType<typeof createDerivedNode>>

/**
 * Three blocks: one with a transfer, a contract and a call of it (two listed transactions are dropped), an empty one, a default one; then one
 * for each list of `more`, whose first nonce is 3.
 */
export async function createDerivedNode(more: readonly (readonly Uint8Array[])[] = []) {
  const sim = createSimulatedL1({ seed: 'rpc' })
  sim.mine()
  const chainId = L2_CHAIN_ID
  const emitter = getContractAddress({ from: SENDER.address, nonce: 1n })
  const transactions = [
    await signTransfer(0),
    await sign({ chainId, nonce: 1, data: EMITTER_INITCODE }),
    await sign({ chainId, nonce: 9, to: emitter }),
    await sign({ chainId, nonce: 2, to: emitter, data: pad('0xabcd') }),
    await signTransfer(0),
  ]
  sim.propose({ payload: payloadAfter(sim, { blocks: 2, transactions }) })
  sim.mine()
  sim.propose({ payload: Uint8Array.of(1, 2, 3) })
  for (const listed of more) {
    sim.mine()
    sim.propose({ payload: payloadAfter(sim, { transactions: listed }) })
  }
  const database = await temporaryDatabase()
  const node = await openHarness({ sim, l1: await connectL1(sim), path: database.path })
  await node.sync()
  const { spec, chain, state } = node
  const execution = { type: 'rollup', spec } as const
  const caller = createProcessCaller({ execution, database: database.path })
  const nextBaseFee = createNextBaseFee(spec)
  const server = await startTestRpc({ execution, spec, chain, state, chainId, caller, nextBaseFee })
  return {
    ...node,
    url: server.url,
    // biome-ignore lint/suspicious/noExplicitAny: answers are JSON of many shapes, which the tests compare
    async answer(method: string, ...params: unknown[]): Promise<any> {
      const { result, error } = await rpc(server.url, method, params)
      if (error !== undefined) throw new Error(`${method}: ${error.code} ${error.message}`)
      return result
    },
    async refusal(method: string, ...params: unknown[]) {
      const { error } = await rpc(server.url, method, params)
      if (error === undefined) throw new Error(`${method} was not refused`)
      return error
    },
    async close() {
      await server.close()
      await caller.close()
      await node.close()
      await database.remove()
    },
  }
}
