/** The sender of a transaction, from its signature alone. Yellow Paper appendix F; EIP-2, EIP-155, EIP-2718. */
import { addressOfPublicKey, recoverPublicKey, SIGNATURE_S_MAX } from './crypto.ts'
import { decodeTransaction, signingHash, type Transaction } from './transaction.ts'

/** 20 bytes, or null when nobody can have signed this. */
export function recoverSender(transaction: Transaction): Uint8Array | null {
  return transaction.signature.s > SIGNATURE_S_MAX ? null : recoverSigner(transaction)
}

/** The same where the rules of its block have looked at s already: before Homestead it may be any. */
export function recoverSigner(transaction: Transaction): Uint8Array | null {
  const { r, s, yParity } = transaction.signature
  if (yParity === null) return null
  const publicKey = recoverPublicKey(signingHash(transaction), { r, s, yParity })
  return publicKey === null ? null : addressOfPublicKey(publicKey)
}

/** From raw bytes, which may be no transaction at all. */
export function recoverRawSigner(raw: Uint8Array): Uint8Array | null {
  const decoded = decodeTransaction(raw)
  return decoded.type === 'transaction' ? recoverSigner(decoded.transaction) : null
}
