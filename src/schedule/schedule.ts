/**
 * Who may propose in which L1 slot, found out from L1 alone: which schedule the inbox asks, and what that schedule would
 * answer in each slot of this epoch and the next.
 */
import type { BeaconHeader } from '../l1/beaconHeader.ts'
import type { L1Position } from '../l1/l1.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { ForcedInclusionQueue } from './forcedInclusions.ts'

/** By what the inbox decides. `unknown`: a contract that this version cannot read. */
export type ScheduleKind = 'open' | 'whitelist' | 'lookahead' | 'unknown'

/** An operator that has opted in, by the validator that proposes the slot. */
export type Owner = {
  readonly validatorIndex: bigint
  readonly registrationRoot: Hash
  readonly committer: Address
  /** Another account that may post for it. */
  readonly poster?: Address
}

/** Who may propose. */
export type Turn =
  | { readonly type: 'anyone' }
  | { readonly type: 'operator'; readonly operator: Address }
  | { readonly type: 'owner'; readonly owner: Owner }
  | { readonly type: 'nobody' }
  /** Not settled yet, or not to be read; the sentence says what is missing. */
  | { readonly type: 'unknown'; readonly reason: string }

/** A run of slots with one turn. */
export type Window = {
  readonly firstSlot: bigint
  readonly lastSlot: bigint
  readonly turn: Turn
  /** Nobody who opted in proposes there: the schedule's fallback decides. */
  readonly isFallback: boolean
}

/**
 * On whose word it rests: `proven` from the beacon state that the L1 head commits to, or by the schedule contract; `beacon`
 * on beacon nodes' (only the lookahead; what contracts say is always an L1 provider's word); `contract` where no lookahead
 * is involved.
 */
export type ScheduleTrust = 'contract' | 'beacon' | 'proven'

export type EpochSchedule = {
  readonly epoch: bigint
  readonly kind: ScheduleKind
  readonly firstSlot: bigint
  readonly lastSlot: bigint
  /** In order, together every slot of the epoch; the first and the last may reach into the epochs beside it. */
  readonly windows: readonly Window[]
  readonly trust: ScheduleTrust
  /** Last beacon block before the epoch before: only another one there can change the proposers. Lookahead only. */
  readonly dependentRoot?: Hash
  /** L1 block at which it was read. */
  readonly l1: L1Position
}

/** What `propose` has to pass as `lookahead` in a slot. */
export type Evidence =
  /** The schedule wants none. */
  | { readonly type: 'none' }
  | { readonly type: 'proven'; readonly epoch: bigint; readonly lookahead: Uint8Array }
  /** The same, but the contract does not know it yet: `proveLookahead` first. */
  | { readonly type: 'unproven'; readonly epoch: bigint; readonly lookahead: Uint8Array }
  | { readonly type: 'unknown'; readonly reason: string }

/** The arguments of `proveLookahead`. */
export type LookaheadProof = {
  readonly schedule: Address
  readonly epoch: bigint
  readonly header: BeaconHeader
  /** Of the execution block after that beacon block, in seconds. */
  readonly timestamp: bigint
  readonly lookahead: Uint8Array
  readonly branch: readonly Hash[]
}

/** A slot's turn with what it rests on. */
export type SlotTurn = {
  readonly slot: bigint
  /** Seconds. */
  readonly timestamp: bigint
  readonly epoch: bigint
  readonly kind: ScheduleKind
  readonly window: Window
  readonly trust: ScheduleTrust
}

export type Schedule = {
  /** Read once: an inbox keeps its schedule until it is upgraded. */
  kind(): Promise<ScheduleKind>
  /** Slots of an epoch of L1, as the schedule counts them; 32 where it counts in none. */
  slotsPerEpoch(): Promise<bigint>
  /** The slot in which a block can come next: the clock's, the next one from a third of it on, or the one after the head's. */
  currentSlot(signal?: AbortSignal): Promise<bigint>
  currentEpoch(signal?: AbortSignal): Promise<bigint>
  /** Undefined unless it is the epoch of the L1 head or the next; both may be known, or, just after a boundary, the first. */
  epoch(epoch: bigint, signal?: AbortSignal): Promise<EpochSchedule | undefined>
  at(slot: bigint, signal?: AbortSignal): Promise<SlotTurn | undefined>
  evidence(slot: bigint, signal?: AbortSignal): Promise<Evidence>
  /** Of the newest lookahead that can be proven now. TemporaryError, with a sentence, where no beacon node gives a branch. */
  proof(signal?: AbortSignal): Promise<LookaheadProof>
  /** The inbox's queue, as of the L1 head. */
  forcedInclusions(signal?: AbortSignal): Promise<ForcedInclusionQueue>
  /** Of one saved at a time, all in seconds: when no proposal may leave it out, and after when anyone may propose. */
  inclusionDeadlines(savedAt: bigint): Promise<{ readonly dueAt: bigint; readonly overdueAfter: bigint }>
  /** Called when an epoch's windows change: a new epoch, another branch of L1, an operator gone. Returns the unsubscribe function. */
  onChange(listener: () => void): () => void
  /** L1 may have a new head; cheap, and never throws. `settings`: which schedule the inbox asks is read again, from the next head on. */
  refresh(anew?: 'settings'): void
  /** Sentences for an operator. */
  problems(): readonly string[]
}
