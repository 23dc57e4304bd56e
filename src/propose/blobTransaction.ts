/**
 * Blob transactions (EIP-4844) as a node takes them: the signed transaction with its blobs around it, in the wrapper of the
 * fork (EIP-4844 networking before Osaka, EIP-7594 from Osaka). The library signs; it knows only the older wrapper.
 */
import type { LocalAccount } from 'viem'
import { assert } from '../primitives/assert.ts'
import { concatBytes } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import { decodeRlp, encodeRlp, type RlpItem } from '../primitives/rlp.ts'

/** 0: one proof a blob. 1: one proof for each of a blob's 128 cells. */
export type SidecarVersion = 0 | 1

export type Sidecar = {
  readonly version: SidecarVersion
  readonly blobs: readonly Uint8Array[]
  readonly commitments: readonly Uint8Array[]
  readonly proofs: readonly Uint8Array[]
}

/** Wei per gas and per blob gas. */
export type BlobFees = {
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly maxFeePerBlobGas: bigint
}

export type BlobTransactionFields = BlobFees & {
  readonly chainId: number
  readonly nonce: number
  readonly to: Address
  readonly data: Uint8Array
  /** Wei. */
  readonly value?: bigint
  readonly gas: bigint
  readonly blobVersionedHashes: readonly Hash[]
}

const BLOB_TRANSACTION_TYPE = 3
/** Wrapper, transaction, access list, entry, slots. */
const DEPTH_MAX = 5

/** The signed transaction without blobs: what is hashed, mined and kept. */
export async function signBlobTransaction(
  account: LocalAccount,
  fields: BlobTransactionFields,
): Promise<{ readonly raw: Uint8Array; readonly hash: Hash }> {
  const signed = await account.signTransaction({
    type: 'eip4844',
    ...fields,
    data: bytesToHex(fields.data),
    sidecars: false,
  })
  const raw = hexToBytes(signed)
  return { raw, hash: keccak256Hex(raw) }
}

/** What `eth_sendRawTransaction` takes. */
export function wrapBlobTransaction(signed: Uint8Array, sidecar: Sidecar): Uint8Array {
  const { version, blobs, commitments, proofs } = sidecar
  const transaction = decodeRlp(signed.subarray(1), DEPTH_MAX)
  const items: readonly RlpItem[] =
    version === 0
      ? [transaction, blobs, commitments, proofs]
      : [transaction, Uint8Array.of(version), blobs, commitments, proofs]
  return concatBytes(Uint8Array.of(BLOB_TRANSACTION_TYPE), encodeRlp(items))
}

/** The blobs of a wrapped transaction of our own making. */
export function unwrapSidecar(wrapped: Uint8Array): Sidecar {
  const items = decodeRlp(wrapped.subarray(1), DEPTH_MAX) as readonly RlpItem[]
  const version = items.length === 5 ? 1 : 0
  const [blobs, commitments, proofs] = items.slice(-3) as readonly (readonly Uint8Array[])[]
  assert(blobs && commitments && proofs && blobs.length === commitments.length, 'a wrapped blob transaction')
  return { version, blobs, commitments, proofs }
}
