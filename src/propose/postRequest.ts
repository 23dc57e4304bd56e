/** What the poster is asked to propose, its identity, and the gas it takes. */
import { decodeFunctionData, encodeFunctionData } from 'viem'
import { concatBytes } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes, toQuantity } from '../primitives/hex.ts'
import { keccak256, keccak256Hex } from '../primitives/keccak.ts'
import { inboxAbi } from '../protocol/shasta/abi.ts'
import { decodeProposeInput, encodeProposeInput } from '../protocol/shasta/proposeInput.ts'
import type { BlobFees } from './blobTransaction.ts'
import type { RpcRequest } from './l1Rpc.ts'

export type PostRequest = {
  /** Calldata for the inbox. */
  readonly data: Uint8Array
  readonly blobs: readonly Uint8Array[]
  /** Seconds; the same as in the calldata. */
  readonly deadline: bigint
  /** L2 block the batch was built on. */
  readonly parentHash: Hash
}

/** Equal for the same proposal, whatever it pays and however often it is sent. */
export function contentIdOf(request: PostRequest): Hash {
  return keccak256Hex(concatBytes(request.data, ...request.blobs.map(keccak256)))
}

/** Calldata of `propose` for the blobs of one transaction, all of them one source. */
export function encodePropose(input: {
  /** What the inbox's schedule asks for; nothing where anyone may propose. */
  readonly lookahead: Uint8Array
  readonly deadline: bigint
  readonly blobCount: number
  readonly forcedInclusions: number
}): Uint8Array {
  const data = encodeProposeInput({
    deadline: input.deadline,
    blobStartIndex: 0,
    numBlobs: input.blobCount,
    offset: 0,
    numForcedInclusions: input.forcedInclusions,
  })
  const args = [bytesToHex(input.lookahead), bytesToHex(data)] as const
  return hexToBytes(encodeFunctionData({ abi: inboxAbi, functionName: 'propose', args }))
}

/** How many forced inclusions such calldata takes at most. */
export function forcedInclusionsOf(calldata: Hex): number {
  const { functionName, args } = decodeFunctionData({ abi: inboxAbi, data: calldata })
  const input = functionName === 'propose' ? decodeProposeInput(hexToBytes(args[1])) : undefined
  return input?.numForcedInclusions ?? 0
}

/** Gas moves with the ring buffer's and the queue's slots between estimate and inclusion. */
const GAS_MARGIN_PERCENT = 30n

export type GasEstimate =
  | { readonly type: 'gas'; readonly gas: bigint }
  | { readonly type: 'reverts'; readonly reason: string }

/**
 * Normally against the block to come, since the inbox takes one proposal a block and the last one may be in the latest. That
 * block holds what we have in flight, though, which a replacement must not be weighed against.
 */
export async function estimatePostGas(
  rpc: RpcRequest,
  call: {
    readonly from: Address
    readonly to: Address
    readonly data: Hex
    readonly blobVersionedHashes: readonly Hash[]
    readonly fees: BlobFees
    readonly isReplacement: boolean
  },
  signal?: AbortSignal,
): Promise<GasEstimate> {
  const { fees, isReplacement, ...fields } = call
  const tag = isReplacement ? 'latest' : 'pending'
  const request = { ...fields, maxFeePerBlobGas: toQuantity(fees.maxFeePerBlobGas) }
  try {
    const estimate = BigInt((await rpc('eth_estimateGas', [request, tag], signal)) as Hex)
    return { type: 'gas', gas: (estimate * (100n + GAS_MARGIN_PERCENT)) / 100n }
  } catch (error) {
    signal?.throwIfAborted()
    const message = error instanceof Error ? error.message : String(error)
    if (!/revert/i.test(message)) throw error
    return { type: 'reverts', reason: message }
  }
}
