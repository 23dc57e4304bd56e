/** The proposer's half of the manifest: blocks to the bytes that blobs carry. Read back by manifest.ts. */
import { deflateSync } from 'node:zlib'
import { bigintToBytes, concatBytes, toWord } from '../../primitives/bytes.ts'
import { type Address, hexToBytes } from '../../primitives/hex.ts'
import { decodeRlp, encodeRlp, type RlpItem } from '../../primitives/rlp.ts'
import { MANIFEST_VERSION } from './manifest.ts'

/** Nothing a transaction holds is nested deeper: [access list, [address, [keys]]] inside the fields. */
const TRANSACTION_DEPTH_MAX = 5

/** A block as a proposer writes it. */
export type ManifestBlockInput = {
  /** Seconds. */
  readonly timestamp: bigint
  readonly coinbase: Address
  readonly anchorBlockNumber: bigint
  /** Without the anchor transaction's gas. */
  readonly gasLimit: bigint
  /** EIP-2718 bytes. */
  readonly transactions: readonly Uint8Array[]
}

/** Header and compressed manifest, ready for `encodeBlobs`. */
export function encodeManifest(blocks: readonly ManifestBlockInput[]): Uint8Array {
  const compressed = deflateSync(encodeManifestRlp(blocks))
  return concatBytes(toWord(MANIFEST_VERSION), toWord(BigInt(compressed.length)), compressed)
}

function encodeBlock(block: ManifestBlockInput): RlpItem {
  return [
    bigintToBytes(block.timestamp),
    hexToBytes(block.coinbase),
    bigintToBytes(block.anchorBlockNumber),
    bigintToBytes(block.gasLimit),
    // A legacy transaction is a list of its own, a typed one a byte string.
    block.transactions.map((raw) => ((raw[0] ?? 0) >= 0xc0 ? decodeRlp(raw, TRANSACTION_DEPTH_MAX) : raw)),
  ]
}

/** RLP of a manifest without header and compression. */
export function encodeManifestRlp(blocks: readonly ManifestBlockInput[]): Uint8Array {
  return encodeRlp([blocks.map(encodeBlock)])
}
