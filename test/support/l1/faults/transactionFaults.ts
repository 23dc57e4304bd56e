/** Lies about transactions, under their true hashes and the header's true root. */
import { bigintToBytes } from '../../../../src/primitives/bytes.ts'
import type { L1Block } from '../block.ts'
import type { L1Transaction } from '../calls.ts'
import type { Random } from '../random.ts'
import { encode, type TransactionFields } from '../transaction.ts'
import type { BlockFault } from './fault.ts'
import { flipBit, flipHexBit } from './flip.ts'

export const TRANSACTION_FAULTS: readonly BlockFault[] = [
  lie('transaction-input-changed', (block, random) =>
    changeOne(
      block,
      random,
      () => true,
      (tx) => ({ input: flipBit(tx.input, random) }),
    ),
  ),
  lie('transaction-recipient-changed', (block, random) =>
    changeOne(
      block,
      random,
      () => true,
      (tx) => ({ to: flipHexBit(tx.to, random) }),
    ),
  ),
  lie('transaction-blob-hash-changed', (block, random) =>
    changeOne(
      block,
      random,
      (tx) => tx.blobHashes.length > 0,
      (tx) => ({ blobHashes: tx.blobHashes.map((hash, i) => (i === 0 ? flipHexBit(hash, random) : hash)) }),
    ),
  ),
  lie('transaction-hash-changed', (block, random) => {
    if (block.transactions.length === 0) return undefined
    const at = random.below(block.transactions.length)
    const transactions = block.transactions.map((tx, i) =>
      i === at ? { ...tx, hash: flipHexBit(tx.hash, random) } : tx,
    )
    return { ...block, transactions }
  }),
  lie('transactions-swapped', (block, random) => {
    if (block.transactions.length < 2) return undefined
    const at = random.below(block.transactions.length - 1)
    const transactions = [...block.transactions]
    transactions.splice(at, 2, transactions[at + 1]!, transactions[at]!)
    return { ...block, transactions }
  }),
  lie('transaction-removed', (block, random) => {
    if (block.transactions.length === 0) return undefined
    const at = random.below(block.transactions.length)
    const keep = (_: unknown, i: number) => i !== at
    return { ...block, transactions: block.transactions.filter(keep), receipts: block.receipts.filter(keep) }
  }),
]

function lie(name: string, alter: (block: L1Block, random: Random) => L1Block | undefined): BlockFault {
  return { type: 'block', name, remedy: 'refute', alter: (block, { random }) => alter(block, random) }
}

/** The old signature stays, so its bytes change and its sender with them. */
function changeOne(
  block: L1Block,
  random: Random,
  applies: (tx: L1Transaction) => boolean,
  change: (tx: L1Transaction) => Partial<TransactionFields>,
): L1Block | undefined {
  const candidates = block.transactions.filter(applies)
  if (candidates.length === 0) return undefined
  const chosen = random.pick(candidates)
  const changed = { ...chosen, ...change(chosen) }
  const { r, s, yParity } = changed.signature
  const v = changed.type === 0 ? changed.chainId * 2n + 35n + BigInt(yParity) : BigInt(yParity)
  const raw = encode(changed, [v, r, s].map(bigintToBytes))
  return {
    ...block,
    transactions: block.transactions.map((tx) => (tx === chosen ? { ...changed, raw } : tx)),
  }
}
