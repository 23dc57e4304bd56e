/**
 * Which bytes are a transaction at all, decided by their form alone and before anything is executed. D-30, D-34.
 *
 * One undecodable transaction faults its whole source (Shasta) or list (older), while a decodable one that may not execute is
 * merely skipped by the filter, so the border between the two is consensus. Two decoders are run on these chains, alloy's (taiko-client-rs,
 * alethia-reth, raiko) and geth's (taiko-client, taiko-geth, gaiko); we take what both accept. They differ only where
 * no honest encoder goes (docs/derivation.md D-30 lists it).
 */
import type { ListedTransaction } from './protocol.ts'
import {
  bool,
  byteString,
  either,
  fixedBytes,
  listOf,
  type RlpForm,
  type RlpSpan,
  readRlpItem,
  readUint,
  struct,
  uint,
} from './rlpGrammar.ts'

const u64 = uint(64)
const u128 = uint(128)
const u256 = uint(256)
const address = fixedBytes(20)
/** No bytes: the transaction creates a contract. */
const addressOrNone = either(fixedBytes(0), address)
const hash = fixedBytes(32)
const accessList = listOf(struct(address, listOf(hash)))
const authorizations = listOf(struct(u256, address, u64, uint(8), u256, u256))

/** Parity alone (0, 1), before EIP-155 (27, 28), or with a chain id (from 35). */
const legacyV: RlpForm = (bytes, item) => {
  if (!u128(bytes, item)) return false
  const v = readUint(bytes, item)
  return v <= 1n || v === 27n || v === 28n || v >= 35n
}

const legacy = struct(u64, u128, u64, addressOrNone, u256, byteString, legacyV, u256, u256)

/** By EIP-2718 type. A blob transaction is decodable (without sidecar) although none is ever executed on L2. */
const typed: Readonly<Record<number, RlpForm>> = {
  1: struct(u64, u64, u128, u64, addressOrNone, u256, byteString, accessList, bool, u256, u256),
  2: struct(u64, u64, u128, u128, u64, addressOrNone, u256, byteString, accessList, bool, u256, u256),
  3: struct(
    u64,
    u64,
    u128,
    u128,
    u64,
    address,
    u256,
    byteString,
    accessList,
    u128,
    listOf(hash),
    bool,
    u256,
    u256,
  ),
  4: struct(
    u64,
    u64,
    u128,
    u128,
    u64,
    address,
    u256,
    byteString,
    accessList,
    authorizations,
    bool,
    u256,
    u256,
  ),
}

/** The EIP-2718 bytes of the transaction in an item of a transaction list; undefined if it is none. */
function transactionBytes(bytes: Uint8Array, header: number, item: RlpSpan): ListedTransaction | undefined {
  if (item.isList) {
    if (!legacy(bytes, item)) return undefined
    return { raw: bytes.slice(header, item.end), offset: header }
  }
  // Typed: a byte string of type ‖ rlp(fields), and nothing behind it.
  const form = item.end - item.start > 1 ? typed[bytes[item.start] as number] : undefined
  const fields = readRlpItem(bytes, item.start + 1, item.end)
  if (form === undefined || fields === undefined || fields.end !== item.end) return undefined
  if (!form(bytes, fields)) return undefined
  return { raw: bytes.slice(item.start, item.end), offset: item.start }
}

/** The transactions of a list, or the index of the first item that is none. */
export function readTransactions(bytes: Uint8Array, list: RlpSpan): readonly ListedTransaction[] | number {
  const transactions: ListedTransaction[] = []
  // Ends: every item is at least one byte long, so the payload's size bounds the count.
  for (let at = list.start; at < list.end; ) {
    const item = readRlpItem(bytes, at, list.end)
    const transaction = item && transactionBytes(bytes, at, item)
    if (item === undefined || transaction === undefined) return transactions.length
    transactions.push(transaction)
    at = item.end
  }
  return transactions
}

/** Whether `raw` is the EIP-2718 encoding of a transaction that a source may list. For proposers, before they list it. */
export function isListableTransaction(raw: Uint8Array): boolean {
  const first = raw[0]
  if (first === undefined) return false
  const item = first >= 0xc0 ? readRlpItem(raw, 0, raw.length) : { isList: false, start: 0, end: raw.length }
  return item !== undefined && item.end === raw.length && transactionBytes(raw, 0, item) !== undefined
}
