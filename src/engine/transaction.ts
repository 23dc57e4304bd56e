/**
 * Transactions from raw bytes, every EIP-2718 type, without a library's hidden checks: bytes are either no transaction at all,
 * or a transaction whose validity the filter judges (rules/filter.ts).
 */
import { bigintToBytes, bytesToBigint, concatBytes } from '../primitives/bytes.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { decodeRlp, encodeRlp, type RlpItem } from '../primitives/rlp.ts'

export type AccessListEntry = { readonly address: Uint8Array; readonly slots: readonly Uint8Array[] }

/** One EIP-7702 authorization. */
export type Authorization = {
  readonly chainId: bigint
  readonly address: Uint8Array
  readonly nonce: bigint
  readonly yParity: bigint
  readonly r: bigint
  readonly s: bigint
}

export type Transaction = {
  readonly raw: Uint8Array
  readonly type: number
  /** Absent in a legacy transaction signed without one (before EIP-155). */
  readonly chainId?: bigint
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** 20 bytes; null creates a contract. */
  readonly to: Uint8Array | null
  readonly value: bigint
  readonly data: Uint8Array
  /** Wei per gas. Legacy and type 1 have one price: both fields hold it. */
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly accessList: readonly AccessListEntry[]
  /** Type 3. */
  readonly blobs?: { readonly maxFeePerBlobGas: bigint; readonly versionedHashes: readonly Uint8Array[] }
  /** Type 4. */
  readonly authorizations?: readonly Authorization[]
  /** What the sender signed. `yParity` is null when `v` names no parity. */
  readonly signature: { readonly r: bigint; readonly s: bigint; readonly yParity: 0 | 1 | null }
  readonly signedFields: RlpItem
}

export type DecodeResult =
  | { readonly type: 'transaction'; readonly transaction: Transaction }
  | { readonly type: 'undecodable'; readonly detail: string }

/** Transaction list, access list, entry, slots: nothing deeper exists in any type. */
const DEPTH_MAX = 4

const LEGACY_FIELDS = 9
/** Fields of each typed transaction, signature included. EIP-2930, EIP-1559, EIP-4844, EIP-7702. */
const TYPED_FIELDS: Readonly<Record<number, number>> = { 1: 11, 2: 12, 3: 14, 4: 13 }

export function decodeTransaction(raw: Uint8Array): DecodeResult {
  try {
    return { type: 'transaction', transaction: decode(raw) }
  } catch (error) {
    return { type: 'undecodable', detail: error instanceof Error ? error.message : 'undecodable' }
  }
}

/** What the signature is over. */
export function signingHash(transaction: Transaction): Uint8Array {
  const encoded = encodeRlp(transaction.signedFields)
  if (transaction.type === 0) return keccak256(encoded)
  return keccak256(concatBytes(Uint8Array.of(transaction.type), encoded))
}

function decode(raw: Uint8Array): Transaction {
  const first = raw[0]
  if (first === undefined) throw new Error('no bytes')
  if (first >= 0xc0) return decodeLegacy(raw)
  const fieldCount = TYPED_FIELDS[first]
  if (fieldCount === undefined) throw new Error(`unknown transaction type ${first}`)
  const fields = listOf(decodeRlp(raw.subarray(1), DEPTH_MAX))
  if (fields.length !== fieldCount)
    throw new Error(`type ${first} has ${fieldCount} fields, not ${fields.length}`)
  return decodeTyped(raw, first, fields)
}

function decodeLegacy(raw: Uint8Array): Transaction {
  const fields = listOf(decodeRlp(raw, DEPTH_MAX))
  if (fields.length !== LEGACY_FIELDS)
    throw new Error(`a legacy transaction has 9 fields, not ${fields.length}`)
  const [nonce, gasPrice, gasLimit, to, value, data, v, r, s] = fields
  const price = integer(gasPrice, 32)
  const parity = legacyParity(integer(v, 32))
  const unsigned = fields.slice(0, 6)
  return {
    raw,
    type: 0,
    ...(parity.chainId !== undefined && { chainId: parity.chainId }),
    nonce: integer(nonce, 8),
    gasLimit: integer(gasLimit, 8),
    to: recipient(to),
    value: integer(value, 32),
    data: bytesOf(data),
    maxFeePerGas: price,
    maxPriorityFeePerGas: price,
    accessList: [],
    signature: { r: integer(r, 32), s: integer(s, 32), yParity: parity.yParity },
    signedFields:
      parity.chainId === undefined
        ? unsigned
        : [...unsigned, bigintToBytes(parity.chainId), new Uint8Array(0), new Uint8Array(0)],
  }
}

/** EIP-155: v is 27 or 28 without a chain id, 35 + 2·chainId + parity with one. */
function legacyParity(v: bigint): { chainId?: bigint; yParity: 0 | 1 | null } {
  if (v === 27n || v === 28n) return { yParity: v === 28n ? 1 : 0 }
  if (v < 35n) return { yParity: null }
  return { chainId: (v - 35n) / 2n, yParity: (v - 35n) % 2n === 1n ? 1 : 0 }
}

function decodeTyped(raw: Uint8Array, type: number, fields: readonly RlpItem[]): Transaction {
  const next = reader(fields)
  const chainId = integer(next(), 8)
  const nonce = integer(next(), 8)
  const maxPriorityFeePerGas = integer(next(), 32)
  // Type 1 has one price; it is both the cap and the tip's cap.
  const maxFeePerGas = type === 1 ? maxPriorityFeePerGas : integer(next(), 32)
  const gasLimit = integer(next(), 8)
  const to = recipient(next())
  const value = integer(next(), 32)
  const data = bytesOf(next())
  const accessList = listOf(next()).map(accessListEntry)
  const blobs =
    type === 3
      ? {
          maxFeePerBlobGas: integer(next(), 32),
          versionedHashes: listOf(next()).map((hash) => fixed(hash, 32)),
        }
      : undefined
  const authorizations = type === 4 ? listOf(next()).map(authorization) : undefined
  if (type >= 3 && to === null) throw new Error(`type ${type} cannot create a contract`)
  const parity = integer(next(), 32)
  return {
    raw,
    type,
    chainId,
    nonce,
    gasLimit,
    to,
    value,
    data,
    maxFeePerGas,
    maxPriorityFeePerGas,
    accessList,
    ...(blobs !== undefined && { blobs }),
    ...(authorizations !== undefined && { authorizations }),
    signature: {
      yParity: parity === 0n ? 0 : parity === 1n ? 1 : null,
      r: integer(next(), 32),
      s: integer(next(), 32),
    },
    signedFields: fields.slice(0, -3),
  }
}

function accessListEntry(item: RlpItem): AccessListEntry {
  const [address, slots, ...rest] = listOf(item)
  if (rest.length > 0) throw new Error('an access list entry has two fields')
  return { address: fixed(address, 20), slots: listOf(slots).map((slot) => fixed(slot, 32)) }
}

function authorization(item: RlpItem): Authorization {
  const fields = listOf(item)
  if (fields.length !== 6) throw new Error('an authorization has six fields')
  const next = reader(fields)
  return {
    chainId: integer(next(), 32),
    address: fixed(next(), 20),
    nonce: integer(next(), 8),
    yParity: integer(next(), 1),
    r: integer(next(), 32),
    s: integer(next(), 32),
  }
}

function reader(fields: readonly RlpItem[]): () => RlpItem | undefined {
  let at = 0
  return () => fields[at++]
}

function recipient(item: RlpItem | undefined): Uint8Array | null {
  const bytes = bytesOf(item)
  return bytes.length === 0 ? null : fixed(bytes, 20)
}

function integer(item: RlpItem | undefined, size: number): bigint {
  const bytes = bytesOf(item)
  if (bytes.length > size) throw new Error(`integer longer than ${size} bytes`)
  if (bytes[0] === 0) throw new Error('integer with a leading zero')
  return bytesToBigint(bytes)
}

function fixed(item: RlpItem | undefined, size: number): Uint8Array {
  const bytes = bytesOf(item)
  if (bytes.length !== size) throw new Error(`expected ${size} bytes, found ${bytes.length}`)
  return bytes
}

function bytesOf(item: RlpItem | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new Error('expected bytes, found a list')
  return item
}

function listOf(item: RlpItem | undefined): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new Error('expected a list, found bytes')
  return item
}
