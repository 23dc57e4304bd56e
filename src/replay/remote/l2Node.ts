/** An L2 node that is asked for what a replay lacks, and believed in nothing: whatever it answers is hashed by whoever asked. */
import { createRpcEndpoint, type RpcCall, type RpcEndpointOptions, RpcError } from '../../l1/rpcEndpoint.ts'
import { verifyHeader } from '../../l1/rpcHeader.ts'
import { readBytes, readHex, readList, readObject, readQuantity } from '../../l1/rpcJson.ts'
import { WrongDataError } from '../../l1/wrongData.ts'
import { retryTemporary } from '../../primitives/async.ts'
import { CriticalError } from '../../primitives/errors.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import { type Address, type Hash, type Hex, toQuantity } from '../../primitives/hex.ts'

/** The node said something that the canonical chain, or itself, contradicts. */
export class LyingNodeError extends CriticalError {
  override readonly name = 'LyingNodeError'

  constructor(node: string, what: string, cause?: unknown) {
    super(`the L2 node ${node} is not believed: ${what}`, { cause })
  }
}

/** The node does not have, or does not give, what the replay needs of it. Another node may. */
export class NodeLacksError extends CriticalError {
  override readonly name = 'NodeLacksError'

  constructor(node: string, what: string, cause?: unknown) {
    super(`the L2 node ${node} does not have ${what}; ask another one, or an archive node`, { cause })
  }
}

export type SealedHeader = { readonly header: BlockHeader; readonly hash: Hash }

/** `debug_executionWitness` as it came. */
export type NodeWitness = {
  readonly nodes: readonly Uint8Array[]
  readonly codes: readonly Uint8Array[]
  readonly headers: readonly Uint8Array[]
}

/** `eth_getProof` as it came: trie nodes, root first. */
export type NodeProof = {
  readonly account: readonly Uint8Array[]
  /** In the order of the slots that were asked for. */
  readonly storage: readonly (readonly Uint8Array[])[]
}

export type ProofQuestion = {
  readonly address: Address
  readonly slots: readonly Hex[]
  readonly block: bigint
}

export type L2Node = {
  readonly name: string
  /** Requests so far, as JSON-RPC counts them. */
  requests(): number
  latest(): Promise<bigint>
  /** Blocks `from` to `to`, each hashed. Throws NodeLacksError. */
  headers(from: bigint, to: bigint): Promise<readonly SealedHeader[]>
  /** Null where the node has no such method, or does not answer it for this block. */
  witness(block: bigint): Promise<NodeWitness | null>
  proofs(questions: readonly ProofQuestion[]): Promise<readonly NodeProof[]>
  code(address: Address, block: bigint): Promise<Uint8Array>
  /** L1 height of the block that brought this one, as far as the node says: a hint. */
  l1Height(block: bigint): Promise<bigint | undefined>
  /** Hashes of a block's transactions, in order; for an explanation. */
  transactions(block: bigint): Promise<readonly Hash[]>
  /** Gas used and success of each transaction of a block; undefined where it is not told. */
  receipts(block: bigint): Promise<readonly NodeReceipt[] | undefined>
  /** `structLogs` of `debug_traceTransaction`, without memory and storage; undefined where it is not told. */
  trace(transaction: Hash): Promise<readonly unknown[] | undefined>
}

export type NodeReceipt = { readonly cumulativeGasUsed: bigint; readonly succeeded: boolean }

const RETRY = { delayMs: 250, delayMaxMs: 4_000 }
const ATTEMPTS_MAX = 5
/** A witness of a full block is some 20 MB of JSON, a trace of a heavy transaction much more. */
const LIMITS = { timeoutMs: 60_000, responseBytesMax: 512 * 1024 * 1024 }

export function createL2Node(options: RpcEndpointOptions, signal?: AbortSignal): L2Node {
  const endpoint = createRpcEndpoint({ ...options, limits: { ...LIMITS, ...options.limits } })
  const { name } = options
  let requests = 0
  let hasWitnesses = true

  const send = (calls: readonly RpcCall[]): Promise<readonly unknown[]> => {
    let attempts = 0
    requests += calls.length
    return retryTemporary(
      async () => {
        try {
          return await endpoint.call(calls, signal)
        } catch (error) {
          // What is refused is refused again; a node that is away may come back.
          if (error instanceof RpcError || ++attempts < ATTEMPTS_MAX) throw asFinal(error)
          throw new NodeLacksError(name, `an answer to ${calls[0]?.method}`, error)
        }
      },
      { ...RETRY, ...(signal && { signal }) },
    )
  }
  const ask = async (method: string, ...params: readonly unknown[]): Promise<unknown> =>
    (await send([{ method, params }]))[0]
  /** Undefined where it is refused: for what there are other ways to. */
  const tryTo = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read()
    } catch (error) {
      if (error instanceof RefusedError || error instanceof WrongDataError) return undefined
      throw error
    }
  }
  const reading = async <T>(what: string, read: () => Promise<T>): Promise<T> => {
    try {
      return await read()
    } catch (error) {
      if (error instanceof WrongDataError) throw new LyingNodeError(name, error.message, error)
      if (error instanceof RefusedError)
        throw new NodeLacksError(name, `${what} (${error.message})`, error.cause)
      throw error
    }
  }

  return {
    name,
    requests: () => requests,
    latest: () =>
      reading('its newest block', async () => readQuantity(await ask('eth_blockNumber'), 'a number')),
    headers: (from, to) =>
      reading(`L2 blocks ${from} to ${to}`, async () => {
        const numbers = Array.from({ length: Number(to - from) + 1 }, (_, i) => from + BigInt(i))
        const blocks = await send(
          numbers.map((number) => ({ method: 'eth_getBlockByNumber', params: [toQuantity(number), false] })),
        )
        return numbers.map((number, index) => {
          const json = blocks[index]
          if (json === null) throw new NodeLacksError(name, `L2 block ${number}`)
          const { header, hash } = verifyHeader(json, { number })
          return { header, hash }
        })
      }),
    async witness(block) {
      if (!hasWitnesses) return null
      const json = await tryTo(() => ask('debug_executionWitness', toQuantity(block)))
      if (json === undefined || json === null) {
        hasWitnesses = json !== undefined
        return null
      }
      return reading('a witness', async () => {
        const { state, codes, headers } = readObject(json, 'the witness')
        return { nodes: listOfBytes(state), codes: listOfBytes(codes), headers: listOfBytes(headers) }
      })
    },
    proofs: (questions) =>
      reading('the state that was asked for', async () => {
        const answers = await send(
          questions.map(({ address, slots, block }) => ({
            method: 'eth_getProof',
            params: [address, slots, toQuantity(block)],
          })),
        )
        return questions.map(({ address, slots }, index) => {
          const { accountProof, storageProof } = readObject(answers[index], `the proof of ${address}`)
          const storage = readList(storageProof, 'the storage proofs')
          if (storage.length !== slots.length)
            throw new WrongDataError(
              `${storage.length} storage proofs of ${address} for ${slots.length} slots`,
            )
          return {
            account: listOfBytes(accountProof),
            storage: storage.map((each) => listOfBytes(readObject(each, 'a storage proof').proof)),
          }
        })
      }),
    code: (address, block) =>
      reading(`the code of ${address}`, async () =>
        readBytes(await ask('eth_getCode', address, toQuantity(block)), 'a code'),
      ),
    l1Height: (block) =>
      tryTo(async () => {
        const origin = readObject(await ask('taiko_l1OriginByID', toQuantity(block)), 'the origin')
        return readQuantity(origin.l1BlockHeight, 'the L1 height')
      }),
    transactions: (block) =>
      reading(`L2 block ${block}`, async () => {
        const json = readObject(await ask('eth_getBlockByNumber', toQuantity(block), false), 'the block')
        return readList(json.transactions, 'the transactions').map((hash) => readHex(hash, 'a hash', 32))
      }),
    receipts: (block) =>
      tryTo(async () =>
        readList(await ask('eth_getBlockReceipts', toQuantity(block)), 'the receipts').map((json) => {
          const { cumulativeGasUsed, status } = readObject(json, 'a receipt')
          return {
            cumulativeGasUsed: readQuantity(cumulativeGasUsed, 'the gas used'),
            succeeded: readQuantity(status, 'the status') === 1n,
          }
        }),
      ),
    trace: (transaction) =>
      tryTo(async () => {
        const json = await ask('debug_traceTransaction', transaction, { disableStorage: true })
        return readList(readObject(json, 'the trace').structLogs, 'the steps')
      }),
  }
}

/** An answer that is an error: no reason to ask again. */
class RefusedError extends Error {}

function asFinal(error: unknown): unknown {
  return error instanceof RpcError ? new RefusedError(error.message, { cause: error }) : error
}

function listOfBytes(json: unknown): readonly Uint8Array[] {
  return readList(json, 'a list').map((item) => readBytes(item, 'a byte string'))
}
