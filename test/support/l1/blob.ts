/** Blobs with true KZG commitments: mostly empty ones cost a few milliseconds, full ones about fifty; each content is computed once. */
import { createHash } from 'node:crypto'
import kzg from 'c-kzg'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { encodeBlobBytes, MAX_BLOB_PAYLOAD_BYTES } from './blobCodec.ts'

const FIELD_ELEMENTS_PER_BLOB = 4096
export const BYTES_PER_BLOB = FIELD_ELEMENTS_PER_BLOB * 32

export type Blob = {
  readonly bytes: Uint8Array
  /** 48 bytes. */
  readonly commitment: Hex
  readonly versionedHash: Hash
}

const blobs = new Map<Hash, Blob>()
const payloads = new Map<Hash, readonly Blob[]>()
const proofs = new Map<Hash, Hex>()

/** 131,072 bytes as a blob. Throws when a field element is not canonical. */
export function toBlob(bytes: Uint8Array): Blob {
  const key = keccak256Hex(bytes)
  const known = blobs.get(key)
  if (known !== undefined) return known
  loadSetup()
  const commitment = kzg.blobToKzgCommitment(bytes)
  const blob = { bytes, commitment: bytesToHex(commitment), versionedHash: versionedHashOf(commitment) }
  blobs.set(key, blob)
  return blob
}

/** A payload of any length as the blobs that carry it, each but the last one full. */
export function payloadToBlobs(payload: Uint8Array): readonly Blob[] {
  const key = keccak256Hex(payload)
  const known = payloads.get(key)
  if (known !== undefined) return known
  const made: Blob[] = []
  for (let at = 0; at === 0 || at < payload.length; at += MAX_BLOB_PAYLOAD_BYTES)
    made.push(toBlob(encodeBlobBytes(payload.subarray(at, at + MAX_BLOB_PAYLOAD_BYTES))))
  payloads.set(key, made)
  return made
}

/** The proof of an older `blob_sidecars` answer. */
export function blobProof(blob: Blob): Hex {
  const known = proofs.get(blob.versionedHash)
  if (known !== undefined) return known
  loadSetup()
  const proof = bytesToHex(kzg.computeBlobKzgProof(blob.bytes, hexToBytes(blob.commitment)))
  proofs.set(blob.versionedHash, proof)
  return proof
}

/** `0x01 ‖ sha256(commitment)[1:]`. EIP-4844. */
export function versionedHashOf(commitment: Uint8Array): Hash {
  const hash = createHash('sha256').update(commitment).digest()
  hash[0] = 1
  return bytesToHex(hash)
}

/** The library keeps one setup per process and refuses a second one: whoever came first is as good. */
export function loadSetup(): void {
  if (setupLoaded) return
  try {
    kzg.loadTrustedSetup(0)
  } catch (error) {
    if (!/already loaded/i.test(String(error))) throw error
  }
  setupLoaded = true
}
let setupLoaded = false
