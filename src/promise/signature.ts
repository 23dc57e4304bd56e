/** ECDSA of committers over the hash of a promise, without a prefix: r ‖ s ‖ v, v 27 or 28, s in the lower half. */
import secp256k1 from 'secp256k1'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'

const SIGNATURE_SIZE = 65
const V_OFFSET = 27

/** Who signed `hash`; undefined when nobody can have, or when the signature has another form than the one contracts accept. */
export function recoverCommitter(hash: Hash, signature: Hex): Address | undefined {
  const bytes = readSignature(signature)
  const v = bytes?.[SIGNATURE_SIZE - 1]
  if (bytes === undefined || (v !== V_OFFSET && v !== V_OFFSET + 1)) return undefined
  const compact = bytes.subarray(0, SIGNATURE_SIZE - 1)
  // signatureNormalize changes what it is given when s is in the upper half.
  const normal = compact.slice()
  try {
    secp256k1.signatureNormalize(normal)
    if (Buffer.compare(normal, compact) !== 0) return undefined
    return addressOf(secp256k1.ecdsaRecover(compact, v - V_OFFSET, hexToBytes(hash), false))
  } catch {
    return undefined
  }
}

/** Deterministic (RFC 6979). The caller has written down that it signs: two hashes for one position cost the bond. */
export function signHash(hash: Hash, privateKey: Uint8Array): Hex {
  const { signature, recid } = secp256k1.ecdsaSign(hexToBytes(hash), privateKey)
  const bytes = new Uint8Array(SIGNATURE_SIZE)
  bytes.set(signature)
  bytes[SIGNATURE_SIZE - 1] = V_OFFSET + recid
  return bytesToHex(bytes)
}

export function committerOf(privateKey: Uint8Array): Address {
  return addressOf(secp256k1.publicKeyCreate(privateKey, false))
}

/** @param publicKey Uncompressed, 65 bytes. */
function addressOf(publicKey: Uint8Array): Address {
  return bytesToHex(keccak256(publicKey.subarray(1)).subarray(12))
}

function readSignature(signature: Hex): Uint8Array | undefined {
  try {
    const bytes = hexToBytes(signature)
    return bytes.length === SIGNATURE_SIZE ? bytes : undefined
  } catch {
    return undefined
  }
}
