/**
 * What was seen of one run of an outage scenario: slot by slot where the clocks of the measured node stood, and what happened besides.
 * Times are L1 slots. Whatever judges a run needs nothing else, and no clock.
 */

export const CLOCKS = ['latest', 'safe', 'finalized'] as const
/** docs/operating.md, "The clocks". */
export type ClockName = (typeof CLOCKS)[number]

export type PhaseName = 'steady' | 'fault' | 'recovery'

export type Phase = {
  readonly name: PhaseName
  /** What holds in it, as a half sentence. */
  readonly what: string
  readonly firstSlot: number
  readonly lastSlot: number
}

/** At the end of a slot. */
export type Sample = {
  readonly slot: number
  /** Number of the slot's L1 block; null for a slot without one. */
  readonly l1Block: number | null
  /** Who may propose in it, by the schedule contract; absent where anyone may. */
  readonly turn?: string
  /** Of the measured node: the head's number, and the slot of its timestamp. */
  readonly clocks: Readonly<Record<ClockName, { readonly number: number; readonly slot: number }>>
  /** What the measured node itself says is wrong, numbers and hashes left out. */
  readonly says?: string
}

/** A proposal that L1 took. */
export type LandedProposal = {
  readonly slot: number
  readonly id: number
  readonly proposer: string
  readonly blocks: number
  readonly forcedInclusions: number
  /** Rules by which a source of it was replaced by the default. */
  readonly faults: readonly string[]
}

/** A promised block, as the measured node heard of it. */
export type PromisedBlock = {
  readonly block: number
  readonly promisedSlot: number
  /** Last slot of the window that it was promised for. */
  readonly windowEndSlot: number
  readonly transactions: number
  /** `landed`: L1 has this very block. `displaced`: L1 has another one in its place. `open`: L1 has none yet. */
  readonly outcome: 'landed' | 'displaced' | 'open'
  readonly outcomeSlot?: number
}

/** By the node's own RPC, or over L1 as a forced inclusion. */
export type TransactionPath = 'pool' | 'forced'

export type TrackedTransaction = {
  readonly name: string
  /** Of the same group are compared with one another. */
  readonly sender: string
  readonly path: TransactionPath
  readonly sentSlot: number
  /** Forced inclusions: of the L1 block that queued it. */
  readonly queuedSlot?: number
  /** First slot at whose end it was in a block of that clock. */
  readonly includedSlot: Readonly<Partial<Record<ClockName, number>>>
}

/** What happened that is none of the above. */
export type Happening = { readonly slot: number; readonly what: string }

/** What the contracts say of themselves. */
export type Constants = {
  readonly secondsPerSlot: number
  /** Of the schedule: who may propose changes by the epoch. */
  readonly slotsPerEpoch: number
  /** Slots by which L1's finality stays behind its head when all is well. */
  readonly finalityDelaySlots: number
  /** Seconds. */
  readonly forcedInclusionDelay: number
  /** In delays. */
  readonly permissionlessInclusionMultiplier: number
  /** Seconds without an L1 block after which our sequencer promises nothing more. */
  readonly l1StaleSeconds: number
  /** Wei, where there is a bond to lose. */
  readonly bondWei?: string
  readonly safetyPenaltyWei?: string
}

/** What a scenario found out besides, by name. */
export type Facts = Readonly<Record<string, string | number | boolean>>

export type Run = {
  readonly scenario: string
  readonly seed: string
  readonly options: Readonly<Record<string, string | number>>
  readonly constants: Constants
  readonly phases: readonly Phase[]
  readonly samples: readonly Sample[]
  readonly proposals: readonly LandedProposal[]
  readonly promises: readonly PromisedBlock[]
  readonly transactions: readonly TrackedTransaction[]
  readonly happenings: readonly Happening[]
  readonly facts: Facts
}

export function phaseOf({ phases }: Pick<Run, 'phases'>, name: PhaseName): Phase {
  const found = phases.find((phase) => phase.name === name)
  if (found === undefined) throw new RangeError(`the run has no phase ${name}`)
  return found
}

/** Slots that the head of a clock is behind the end of the sample's slot. */
export function lagOf({ slot, clocks }: Sample, clock: ClockName): number {
  return slot - clocks[clock].slot
}
