/** Payloads of promises: static ABI words and nothing else. Foreign bytes: every reader says `undefined` for what does not fit. */
import { bigintToFixedBytes, bytesToBigint } from '../primitives/bytes.ts'
import { bytesToHex, type Hash, ZERO_HASH } from '../primitives/hex.ts'

export const WORD_SIZE = 32

/** Why bytes are no promise. */
export type PayloadFault = 'wrongSize' | 'outOfRange' | 'zeroField' | 'wrongTransactions'

export type Decoded<T> =
  | { readonly type: 'decoded'; readonly value: T }
  | { readonly type: 'fault'; readonly fault: PayloadFault }

/** The word at `index`. */
export function wordAt(payload: Uint8Array, index: number): Uint8Array {
  return payload.subarray(index * WORD_SIZE, (index + 1) * WORD_SIZE)
}

export function hashAt(payload: Uint8Array, index: number): Hash {
  return bytesToHex(wordAt(payload, index))
}

/** Unsigned integer of `bits` bits; undefined when the word has bits above them. */
export function uintAt(payload: Uint8Array, index: number, bits: number): bigint | undefined {
  const value = bytesToBigint(wordAt(payload, index))
  return value < 1n << BigInt(bits) ? value : undefined
}

/** One word. RangeError when the value does not fit `bits` bits. */
export function uintWord(value: bigint, bits: number): Uint8Array {
  const word = new Uint8Array(WORD_SIZE)
  word.set(bigintToFixedBytes(value, bits / 8), WORD_SIZE - bits / 8)
  return word
}

export function isZero(value: bigint | Hash): boolean {
  return value === 0n || value === ZERO_HASH
}
