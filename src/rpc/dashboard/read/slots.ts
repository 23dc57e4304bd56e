/** Who sequences each slot of this epoch and the next, as `based_lookahead` has it, and what came of the slots that are over. */
import type { StoredProposal } from '../../../chain/chain.ts'
import { toSafeNumber } from '../../../primitives/bigint.ts'
import type { EpochSchedule, Schedule, Window } from '../../../schedule/schedule.ts'
import type { RollupSpec } from '../../../spec/rollupSpec.ts'
import type { SyncStatus } from '../../deps.ts'
import type { EpochData, SlotData, SlotOutcome, SlotsData, Turn, TurnData } from '../data.ts'
import { PROPOSALS_MAX, slotOf } from './gaps.ts'
import type { L1Blocks } from './l1Blocks.ts'
import { describeTurn } from './turn.ts'

export async function readSlots(input: {
  readonly rpc: { readonly spec: Pick<RollupSpec, 'l1'> }
  readonly schedule: Schedule
  readonly sync: SyncStatus
  readonly proposals: readonly StoredProposal[]
  readonly l1Blocks?: L1Blocks
}): Promise<SlotsData> {
  const { schedule } = input
  const { spec } = input.rpc
  const [kind, currentSlot, currentEpoch] = await Promise.all([
    schedule.kind(),
    schedule.currentSlot(),
    schedule.currentEpoch(),
  ])
  const found = [await schedule.epoch(currentEpoch), await schedule.epoch(currentEpoch + 1n)]
  const epochs = found.filter((epoch) => epoch !== undefined)
  const firstSlot = epochs[0]?.firstSlot ?? currentSlot
  const outcomeOf = await createOutcomeOf({ ...input, firstSlot, currentSlot })
  const book = createSequencerBook()

  return {
    schedule: kind,
    currentSlot: toSafeNumber(currentSlot),
    currentEpoch: toSafeNumber(currentEpoch),
    epochs: epochs.map(
      (epoch): EpochData => ({
        epoch: toSafeNumber(epoch.epoch),
        trust: epoch.trust,
        slots: slotsOf(epoch).map(({ slot, window }): SlotData => {
          const { outcome, landed } = outcomeOf(slot, window)
          return {
            slot: toSafeNumber(slot),
            timestamp: toSafeNumber(spec.l1.genesisTime + slot * spec.l1.secondsPerSlot),
            sequencer: book.note(window, landed.length),
            validatorIndex: validatorOf(window)?.toString() ?? null,
            windowFirstSlot: toSafeNumber(window.firstSlot),
            windowLastSlot: toSafeNumber(window.lastSlot),
            outcome,
            proposals: landed.map(({ id }) => toSafeNumber(id)),
            firstBlock: numberOrNull(landed[0]?.firstBlock),
            lastBlock: numberOrNull(landed.at(-1)?.lastBlock),
          }
        }),
      }),
    ),
    sequencers: book.all(),
  }
}

function numberOrNull(value: bigint | undefined): number | null {
  return value === undefined ? null : toSafeNumber(value)
}

/** Windows may reach into the epochs beside theirs; each slot is shown once. */
function slotsOf({ firstSlot, lastSlot, windows }: EpochSchedule) {
  return windows.flatMap((window) => {
    const slots: { readonly slot: bigint; readonly window: Window }[] = []
    for (let slot = window.firstSlot; slot <= window.lastSlot; slot++)
      if (firstSlot <= slot && slot <= lastSlot) slots.push({ slot, window })
    return slots
  })
}

async function createOutcomeOf(input: {
  readonly rpc: { readonly spec: Pick<RollupSpec, 'l1'> }
  readonly sync: SyncStatus
  readonly proposals: readonly StoredProposal[]
  readonly l1Blocks?: L1Blocks
  readonly firstSlot: bigint
  readonly currentSlot: bigint
}) {
  const { sync, proposals, l1Blocks, firstSlot, currentSlot } = input
  const { spec } = input.rpc
  const bySlot = new Map<bigint, StoredProposal[]>()
  for (const proposal of proposals) {
    const slot = slotOf(spec, proposal.timestamp)
    bySlot.set(slot, [...(bySlot.get(slot) ?? []), proposal])
  }
  const oldest = proposals[0]
  // Of slots before the oldest proposal that was read it is not known what else landed in them.
  const readFrom =
    oldest === undefined || BigInt(proposals.length) < PROPOSALS_MAX
      ? 0n
      : slotOf(spec, oldest.timestamp) + 1n
  const { head } = sync.l1
  const blocks =
    head && (await l1Blocks?.since(head, spec.l1.genesisTime + firstSlot * spec.l1.secondsPerSlot))
  const slotsWithBlock = new Set(blocks?.map(({ timestamp }) => slotOf(spec, timestamp)))
  const derived = sync.cursor && (await l1Blocks?.at(sync.cursor))
  const derivedSlot = derived && slotOf(spec, derived.timestamp)

  return (slot: bigint, window: Window): { outcome: SlotOutcome; landed: readonly StoredProposal[] } => {
    const landed = bySlot.get(slot) ?? []
    if (landed.length > 0) return { outcome: window.isFallback ? 'fallback' : 'landed', landed }
    if (slot > currentSlot) return { outcome: 'upcoming', landed }
    if (slot === currentSlot) return { outcome: 'next', landed }
    const isDerived = derivedSlot !== undefined && slot <= derivedSlot && slot >= readFrom
    if (!isDerived || blocks === undefined) return { outcome: 'unknown', landed }
    return { outcome: slotsWithBlock.has(slot) ? 'empty' : 'missed', landed }
  }
}

/** Gives everyone who appears a letter, and counts. One operator may have many validators. */
function createSequencerBook() {
  const entries = new Map<
    string,
    { turn: Turn; label: string; slots: number; landed: number; validators: Set<bigint> }
  >()
  return {
    note(window: Window, landed: number): string {
      const turn = describeTurn(window)
      const key = JSON.stringify(turn)
      const entry = entries.get(key) ?? {
        ...{ turn, label: letters(entries.size), slots: 0, landed: 0 },
        validators: new Set(),
      }
      entries.set(key, entry)
      entry.slots++
      entry.landed += landed
      const validator = validatorOf(window)
      if (validator !== undefined) entry.validators.add(validator)
      return entry.label
    },
    all: (): readonly TurnData[] =>
      [...entries.values()].map(({ turn, label, slots, landed, validators }) => ({
        ...{ label, ...turn, validators: validators.size, slots, landed },
      })),
  }
}

function validatorOf({ turn }: Window): bigint | undefined {
  return turn.type === 'owner' ? turn.owner.validatorIndex : undefined
}

/** A … Z, AA, AB, … */
function letters(index: number): string {
  const last = String.fromCharCode(65 + (index % 26))
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last
}
