/** What became of a proposer's window: the row that a dataset has of it. */
import type { Address } from '../../primitives/hex.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Row } from '../dataset/column.ts'

export type ElectedWindow = {
  /** L1 slots, both part of it. */
  readonly firstSlot: bigint
  readonly lastSlot: bigint
  readonly proposer: Address
  /** Another account that may post for the proposer. */
  readonly poster?: Address
}

/** From the rows of the range's L1 blocks and proposals. */
export function windowRow(
  { l1, l2 }: RollupSpec,
  { firstSlot, lastSlot, proposer, poster }: ElectedWindow,
  blocks: readonly Row[],
  proposals: readonly Row[],
): Row {
  const slots = Number(lastSlot - firstSlot + 1n)
  const filled = blocks.filter(
    ({ slot }) => BigInt(slot as bigint) >= firstSlot && BigInt(slot as bigint) <= lastSlot,
  )
  const timeOf = (slot: bigint) => Number(l1.genesisTime + slot * l1.secondsPerSlot)
  const [start, end] = [timeOf(firstSlot), timeOf(lastSlot)]
  const own = proposals.filter(
    (row) =>
      (row.proposer === proposer || row.proposer === poster) &&
      Number(row.timestamp) >= start &&
      Number(row.timestamp) <= end,
  )
  const sum = (of: (row: Row) => number) => own.reduce((total, row) => total + of(row), 0)
  const hasTransactions = sum((row) => Number(row.transactions)) > 0
  return {
    chain_id: l2.chainId,
    window_start: start,
    window_end: end,
    slots,
    missed_slots: slots - filled.length,
    proposer,
    outcome: own.length === 0 ? 'missed' : hasTransactions ? 'proposed' : 'empty',
    proposals: own.length,
    blocks: sum((row) => Number(row.last_block) - Number(row.first_block) + 1),
  }
}
