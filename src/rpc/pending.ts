/** The block under way as callers see it: sequenced here or streamed by another, with whatever it holds so far. */
import type { PendingBlock } from '../engine/engine.ts'
import type { StateSource } from '../engine/state/source.ts'
import { blockSize } from '../primitives/blockSize.ts'
import { type BlockHeader, EMPTY_OMMERS_HASH } from '../primitives/header.ts'
import { ZERO_HASH } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { logsBloom } from '../primitives/receipt.ts'
import type { StatePlace } from './deps.ts'
import { blockJson, type Json, transactionJson } from './json.ts'
import type { BlockParameter } from './params.ts'

/** Undefined between blocks, and on nodes that take no part in preconfirmations. */
export type ReadPending = () => PendingBlock | undefined

/** What a request asks of the block under way; undefined for other blocks and while there is none. */
export function findPending(
  pending: ReadPending | undefined,
  block: BlockParameter,
): PendingBlock | undefined {
  return block.type === 'tag' && block.tag === 'pending' ? pending?.() : undefined
}

/** State and header belong together: both are of the transactions that are in when it answers. */
export async function readPending(
  block: PendingBlock,
): Promise<{ readonly state: StateSource; readonly header: BlockHeader; readonly place: StatePlace }> {
  const [state, laidOver] = await Promise.all([block.state(), block.changes()])
  const { number, parentHash } = block.attributes
  return { state, header: pendingHeader(block), place: { number: number - 1n, hash: parentHash, laidOver } }
}

/** Its roots are not known before the seal: zero, and an empty trie where only the shape counts. */
function pendingHeader({ attributes, transactions, gasUsed }: PendingBlock): BlockHeader {
  const { parentHash, coinbase, number, gasLimit, timestamp, extraData, mixHash, baseFeePerGas } = attributes
  return {
    parentHash,
    ommersHash: EMPTY_OMMERS_HASH,
    coinbase,
    stateRoot: ZERO_HASH,
    transactionsRoot: ZERO_HASH,
    receiptsRoot: ZERO_HASH,
    logsBloom: logsBloom(transactions.flatMap(({ receipt }) => receipt.logs)),
    difficulty: 0n,
    number,
    gasLimit,
    gasUsed,
    timestamp,
    extraData,
    mixHash,
    nonce: new Uint8Array(8),
    baseFeePerGas,
    withdrawalsRoot: EMPTY_TRIE_ROOT,
  }
}

/** As go-ethereum has it: what only a sealed block has is null. */
export function pendingBlockJson(block: PendingBlock, isFull: boolean): Json {
  const header = pendingHeader(block)
  const { transactions } = block
  const size = blockSize(
    header,
    transactions.map(({ raw }) => raw),
  )
  const json = blockJson({ hash: ZERO_HASH, header, transactions, size }, isFull)
  const listed = isFull
    ? (json.transactions as readonly Json[]).map((transaction) => ({ ...transaction, blockHash: null }))
    : json.transactions
  return { ...json, hash: null, nonce: null, miner: null, transactions: listed }
}

/** One of its transactions as they are in the block; null when it has not so many yet. */
export function pendingTransactionAt(block: PendingBlock, index: number): Json | null {
  const { transactions } = block
  if (transactions[index] === undefined) return null
  const stored = { hash: ZERO_HASH, header: pendingHeader(block), transactions, size: 0 }
  return { ...transactionJson(stored, index), blockHash: null }
}
