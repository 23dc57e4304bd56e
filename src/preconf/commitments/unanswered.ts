/**
 * Promises that a stop, or a signer that failed, left in the book without a signature. Nobody need have them, so they are signed only
 * while they are true, or can still be made so: book and journal are written side by side, and one may lack what the other has.
 */
import type { ChainReader } from '../../chain/chain.ts'
import type { ExecutedTransaction, PendingBlock } from '../../engine/engine.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { encodeReceipt } from '../../primitives/receipt.ts'
import {
  decodeTransactionExecution,
  EXECUTION_TYPE,
  type TransactionExecution,
} from '../../promise/transactionPromise.ts'
import type { StoredPromise } from '../promises/promise.ts'
import { CommitmentRefusedError } from './errors.ts'

export type UnansweredDeps = {
  readonly chain: Pick<ChainReader, 'heads' | 'blockByNumber' | 'transactionPosition'>
  /** The block under way. */
  readonly pending: () => PendingBlock | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds that a promise needs at least. */
  readonly marginMs: number
}

/** False for what will not come true any more. Throws CommitmentRefusedError where that is not known yet, or it is too late. */
export async function mayBeAnswered(deps: UnansweredDeps, promise: StoredPromise): Promise<boolean> {
  const { commitmentType, payload } = promise.commitment
  if (commitmentType === EXECUTION_TYPE) {
    const decoded = decodeTransactionExecution(hexToBytes(payload))
    return decoded.type === 'decoded' && isExecuted(deps, decoded.value)
  }
  if (deps.now() + deps.marginMs <= Number(promise.deadline) * 1000) return true
  if (await isIncluded(deps, promise)) return true
  throw new CommitmentRefusedError('notEnoughTime', 'it was asked for before, and was not answered in time')
}

async function isExecuted(
  { chain, pending }: UnansweredDeps,
  execution: TransactionExecution,
): Promise<boolean> {
  const { blockNumber, parentBlockHash, transactionIndex } = execution
  const open = pending()
  const isUnderWay = open?.attributes.number === blockNumber && open.attributes.parentHash === parentBlockHash
  if (isUnderWay && isSame(open.transactions[transactionIndex], execution)) return true
  if (blockNumber > chain.heads().latest.number)
    throw new CommitmentRefusedError('syncing', `block ${blockNumber}, which it names, is not finished yet`)
  const block = await chain.blockByNumber(blockNumber)
  return (
    block?.header.parentHash === parentBlockHash && isSame(block.transactions[transactionIndex], execution)
  )
}

function isSame(
  transaction: Pick<ExecutedTransaction, 'hash' | 'receipt'> | undefined,
  { transactionHash, receiptHash }: TransactionExecution,
): boolean {
  return (
    transaction?.hash === transactionHash && keccak256Hex(encodeReceipt(transaction.receipt)) === receiptHash
  )
}

/** Of type 1 nothing is known here: its transaction is L1's. */
async function isIncluded(
  { chain, pending }: UnansweredDeps,
  { transactionHash, deadline }: StoredPromise,
): Promise<boolean> {
  if (transactionHash === undefined) return false
  const position = await chain.transactionPosition(transactionHash)
  const block = position && (await chain.blockByNumber(position.blockNumber))
  if (block !== undefined) return block.header.timestamp <= deadline
  const open = pending()
  return (
    open !== undefined &&
    open.attributes.timestamp <= deadline &&
    open.transactions.some(({ hash }) => hash === transactionHash)
  )
}
