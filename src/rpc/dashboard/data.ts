/**
 * The numbers of the dashboard: what `/dashboard/data.json` answers, and what the page and every CSV file are made from. Block
 * numbers, slots and epochs are JSON numbers, as in `based_syncStatus`; times are Unix seconds unless the name says otherwise.
 */
import type { SourceState } from '../../preconf/follow/sources.ts'
import type { ListVerdict, VerdictFinality } from '../../preconf/lists/verdict.ts'
import type { BreakReason, Outcome } from '../../preconf/promises/promise.ts'
import type { OutcomeCounts } from '../../preconf/promises/score.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type { SequencerStatus } from '../../propose/sequencer/sequencer.ts'
import type { ScheduleKind, ScheduleTrust } from '../../schedule/schedule.ts'

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
  readonly sequencers: readonly TurnData[]
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
  /** Of the window; a decimal integer. Null where no validator decides. */
  readonly validatorIndex: string | null
  readonly windowFirstSlot: number
  readonly windowLastSlot: number
  readonly outcome: SlotOutcome
  /** Ids of the proposals that landed in the slot. */
  readonly proposals: readonly number[]
  /** First and last L2 block of them. */
  readonly firstBlock: number | null
  readonly lastBlock: number | null
}

/** Who may propose. */
export type Turn = {
  readonly type: 'anyone' | 'operator' | 'owner' | 'nobody' | 'unknown'
  readonly isFallback: boolean
  /** Accounts that may propose. */
  readonly accounts: readonly Address[]
  /** Why it is not known. */
  readonly reason: string | null
}

export type TurnData = Turn & {
  /** `A`, `B`, …: how the timeline names it. */
  readonly label: string
  /** Distinct ones by whose turn it holds these slots. */
  readonly validators: number
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
    /** Who holds that slot, or the current one when it is due already; null while that is not settled. */
    readonly takenBy: Turn | null
    readonly overdueAfter: number
    /** No proposal of the current slot may leave it out. */
    readonly isDue: boolean
    readonly isOverdue: boolean
  }[]
}

/** Each part is null where the node does not take it. */
export type PreconfData = {
  readonly sequencer: SequencerData | Unavailable | null
  readonly follower: FollowerData | Unavailable | null
  readonly promises: PromisesData | Unavailable | null
  readonly lists: ListsData | Unavailable | null
}

export type SequencerData = {
  readonly state: SequencerStatus['type']
  /** Sentences: what it does, and what became of its last look at L1. */
  readonly detail: string
  readonly posting: string
  readonly windowFirstSlot: number | null
  readonly windowLastSlot: number | null
  readonly unlandedBlocks: number
  readonly unlandedBatches: number
  readonly canShutdown: boolean
  /** While `canShutdown`, until when; else when it will be possible at the latest. */
  readonly until: number | null
}

/** As `based_preconfStatus`. */
export type FollowerData = {
  readonly isAtTip: boolean
  /** A sentence. */
  readonly detail: string
  readonly received: number | null
  readonly executed: number
  readonly derived: number
  readonly sources: readonly {
    readonly name: string
    readonly state: SourceState
    /** A sentence. */
    readonly detail: string
    readonly received: number
    readonly invalid: number
    /** Its newest block, by its own word. */
    readonly tip: number | null
    readonly heardAtMs: number | null
  }[]
}

export type PromisesData = {
  /** Of all signers and types. */
  readonly totals: OutcomeCounts
  /** By signer and commitment type. */
  readonly scores: readonly ({
    readonly signer: Address
    readonly isOurs: boolean
    readonly commitmentType: number
  } & OutcomeCounts)[]
  /** Newest first; without block commitments. */
  readonly recent: readonly {
    readonly requestHash: Hash
    readonly commitmentType: number
    readonly transactionHash: Hash | null
    readonly slot: number
    readonly signer: Address
    readonly requestedAtMs: number
    /** From request to signature. */
    readonly latencyMs: number | null
    readonly outcome: Outcome
    readonly reason: BreakReason | null
    readonly by: Address | null
    /** L2 block that it came to be in. */
    readonly block: number | null
    /** A reorganisation of L1 can still change the outcome. */
    readonly isFinal: boolean
  }[]
}

export type ListsData = {
  /** Of the windows in `slots`, newest first. */
  readonly records: readonly {
    readonly firstSlot: number
    readonly lastSlot: number
    readonly committer: Address
    /** The first one's; two lists of one committer for one window are an equivocation. */
    readonly hash: Hash
    readonly lists: number
    readonly transactions: number
    readonly verdict: ListVerdict['type']
    readonly finality: VerdictFinality | null
    /** Transactions that were left out without an excuse. */
    readonly leftOut: readonly Hash[]
  }[]
}
