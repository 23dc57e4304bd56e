/** Signature recovery by native libsecp256k1: 61 µs instead of 1,428 µs in JavaScript (bench/crypto.ts). */
import secp256k1 from 'secp256k1'
import { bigintToFixedBytes } from '../primitives/bytes.ts'
import { keccak256 } from '../primitives/keccak.ts'

/** Order of the curve's group. SEC 2 §2.4.1. */
export const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
/** The higher of s and n − s is not valid in a transaction. EIP-2. */
export const SIGNATURE_S_MAX = SECP256K1_ORDER / 2n

/** 64 bytes of public key, or null when no key can have made the signature. `r` and `s` must be in [1, n − 1]. */
export function recoverPublicKey(
  hash: Uint8Array,
  signature: { readonly r: bigint; readonly s: bigint; readonly yParity: number },
): Uint8Array | null {
  const { r, s, yParity } = signature
  if (r <= 0n || s <= 0n || r >= SECP256K1_ORDER || s >= SECP256K1_ORDER) return null
  const compact = new Uint8Array(64)
  compact.set(bigintToFixedBytes(r, 32), 0)
  compact.set(bigintToFixedBytes(s, 32), 32)
  try {
    return secp256k1.ecdsaRecover(compact, yParity, hash, false).slice(1)
  } catch {
    // The only failure left after the range checks: r is no x coordinate of the curve, or the key is the point at infinity.
    return null
  }
}

/** Last 20 bytes of the key's hash. */
export function addressOfPublicKey(publicKey: Uint8Array): Uint8Array {
  return keccak256(publicKey).slice(12)
}

/** EthereumJS's hook, used by the precompile at address 1. `v` is 27 or 28 there. Throws on an invalid signature. */
export function ecrecover(hash: Uint8Array, v: bigint, r: Uint8Array, s: Uint8Array): Uint8Array {
  const publicKey = recoverPublicKey(hash, {
    r: toInteger(r),
    s: toInteger(s),
    yParity: Number(v - 27n),
  })
  if (publicKey === null) throw new Error('invalid signature')
  return publicKey
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)
}
