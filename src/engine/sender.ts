/** The sender of a transaction, from its signature alone. Yellow Paper appendix F; EIP-2, EIP-155, EIP-2718. */
import { hexToBytes } from '../primitives/hex.ts'
import { GOLDEN_TOUCH_ADDRESS, isOfGoldenTouch } from '../protocol/goldenTouch.ts'
import { addressOfPublicKey, recoverPublicKey, SIGNATURE_S_MAX } from './crypto.ts'
import { decodeTransaction, signingHash, type Transaction } from './transaction.ts'

const GOLDEN_TOUCH = hexToBytes(GOLDEN_TOUCH_ADDRESS)

/** 20 bytes, or null when nobody can have signed this. */
export function recoverSender(transaction: Transaction): Uint8Array | null {
  return transaction.signature.s > SIGNATURE_S_MAX ? null : recoverSigner(transaction)
}

/** The same where the rules of its block have looked at s already: before Homestead it may be any. */
export function recoverSigner(transaction: Transaction): Uint8Array | null {
  const { r, s, yParity } = transaction.signature
  if (yParity === null) return null
  const hash = signingHash(transaction)
  // Every block has one of its own: an anchor transaction's is checked in a thirtieth of the time.
  if (isOfGoldenTouch(hash, { r, s, yParity })) return GOLDEN_TOUCH.slice()
  const publicKey = recoverPublicKey(hash, { r, s, yParity })
  return publicKey === null ? null : addressOfPublicKey(publicKey)
}

/** Whom a transaction names: 20 bytes each, or nobody. */
export type Parties = { readonly sender: Uint8Array | null; readonly to: Uint8Array | null }

/** From raw bytes, which may be no transaction at all. */
export function recoverParties(raw: Uint8Array): Parties {
  const decoded = decodeTransaction(raw)
  if (decoded.type !== 'transaction') return { sender: null, to: null }
  const { transaction } = decoded
  // A copy: of the bytes of all transactions it would be a view, and cross to another thread with them.
  return { sender: recoverSigner(transaction), to: transaction.to?.slice() ?? null }
}
