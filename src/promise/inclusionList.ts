/**
 * Transactions that a preconfer promises to include in its window, unless they cannot execute: FOCIL's conditional rule (EIP-7805)
 * applied to L2. The promise carries their hash; they travel beside it. The Solidity twin is
 * contracts/src/l1/preconf/InclusionLists.sol. Two lists of one committer for one window are equivocation.
 */
import { concatBytes } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import { decodeRlp, encodeRlp, type RlpItem } from '../primitives/rlp.ts'
import { type PromiseDomain, promiseHash, promiseObjectRoot } from './domain.ts'
import { type Decoded, hashAt, isZero, uintAt, uintWord, WORD_SIZE } from './payload.ts'

export type InclusionList = {
  readonly l2ChainId: bigint
  /** Timestamp of the preconfer's own L1 slot, the last of its window, in seconds. */
  readonly windowEnd: bigint
  /** keccak-256 of the RLP list of the transactions. */
  readonly transactionsHash: Hash
}

/** Type of the registry commitment that carries an encoded InclusionList. */
export const INCLUSION_LIST_TYPE = 3n
/** Size of the RLP list of transactions. EIP-7805, MAX_BYTES_PER_INCLUSION_LIST. */
export const LISTED_BYTES_MAX = 8192

const WORDS = 3
/** EIP-4844. */
const BLOB_TRANSACTION_TYPE = 3
/** First byte of a list in RLP: of a legacy transaction too. */
const LIST_PREFIX = 0xc0
/** List of transactions, transaction, access list or authorizations, entry, keys. */
const DEPTH_MAX = 5

/** RangeError when a number does not fit its field. */
export function encodeInclusionList(list: InclusionList): Uint8Array {
  return concatBytes(
    uintWord(list.l2ChainId, 64),
    uintWord(list.windowEnd, 48),
    hexToBytes(list.transactionsHash),
  )
}

/** The one list that `payload` is the encoding of; no field of a promise is zero. */
export function decodeInclusionList(payload: Uint8Array): Decoded<InclusionList> {
  if (payload.length !== WORDS * WORD_SIZE) return { type: 'fault', fault: 'wrongSize' }
  const l2ChainId = uintAt(payload, 0, 64)
  const windowEnd = uintAt(payload, 1, 48)
  const transactionsHash = hashAt(payload, 2)
  if (l2ChainId === undefined || windowEnd === undefined) return { type: 'fault', fault: 'outOfRange' }
  if ([l2ChainId, windowEnd, transactionsHash].some(isZero)) return { type: 'fault', fault: 'zeroField' }
  return { type: 'decoded', value: { l2ChainId, windowEnd, transactionsHash } }
}

/** What a Commit-Boost signer is asked to sign, with nonce 0. */
export function inclusionListObjectRoot(list: InclusionList, slasher: Address): Hash {
  return promiseObjectRoot(INCLUSION_LIST_TYPE, bytesToHex(encodeInclusionList(list)), slasher)
}

/** What is signed, gossiped and stored. */
export function inclusionListHash(list: InclusionList, domain: PromiseDomain): Hash {
  return promiseHash(INCLUSION_LIST_TYPE, bytesToHex(encodeInclusionList(list)), domain)
}

/** Whether both are for one window and differ. Between lists of one committer it is a fault. */
export function isListEquivocation(a: InclusionList, b: InclusionList): boolean {
  return (
    a.l2ChainId === b.l2ChainId && a.windowEnd === b.windowEnd && a.transactionsHash !== b.transactionsHash
  )
}

export function hashListed(encoded: Uint8Array): Hash {
  return keccak256Hex(encoded)
}

/**
 * RLP list of transactions in EIP-2718 form, as sources list them: a legacy transaction is a list, a typed one a byte string.
 * RangeError for a blob transaction, and when the list exceeds 8192 bytes.
 */
export function encodeListed(transactions: readonly Uint8Array[]): Uint8Array {
  const encoded = encodeRlp(
    transactions.map((raw) => ((raw[0] ?? 0) < LIST_PREFIX ? raw : decodeRlp(raw, DEPTH_MAX - 1))),
  )
  const listed = decodeListed(encoded)
  if (listed.type === 'fault') throw new RangeError(`no inclusion list: ${listed.fault}`)
  return encoded
}

/** Transactions in EIP-2718 form. That each can be decoded and executed is judged elsewhere. */
export function decodeListed(encoded: Uint8Array): Decoded<readonly Uint8Array[]> {
  if (encoded.length > LISTED_BYTES_MAX) return { type: 'fault', fault: 'wrongSize' }
  const items = readItems(encoded)
  if (items === undefined) return { type: 'fault', fault: 'wrongTransactions' }
  const transactions = items.map((item) => (item instanceof Uint8Array ? item : encodeRlp(item)))
  if (transactions.some((raw) => raw.length < 2 || raw[0] === BLOB_TRANSACTION_TYPE))
    return { type: 'fault', fault: 'wrongTransactions' }
  return { type: 'decoded', value: transactions }
}

function readItems(encoded: Uint8Array): readonly RlpItem[] | undefined {
  try {
    const items = decodeRlp(encoded, DEPTH_MAX)
    return items instanceof Uint8Array ? undefined : items
  } catch {
    return undefined
  }
}
