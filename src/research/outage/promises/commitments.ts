/** What becomes of promised blocks: docs/sequencing.md, docs/proposing.md. */
import { countPromises } from '../measure.ts'
import { judge, notApplicable, type ProtocolPromise } from '../promise.ts'
import type { Run } from '../run.ts'

/** Promises whose window was over before the run was. */
function due(run: Run) {
  const end = run.samples.at(-1)?.slot ?? 0
  return run.promises.filter(({ windowEndSlot }) => windowEndSlot < end)
}

export const PUBLISHED_LANDS: ProtocolPromise = {
  id: 'published-lands',
  text: 'What was published lands as it is, through its sequencer or through the next.',
  source: 'docs/sequencing.md, "Taking over"',
  judge(run) {
    const promises = due(run)
    if (promises.length === 0) return notApplicable('nothing was promised')
    const { made, landed, displaced, open, transactionsDisplaced } = countPromises({ promises })
    return judge(
      displaced + open === 0,
      `${landed} of ${made} promised blocks landed unchanged; ${displaced} displaced with ${transactionsDisplaced} transactions, ${open} neither`,
    )
  },
}

export const LANDS_IN_WINDOW: ProtocolPromise = {
  id: 'lands-in-window',
  text: 'A promised block lands before its window is over.',
  source: 'docs/proposing.md, "What is slashed" (MissedSubmission, a liveness fault)',
  judge(run) {
    const promises = due(run)
    if (promises.length === 0) return notApplicable('nothing was promised')
    const { made, landed, landedLate } = countPromises({ promises })
    const inTime = landed - landedLate
    return judge(
      inTime === made,
      `${inTime} of ${made} in their window, ${landedLate} after it, ${made - landed} not at all`,
    )
  },
}

export const NOT_ON_SILENT_L1: ProtocolPromise = {
  id: 'not-on-silent-l1',
  text: 'Nothing is promised when the newest L1 block is too old.',
  source: 'docs/sequencing.md, "Options": 60 seconds',
  judge({ samples, promises, constants }) {
    const staleSlots = Math.ceil(constants.l1StaleSeconds / constants.secondsPerSlot)
    const mined = samples.filter(({ l1Block }) => l1Block !== null).map(({ slot }) => slot)
    const isStale = (at: number) => (mined.findLast((slot) => slot <= at) ?? at) + staleSlots < at
    const stale = samples.filter(({ slot }) => isStale(slot))
    if (stale.length === 0) return notApplicable(`L1 was never silent for more than ${staleSlots} slots`)
    const made = promises.filter(({ promisedSlot }) => isStale(promisedSlot))
    return judge(made.length === 0, `${made.length} blocks promised in ${stale.length} such slots`)
  },
}

export const SCHEDULE_GOES_ON: ProtocolPromise = {
  id: 'schedule-goes-on',
  text: 'Whoever has the next window proposes in it, whatever became of the one before.',
  source: 'docs/sequencing.md, "A window"; docs/schedule.md',
  judge({ facts, proposals }) {
    const { goneOperator, goneSlot, nextTurnSlot } = facts
    if (typeof nextTurnSlot !== 'number' || typeof goneSlot !== 'number')
      return notApplicable('nobody else has a window')
    const next = proposals.find(({ slot, proposer }) => slot >= nextTurnSlot && proposer !== goneOperator)
    return judge(
      next !== undefined && next.slot <= nextTurnSlot + TAKE_OVER_SLOTS,
      next === undefined
        ? 'nobody did'
        : `the next window began ${nextTurnSlot - goneSlot} slots after the fault, its first proposal landed ${next.slot - nextTurnSlot} slots into it`,
    )
  },
}

/** What is left over is checked and posted at once, and is in the L1 block after. */
const TAKE_OVER_SLOTS = 2
