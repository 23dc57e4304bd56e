/**
 * What an ordering rule is: who may order which slot, and in which order that one puts what has arrived. A rule is pure; what it
 * draws it draws from the seed.
 */
import type { Address, Hash } from '../../primitives/hex.ts'

/** A transaction as a rule may see it. */
export type OrderableTransaction = {
  readonly hash: Hash
  readonly sender: Address
  readonly nonce: bigint
  /** Milliseconds since the range began, by the arrival model: no public mempool of an L2 exists in history. */
  readonly arrivalMs: number
  /** Wei per gas the coinbase would get at the base fee of its slot. */
  readonly tip: bigint
  /** What the builder reckons with: the gas it used in history, as one who simulates knows it, else its limit. */
  readonly gas: bigint
  /** Its place in what L1 published; the canonical order is by this. */
  readonly canonicalIndex: number
  /** Slot in which L1 published it. */
  readonly canonicalSlot: number
  /** Rollup it belongs to, where a sequencer serves several; absent where it serves one. */
  readonly namespace?: string
  /** Its group, 0 ahead of 1, in rules that have groups; absent: 0. */
  readonly group?: number
  /** L1 lists it, but in that order it did not execute; whether it would in another, only executing tells. */
  readonly isDropped?: true
  /** Milliseconds since the range began by which an inclusion list or the forced queue demands it; absent without such a claim. */
  readonly dueMs?: number
}

/** One turn: an L1 slot in based rules, a block or a view in others. */
export type OrderingSlot = {
  readonly index: number
  /** Milliseconds since the range began. */
  readonly startMs: number
  readonly endMs: number
  /** Gas the transactions of the slot may have together. */
  readonly gasLimit: bigint
  /** Who ordered it in history. */
  readonly proposer?: Address
}

/** A candidate to order, with what the rules weigh. */
export type Sequencer = {
  readonly address: Address
  /** Wei; the weight in rules that draw by stake or tickets. */
  readonly stake: bigint
  /** Share of its slots in which it does nothing, 0 to 1. */
  readonly faultProbability: number
}

export type OrderingContext = {
  readonly slots: readonly OrderingSlot[]
  /** At least one; the first is the only one where a rule knows one. */
  readonly sequencers: readonly Sequencer[]
  /** Uniform in [0, 1), the same sequence for the same seed and label. */
  readonly draw: (label: string) => () => number
  /** Value of one of the rule's parameters. */
  readonly parameter: (name: string) => number
}

export type OrderedSlot = {
  readonly slot: number
  /** Who ordered it; absent where nobody did, and the slot stays empty. */
  readonly sequencer?: Address
  /** What was paid for the right to order it, or to be early in it. */
  readonly payment?: { readonly payer: Address; readonly wei: bigint }
  /** In execution order; the rule itself keeps the nonces of a sender in order. */
  readonly transactions: readonly OrderableTransaction[]
}

export type RuleParameter = {
  readonly name: string
  readonly default: number
  /** Meaning and unit. */
  readonly definition: string
}

export type OrderingRule = {
  /** Lower case with hyphens: the value of `--rule`. */
  readonly id: string
  readonly title: string
  readonly definition: string
  readonly source: string
  /** Whether it draws lots, and so is run over many seeds. */
  readonly isRandom: boolean
  readonly parameters: readonly RuleParameter[]
  readonly order: (
    transactions: readonly OrderableTransaction[],
    context: OrderingContext,
  ) => readonly OrderedSlot[]
}
