/** What a dataset has to give: history to order anew where no node's database is at hand, and times that only a node knew. */
import type { Address, Hash } from '../../primitives/hex.ts'
import type { Dataset } from '../dataset/readDataset.ts'
import { bigintOf, numberOf, optionalNumber, textOf } from '../metrics/fields.ts'
import { type KnownTimes, publications, sequencersOf } from './chainHistory.ts'
import { type History, type PastTransaction, slotTimes } from './history.ts'
import type { OrderingSlot } from './rule.ts'

export const DATASET_TABLES = ['l2_blocks', 'transactions', 'forced_inclusions'] as const

/** By transaction, in milliseconds since the Unix epoch. */
export function timesOf({ rows }: Pick<Dataset, 'rows'>): KnownTimes {
  const firstSeen = new Map<Hash, number>()
  const due = new Map<Hash, number>()
  const dueOfBlock = new Map<string, number>()
  for (const row of rows('forced_inclusions')) {
    const dueAt = optionalNumber(row, 'due_at')
    if (dueAt !== null && row.l2_block_number !== null)
      dueOfBlock.set(String(row.l2_block_number), dueAt * 1_000)
  }
  for (const row of rows('transactions')) {
    if (row.transaction_hash === null) continue
    const hash = textOf(row, 'transaction_hash') as Hash
    const seenAt = optionalNumber(row, 'first_seen_at')
    if (seenAt !== null) firstSeen.set(hash, seenAt)
    const dueAt = row.is_forced_inclusion ? dueOfBlock.get(String(row.block_number)) : undefined
    if (dueAt !== undefined) due.set(hash, dueAt)
  }
  return { firstSeen, due }
}

/** First and last L2 block; by default all that the dataset has. Throws RangeError if there is none. */
export function readDatasetHistory(
  dataset: Dataset,
  { from, to }: { readonly from?: bigint; readonly to?: bigint },
): History {
  const blocks = dataset.rows('l2_blocks').filter((row) => {
    const number = bigintOf(row, 'block_number')
    return (from === undefined || number >= from) && (to === undefined || number <= to)
  })
  const [first, last] = [blocks[0], blocks.at(-1)]
  if (first === undefined || last === undefined)
    throw new RangeError('the dataset has no L2 block of the range')
  const times = blocks.map((row) => bigintOf(row, 'timestamp'))
  // When its parent was is not in a dataset; a second is the least it can have been before.
  const beginsAt = (times[0] ?? 1n) - 1n
  const slots = slotTimes(beginsAt, times).map((slot, index): OrderingSlot => {
    const row = blocks[index] ?? first
    return { ...slot, gasLimit: bigintOf(row, 'gas_limit'), proposer: textOf(row, 'proposer') as Address }
  })
  const transactions = transactionsOf(dataset, blocks, Number(beginsAt) * 1_000)
  return {
    title: `${dataset.manifest.network}, L2 blocks ${String(first.block_number)} to ${String(last.block_number)}, ${transactions.length} transactions`,
    ...{ transactions, slots, sequencers: sequencersOf(slots) },
    publicationOf: publications(blocks.map((row) => `${textOf(row, 'fork')} ${String(row.proposal_id)}`)),
    notes: [
      'Nothing was executed: a dataset has no bytes of transactions and no state. Give --datadir for that.',
      'A slot is an L2 block. Gas is what each transaction used on L1’s order. Transactions that did not execute are left out.',
    ],
  }
}

function transactionsOf(
  dataset: Dataset,
  blocks: ReturnType<Dataset['rows']>,
  beginsAtMs: number,
): readonly PastTransaction[] {
  const { firstSeen, due } = timesOf(dataset)
  const slotOf = new Map(blocks.map((row, index) => [String(row.block_number), index]))
  const baseFees = blocks.map((row) => bigintOf(row, 'base_fee_per_gas'))
  let canonicalIndex = 0
  return dataset
    .rows('transactions')
    .filter((row) => row.success !== null && slotOf.has(String(row.block_number)))
    .map((row) => ({ row, slot: slotOf.get(String(row.block_number)) ?? 0 }))
    .sort(
      (a, b) =>
        a.slot - b.slot || numberOf(a.row, 'transaction_index') - numberOf(b.row, 'transaction_index'),
    )
    .map(({ row, slot }): PastTransaction => {
      const hash = textOf(row, 'transaction_hash') as Hash
      const [seenAt, dueAt] = [firstSeen.get(hash), due.get(hash)]
      return {
        hash,
        sender: textOf(row, 'from_address') as Address,
        nonce: bigintOf(row, 'nonce'),
        tip: bigintOf(row, 'effective_gas_price') - (baseFees[slot] ?? 0n),
        gas: bigintOf(row, 'gas_used'),
        canonicalIndex: canonicalIndex++,
        canonicalSlot: slot,
        ...(seenAt !== undefined && { firstSeenMs: seenAt - beginsAtMs }),
        ...(dueAt !== undefined && { dueMs: dueAt - beginsAtMs }),
      }
    })
}
