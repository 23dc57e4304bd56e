/**
 * Block bodies from JSON-RPC, believed only if they make the header's roots. Derivation uses only their transaction hashes:
 * a receipt does not say which transaction it belongs to.
 */
import { bigintToBytes, concatBytes, EMPTY_BYTES } from '../primitives/bytes.ts'
import { TemporaryError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import { orderedTrieRoot } from '../primitives/orderedTrie.ts'
import { encodeRlp, type RlpItem } from '../primitives/rlp.ts'
import type { L1Header } from './l1.ts'
import { type JsonObject, readBytes, readHex, readList, readObject, readQuantity } from './rpcJson.ts'
import { check, WrongDataError } from './wrongData.ts'

/** The block's transactions as their trie holds them, in order, from a block with full transactions. */
export function verifyTransactions(json: unknown, block: L1Header): readonly Uint8Array[] {
  const body = readObject(json, 'the block')
  const transactions = encodeTransactions(body)
  const root = orderedTrieRoot(transactions)
  check(
    root === block.header.transactionsRoot,
    `transactions of block ${block.number} have root ${root}, its header says ${block.header.transactionsRoot}`,
  )
  if (block.header.withdrawalsRoot !== undefined) {
    const withdrawals = readList(body.withdrawals, 'the withdrawals').map(encodeWithdrawal)
    check(
      orderedTrieRoot(withdrawals) === block.header.withdrawalsRoot,
      `withdrawals of block ${block.number} do not make its withdrawals root`,
    )
  }
  return transactions
}

/** As verifyTransactions, unproven. For the L1 that readClaimedHashes is for. */
export function readClaimedTransactions(json: unknown): readonly Uint8Array[] {
  return encodeTransactions(readObject(json, 'the block'))
}

function encodeTransactions(body: JsonObject): readonly Uint8Array[] {
  return readList(body.transactions, 'the transactions').map(encodeTransaction)
}

/**
 * The hashes as the server lists them, unproven. Only for an L1 whose transactions root is not that of the consensus encoding:
 * anvil 1.7.1 hashes blob transactions with their sidecars into it. Provenance rests on these hashes, derivation does not.
 */
export function readClaimedHashes(json: unknown): readonly Hash[] {
  const body = readObject(json, 'the block')
  return readList(body.transactions, 'the transactions').map((hash) =>
    readHex(hash, 'a transaction hash', 32),
  )
}

type Fields = {
  readonly integer: (key: string) => Uint8Array
  readonly bytes: (key: string) => Uint8Array
  readonly raw: JsonObject
}

/** Legacy: the bare list; EIP-2930, 1559, 4844, 7702: the type byte and the list. */
export function encodeTransaction(json: unknown): Uint8Array {
  const raw = readObject(json, 'a transaction')
  const type = Number(readQuantity(raw.type ?? '0x0', 'a transaction type'))
  // Before its fields, which are not known either.
  if (type > SET_CODE_TYPE) throw unknownType(type)
  const fields = fieldsOf(raw, 'transaction')
  const payload = encodeRlp(transactionItems(type, fields))
  return type === 0 ? payload : concatBytes(Uint8Array.of(type), payload)
}

function transactionItems(type: number, fields: Fields): RlpItem {
  const { integer, bytes, raw } = fields
  const call: RlpItem[] = [
    integer('gas'),
    raw.to === null || raw.to === undefined ? EMPTY_BYTES : bytes('to'),
    integer('value'),
    bytes('input'),
  ]
  if (type === 0)
    return [integer('nonce'), integer('gasPrice'), ...call, integer('v'), integer('r'), integer('s')]

  const signature = [integer(raw.yParity === undefined ? 'v' : 'yParity'), integer('r'), integer('s')]
  const accessList = readList(raw.accessList, 'an access list').map(encodeAccess)
  if (type === 1)
    return [integer('chainId'), integer('nonce'), integer('gasPrice'), ...call, accessList, ...signature]

  const feeMarket: RlpItem[] = [
    integer('chainId'),
    integer('nonce'),
    integer('maxPriorityFeePerGas'),
    integer('maxFeePerGas'),
    ...call,
    accessList,
  ]
  if (type === 2) return [...feeMarket, ...signature]
  if (type === 3) {
    const hashes = readList(raw.blobVersionedHashes, 'the blob hashes')
    return [
      ...feeMarket,
      integer('maxFeePerBlobGas'),
      hashes.map((hash) => readBytes(hash, 'a blob hash', 32)),
      ...signature,
    ]
  }
  const authorizations = readList(raw.authorizationList, 'an authorization list').map(encodeAuthorization)
  return [...feeMarket, authorizations, ...signature]
}

/** The newest that is known. EIP-7702. */
const SET_CODE_TYPE = 4
/** EIP-2718. */
const TYPE_MAX = 0x7f

/** A type of a fork to come is no lie: nobody is blamed for it, and the node waits where it is. */
function unknownType(type: number): Error {
  if (type > TYPE_MAX) return new WrongDataError(`there can be no transactions of type ${type}`)
  return new TemporaryError(
    `L1 has a transaction of type ${type}, which this version of Plumbline does not know; install one that does`,
  )
}

function encodeAccess(json: unknown): RlpItem {
  const access = readObject(json, 'an access list entry')
  return [
    readBytes(access.address, 'an address', 20),
    readList(access.storageKeys, 'storage keys').map((key) => readBytes(key, 'a storage key', 32)),
  ]
}

function encodeAuthorization(json: unknown): RlpItem {
  const { integer, bytes, raw } = fieldsOf(readObject(json, 'an authorization'), 'authorization')
  return [
    integer('chainId'),
    bytes('address'),
    integer('nonce'),
    integer(raw.yParity === undefined ? 'v' : 'yParity'),
    integer('r'),
    integer('s'),
  ]
}

/** EIP-4895. */
function encodeWithdrawal(json: unknown): Uint8Array {
  const { integer, bytes } = fieldsOf(readObject(json, 'a withdrawal'), 'withdrawal')
  return encodeRlp([integer('index'), integer('validatorIndex'), bytes('address'), integer('amount')])
}

function fieldsOf(raw: JsonObject, of: string): Fields {
  return {
    raw,
    integer: (key) => bigintToBytes(readQuantity(raw[key], `${key} of a ${of}`)),
    bytes: (key) => readBytes(raw[key], `${key} of a ${of}`),
  }
}
