/** The sender of a transaction, from its signature alone. Yellow Paper appendix F; EIP-2, EIP-155, EIP-2718. */
import { addressOfPublicKey, recoverPublicKey, SIGNATURE_S_MAX } from './crypto.ts'
import { decodeTransaction, signingHash, type Transaction } from './transaction.ts'

/** 20 bytes, or null when nobody can have signed this. */
export function recoverSender(transaction: Transaction): Uint8Array | null {
  const { r, s, yParity } = transaction.signature
  if (yParity === null || s > SIGNATURE_S_MAX) return null
  const publicKey = recoverPublicKey(signingHash(transaction), { r, s, yParity })
  return publicKey === null ? null : addressOfPublicKey(publicKey)
}

/** The same from raw bytes, which may be no transaction at all. */
export function recoverRawSender(raw: Uint8Array): Uint8Array | null {
  const decoded = decodeTransaction(raw)
  return decoded.type === 'transaction' ? recoverSender(decoded.transaction) : null
}
