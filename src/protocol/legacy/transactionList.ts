/** Before Shasta: the slice of a proposal's bytes is zlib(RLP([transaction, …])) and nothing else. D-17, D-18, D-31..D-35, D-38, D-39. */
import { defined } from '../../primitives/assert.ts'
import { decodeBlobs } from '../blobCodec.ts'
import { type Decoded, decodedFault } from '../faults.ts'
import { inflateRlpItem } from '../inflate.ts'
import type { DerivationSource, ListedTransaction, SourceFault } from '../protocol.ts'
import { readRlpItem } from '../rlpGrammar.ts'
import { readTransactions } from '../transactions.ts'
import type { ListRules } from './listRules.ts'

/** Bytes of a list in calldata: 31 of every 32 bytes of a blob. taiko-client, BlockMaxTxListBytes. */
export const CALLDATA_LIST_BYTES_MAX = 31 * 4096

/** A list that cannot be decoded is empty, for a named reason; the proposal's blocks are made all the same. */
export type TransactionList = {
  readonly transactions: readonly ListedTransaction[]
  readonly fault?: SourceFault
}

export function decodeTransactionList(
  source: DerivationSource,
  blobs: readonly Uint8Array[],
  rules: ListRules,
): TransactionList {
  const list = readTransactionList(source, blobs, rules)
  return list.type === 'ok' ? { transactions: list.value } : { transactions: [], fault: list.fault }
}

function readTransactionList(
  source: DerivationSource,
  blobs: readonly Uint8Array[],
  rules: ListRules,
): Decoded<readonly ListedTransaction[]> {
  const payload = sourceBytes(source, blobs)
  if (payload.type === 'fault') return payload
  const { offset, size = payload.value.length } = source.blobSlice
  if (offset + size > payload.value.length)
    return decodedFault('sliceRange', `[${offset}, ${offset + size}) of ${payload.value.length} bytes`)
  // No bytes are a valid way to say no transactions.
  if (size === 0) return { type: 'ok', value: [] }
  const isBounded = source.blobSlice.blobHashes.length === 0
  if (isBounded && !rules.boundsInflatedCalldata && size > CALLDATA_LIST_BYTES_MAX) return tooLong(size)
  const inflated = inflateRlpItem(payload.value.subarray(offset, offset + size), {
    inflate: 'listInflate',
    trailingBytes: 'listTrailingBytes',
    keepsTruncated: rules.keepsTruncated,
  })
  if (inflated.type === 'fault') return inflated
  const { length } = inflated.value
  if (isBounded && rules.boundsInflatedCalldata && length > CALLDATA_LIST_BYTES_MAX) return tooLong(length)
  return readList(inflated.value)
}

function tooLong(bytes: number): Decoded<never> {
  return decodedFault('calldataSize', `${bytes} of at most ${CALLDATA_LIST_BYTES_MAX} bytes`)
}

function sourceBytes(source: DerivationSource, blobs: readonly Uint8Array[]): Decoded<Uint8Array> {
  if (source.blobSlice.blobHashes.length > 0) return decodeBlobs(blobs)
  return { type: 'ok', value: defined(source.calldata, 'the list of a source without blobs') }
}

function readList(bytes: Uint8Array): Decoded<readonly ListedTransaction[]> {
  const list = readRlpItem(bytes, 0, bytes.length)
  if (list === undefined || !list.isList) return decodedFault('listRlp', 'not a list')
  if (list.end !== bytes.length)
    return decodedFault('listTrailingBytes', `${bytes.length - list.end} bytes after the list`)
  const transactions = readTransactions(bytes, list)
  if (typeof transactions === 'number')
    return decodedFault('listTransaction', `transaction ${transactions} is not decodable`)
  return { type: 'ok', value: transactions }
}
