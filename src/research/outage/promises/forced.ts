/** What the queue of forced inclusions promises whoever is left out: contracts/src/l1/ForcedInclusionStore.sol. */
import { judge, notApplicable, type ProtocolPromise } from '../promise.ts'
import type { Constants, Run, TrackedTransaction } from '../run.ts'

type Queued = TrackedTransaction & { readonly queuedSlot: number }

function queuedOf({ transactions }: Run): readonly Queued[] {
  return transactions.flatMap((each) =>
    each.queuedSlot === undefined ? [] : [{ ...each, queuedSlot: each.queuedSlot }],
  )
}

/** Slots after the one of its queueing from which on no proposal may leave it out. */
export function slotsToDue({ forcedInclusionDelay, secondsPerSlot }: Constants): number {
  return Math.ceil(forcedInclusionDelay / secondsPerSlot)
}

/** Slots after the one of its queueing from which on anyone may propose it. */
export function slotsToOverdue(constants: Constants): number {
  const { forcedInclusionDelay, permissionlessInclusionMultiplier: multiplier, secondsPerSlot } = constants
  // Later than, not at, that time.
  return Math.floor((forcedInclusionDelay * multiplier) / secondsPerSlot) + 1
}

export const DUE_IS_TAKEN: ProtocolPromise = {
  id: 'due-is-taken',
  text: 'Once a forced inclusion is due, L1 takes no proposal without it.',
  source: 'INV-C1; Inbox.propose, UnprocessedForcedInclusionIsDue',
  judge(run) {
    const queued = queuedOf(run)
    if (queued.length === 0) return notApplicable('nothing was queued')
    const passed = queued.flatMap(({ name, queuedSlot, includedSlot: { safe = Number.POSITIVE_INFINITY } }) =>
      run.proposals
        .filter(({ slot }) => slot >= queuedSlot + slotsToDue(run.constants) && slot < safe)
        .map(({ id }) => `${id} without ${name}`),
    )
    return judge(
      passed.length === 0,
      passed.length === 0
        ? `${queued.length} queued, due after ${slotsToDue(run.constants)} slots; no proposal left one out`
        : `L1 took proposal ${passed.join(', ')}`,
    )
  },
}

/**
 * The L1 block of the slot in which anyone may propose takes it, or the next one: who reads of it in an L1 block comes with the block after.
 * In L1 blocks, so that a silent L1 is nobody's delay.
 */
export const INCLUDED_BY_BOUND: ProtocolPromise = {
  id: 'included-by-bound',
  text: 'A queued transaction is in L2 once its delay and multiplier are over, whoever is against it.',
  source: 'Inbox.getConfig: forcedInclusionDelay, permissionlessInclusionMultiplier; docs/bridge.md',
  judge(run) {
    const queued = queuedOf(run).filter(
      (each) => each.includedSlot.safe !== undefined || lastSlotFor(run, each) !== Number.POSITIVE_INFINITY,
    )
    if (queued.length === 0) return notApplicable('nothing was queued of which the run sees the bound')
    const late = queued.filter(
      (each) => (each.includedSlot.safe ?? Number.POSITIVE_INFINITY) > lastSlotFor(run, each),
    )
    const delays = queued.map(({ queuedSlot, includedSlot: { safe } }) =>
      safe === undefined ? 'never' : safe - queuedSlot,
    )
    return judge(
      late.length === 0,
      `after ${delays.join(', ')} slots, of ${slotsToOverdue(run.constants)} until anyone may propose`,
    )
  },
}

function lastSlotFor({ samples, constants }: Run, { queuedSlot }: Queued): number {
  const open = samples.filter(
    ({ slot, l1Block }) => l1Block !== null && slot >= queuedSlot + slotsToOverdue(constants),
  )
  return open[1]?.slot ?? Number.POSITIVE_INFINITY
}

export const ONLY_BY_TURN: ProtocolPromise = {
  id: 'only-by-turn',
  text: 'Nobody proposes out of turn, unless a forced inclusion is overdue.',
  source: 'INV-C2, INV-C3',
  judge(run) {
    const turns = new Map(run.samples.map(({ slot, turn }) => [slot, turn]))
    const outOfTurn = run.proposals.filter(({ slot, proposer }) => {
      const turn = turns.get(slot)
      return turn !== undefined && turn !== proposer
    })
    const isOverdueAt = (at: number) =>
      queuedOf(run).some(
        ({ queuedSlot, includedSlot: { safe = Number.POSITIVE_INFINITY } }) =>
          at >= queuedSlot + slotsToOverdue(run.constants) && at <= safe,
      )
    const wrong = outOfTurn.filter(({ slot }) => !isOverdueAt(slot))
    return judge(
      wrong.length === 0,
      `${run.proposals.length} proposals, ${outOfTurn.length} out of turn, ${outOfTurn.length - wrong.length} of them with something overdue`,
    )
  },
}
