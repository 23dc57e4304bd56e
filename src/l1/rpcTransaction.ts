/** Single transactions from JSON-RPC, believed only if their fields hash to the hash they were asked by. EIP-2718. */
import type { Hash } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import type { L1Call } from './l1.ts'
import { encodeTransaction } from './rpcBody.ts'
import { readBytes, readHex, readList, readObject } from './rpcJson.ts'
import { check } from './wrongData.ts'

/** What the transaction calls; WrongDataError unless it is the one with that hash. */
export function verifyTransaction(json: unknown, hash: Hash): L1Call {
  const encoded = keccak256Hex(encodeTransaction(json))
  check(encoded === hash, `asked for transaction ${hash}, it gave one whose fields hash to ${encoded}`)
  const { to, input } = readObject(json, 'a transaction')
  return {
    to: to === null || to === undefined ? null : readHex(to, 'the recipient of a transaction', 20),
    input: readBytes(input, 'the input of a transaction'),
  }
}

/** As `verifyTransaction`, out of a block with full transactions; null for a block that does not list it. */
export function findTransaction(json: unknown, hash: Hash): L1Call | null {
  const listed = readList(readObject(json, 'the block').transactions, 'the transactions')
  const found = listed.find((each) => readObject(each, 'a transaction').hash === hash)
  return found === undefined ? null : verifyTransaction(found, hash)
}
