/** The L1 node the proposer speaks to, and the few answers it reads. */
import { createRpcEndpoint, type RpcEndpointOptions, type RpcRequest } from '../l1/rpcEndpoint.ts'
import { toSafeNumber } from '../primitives/bigint.ts'
import type { Address, Hash, Hex } from '../primitives/hex.ts'

export type { RpcRequest } from '../l1/rpcEndpoint.ts'

/** One server: transactions are sent where their fate is read. */
export function createL1Rpc(options: RpcEndpointOptions): RpcRequest {
  const endpoint = createRpcEndpoint(options)
  return async (method, params, signal) => (await endpoint.call([{ method, params }], signal))[0]
}

export type L1Head = {
  readonly number: bigint
  readonly hash: Hash
  readonly timestamp: bigint
  readonly isPrague: boolean
}

export async function readHead(rpc: RpcRequest, signal?: AbortSignal): Promise<L1Head> {
  const block = (await rpc('eth_getBlockByNumber', ['latest', false], signal)) as Record<string, Hex>
  return {
    number: BigInt(block.number as Hex),
    hash: block.hash as Hash,
    timestamp: BigInt(block.timestamp as Hex),
    isPrague: block.requestsHash !== undefined,
  }
}

export async function readNonce(
  rpc: RpcRequest,
  address: Address,
  tag: 'latest' | 'pending',
  signal?: AbortSignal,
): Promise<number> {
  return toSafeNumber(BigInt((await rpc('eth_getTransactionCount', [address, tag], signal)) as Hex))
}

export type L1Receipt = {
  readonly succeeded: boolean
  readonly blockNumber: bigint
  readonly blockHash: Hash
  readonly logs: readonly { readonly address: Address; readonly topics: readonly Hash[] }[]
}

/** Null while the transaction is in no block. */
export async function readReceipt(
  rpc: RpcRequest,
  hash: Hash,
  signal?: AbortSignal,
): Promise<L1Receipt | null> {
  const receipt = (await rpc('eth_getTransactionReceipt', [hash], signal)) as {
    status: Hex
    blockNumber: Hex
    blockHash: Hash
    logs: { address: string; topics: Hash[] }[]
  } | null
  if (receipt === null) return null
  return {
    succeeded: BigInt(receipt.status) === 1n,
    blockNumber: BigInt(receipt.blockNumber),
    blockHash: receipt.blockHash,
    logs: receipt.logs.map(({ address, topics }) => ({ address: address.toLowerCase() as Address, topics })),
  }
}
