/** What happened: transactions and slots as L1 has them, before any rule or arrival model is chosen. */
import type { Address } from '../../primitives/hex.ts'
import type { OrderableTransaction, OrderedSlot, OrderingSlot, Sequencer } from './rule.ts'

export type PastTransaction = Omit<OrderableTransaction, 'arrivalMs'> & {
  /** When a node first saw it, in milliseconds since the range began; absent where none did. */
  readonly firstSeenMs?: number
}

export type History = {
  /** One line: which range of what. */
  readonly title: string
  /** By canonical index, which is the position. */
  readonly transactions: readonly PastTransaction[]
  readonly slots: readonly OrderingSlot[]
  /** First and last slot of each proposal (or batch), by slot: what L1 learned at one moment. */
  readonly publicationOf: readonly { readonly first: number; readonly last: number }[]
  /** Who may order, where the caller names nobody else. */
  readonly sequencers: readonly Sequencer[]
  /** What a reader must know of this range alone. */
  readonly notes: readonly string[]
}

/** As L1 has it, of what executed there; arrival does not matter to it. */
export function canonicalOrder({ slots, transactions }: History): readonly OrderedSlot[] {
  return slots.map(({ index, proposer }) => ({
    slot: index,
    ...(proposer !== undefined && { sequencer: proposer }),
    transactions: transactions
      .filter(({ canonicalSlot, isDropped }) => canonicalSlot === index && !isDropped)
      .map((transaction) => ({ ...transaction, arrivalMs: 0 })),
  }))
}

/** As many as asked for, with the same stake and no faults; their addresses are their numbers. */
export function equalSequencers(count: number): readonly Sequencer[] {
  return Array.from({ length: count }, (_, index) => ({
    address: numberedAddress(index + 1),
    stake: 1n,
    faultProbability: 0,
  }))
}

function numberedAddress(number: number): Address {
  return `0x${number.toString(16).padStart(40, '0')}`
}

/** Slots from the times at which they end, in seconds; one that ends no later than the one before it lasts a millisecond. */
export function slotTimes(
  beginsAt: bigint,
  endsAt: readonly bigint[],
): readonly Pick<OrderingSlot, 'index' | 'startMs' | 'endMs'>[] {
  let startMs = 0
  return endsAt.map((end, index) => {
    const slot = { index, startMs, endMs: Math.max(Number(end - beginsAt) * 1_000, startMs + 1) }
    startMs = slot.endMs
    return slot
  })
}
