/**
 * The numbers of the dashboard: what `/dashboard/data.json` answers, and what the page and every CSV file are made from. Block
 * numbers, slots and epochs are JSON numbers, as in `based_syncStatus`; times are Unix seconds unless the name says otherwise.
 */
import type { Address, Hash } from '../../primitives/hex.ts'
import type { ScheduleKind, ScheduleTrust } from '../../schedule/schedule.ts'
import type { FollowerView, PromiseOutcome, SequencerView } from './deps.ts'

export type DashboardData = {
  /** When it was read; milliseconds since 1970. */
  readonly readAtMs: number
  readonly node: {
    readonly version: string
    readonly network: string
    readonly l1ChainId: number
    readonly l2ChainId: number
  }
  readonly health: HealthData
  readonly clocks: readonly ClockData[]
  readonly slots: SlotsData | Unavailable
  readonly gaps: GapsData
  readonly forcedInclusions: ForcedInclusionsData | Unavailable
  /** Null: this node takes no part in preconfirmations. */
  readonly preconf: PreconfData | null
}

/** One part could not be read now; the sentence says why. The others are as good as ever. */
export type Unavailable = { readonly unavailable: string }

export function isUnavailable(part: object): part is Unavailable {
  return 'unavailable' in part
}

/** As `/readyz` and `based_syncStatus`. */
export type HealthData = {
  readonly ready: boolean
  readonly synced: boolean
  readonly reasons: readonly string[]
  readonly warnings: readonly string[]
  readonly l1HeadTrust: string
  readonly l1Providers: readonly {
    readonly name: string
    readonly demotions: number
    readonly lastError: string | null
  }[]
  /** Null: this node takes no transactions. */
  readonly pool: { readonly pending: number; readonly queued: number } | null
}

export const CLOCKS = ['latest', 'safe', 'finalized', 'executable', 'l1Head', 'l1Derived'] as const
export type ClockName = (typeof CLOCKS)[number]

export type ClockData = {
  readonly name: ClockName
  readonly layer: 'L1' | 'L2'
  /** Null where it is not known yet. */
  readonly number: number | null
  readonly hash: Hash | null
  /** Of the block. */
  readonly timestamp: number | null
  /** Blocks behind the first clock of the same layer. */
  readonly behind: number | null
}

/** `next` is the slot in which a block can come next; `unknown`: no L1 block was seen, or it is not derived yet. */
export type SlotOutcome = 'landed' | 'fallback' | 'empty' | 'missed' | 'next' | 'upcoming' | 'unknown'

export type SlotsData = {
  readonly schedule: ScheduleKind
  readonly currentSlot: number
  readonly currentEpoch: number
  /** This epoch and the next, as far as L1 has settled them. */
  readonly epochs: readonly EpochData[]
  /** Whoever appears in `slots`, in order of appearance. */
  readonly sequencers: readonly SequencerData[]
}

export type EpochData = {
  readonly epoch: number
  readonly trust: ScheduleTrust
  readonly slots: readonly SlotData[]
}

export type SlotData = {
  readonly slot: number
  readonly timestamp: number
  /** Label of the sequencer. */
  readonly sequencer: string
  readonly windowFirstSlot: number
  readonly windowLastSlot: number
  readonly outcome: SlotOutcome
  /** Ids of the proposals that landed in the slot. */
  readonly proposals: readonly number[]
  /** First and last L2 block of them. */
  readonly firstBlock: number | null
  readonly lastBlock: number | null
}

export type SequencerData = {
  /** `A`, `B`, …: how the timeline names it. */
  readonly label: string
  readonly type: 'anyone' | 'operator' | 'owner' | 'nobody' | 'unknown'
  readonly isFallback: boolean
  /** Accounts that may propose. */
  readonly accounts: readonly Address[]
  /** A decimal integer. */
  readonly validatorIndex: string | null
  /** Why it is not known. */
  readonly reason: string | null
  readonly slots: number
  readonly landed: number
}

export type GapsData = {
  /** Of the gaps between the proposals below. Null without any. */
  readonly medianSeconds: number | null
  readonly longestSeconds: number | null
  /** Time of the newest landed proposal. */
  readonly lastLandedAt: number | null
  /** Oldest first. */
  readonly proposals: readonly ProposalData[]
}

export type ProposalData = {
  readonly id: number
  readonly slot: number
  readonly timestamp: number
  /** Since the proposal before; null where that is genesis or was not read. */
  readonly gapSeconds: number | null
  readonly proposer: Address
  readonly firstBlock: number
  readonly lastBlock: number
  readonly l1Block: number
}

export type ForcedInclusionsData = {
  /** L1 block at which the queue was read. */
  readonly l1Block: number
  readonly pending: number
  readonly inclusions: readonly {
    readonly index: number
    readonly blob: Hash
    /** A decimal integer. */
    readonly feeGwei: string
    readonly savedAt: number
    readonly dueAt: number
    readonly dueSlot: number
    readonly overdueAfter: number
    readonly isOverdue: boolean
  }[]
}

/** Each part is null where the node does not take it. */
export type PreconfData = {
  readonly sequencer: SequencerView | Unavailable | null
  readonly follower: FollowerData | Unavailable | null
  readonly promises: PromisesData | Unavailable | null
  readonly lists: ListsData | Unavailable | null
}

export type FollowerData = Omit<FollowerView, 'received' | 'executed' | 'sources'> & {
  readonly received: number
  readonly executed: number
  readonly derived: number
  readonly sources: readonly {
    readonly name: string
    readonly isConnected: boolean
    readonly lastMessageAtMs: number | null
  }[]
}

export type PromisesData = {
  readonly scorecard: Readonly<Record<PromiseOutcome, number>>
  /** Newest first. */
  readonly recent: readonly {
    readonly requestHash: Hash
    readonly commitmentType: number
    readonly transactionHash: Hash | null
    readonly slot: number
    readonly signer: Address
    readonly signedAtMs: number
    readonly outcome: PromiseOutcome
    readonly reason: string | null
  }[]
}

export type ListsData = {
  readonly recent: readonly {
    readonly slot: number
    readonly signer: Address
    readonly hash: Hash
    readonly transactions: number
    readonly verdict: 'satisfied' | 'violated' | 'unknown' | 'pending'
    readonly violatedBy: Hash | null
  }[]
}
