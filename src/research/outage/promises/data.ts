/** What holds of data: what is missing is waited for, what is bad has one meaning. */
import { judge, notApplicable, type ProtocolPromise } from '../promise.ts'
import { phaseOf } from '../run.ts'

export const MISSING_IS_WAITED_FOR: ProtocolPromise = {
  id: 'missing-is-waited-for',
  text: 'Blobs that nobody serves are waited for; no block is made without them.',
  source: 'INV-4; docs/operating.md, "derivation paused"',
  judge({ samples, facts, phases }) {
    const { firstWithheldSlot } = facts
    if (typeof firstWithheldSlot !== 'number') return notApplicable('nothing was withheld')
    const { lastSlot } = phaseOf({ phases }, 'fault')
    const during = samples.filter(({ slot }) => firstWithheldSlot <= slot && slot <= lastSlot)
    const [first, last] = [during[0], during.at(-1)]
    const moved = (last?.clocks.safe.number ?? 0) - (first?.clocks.safe.number ?? 0)
    return judge(moved === 0, `safe moved by ${moved} blocks in the ${during.length} slots without them`)
  },
}

export const HEALED_IS_THE_SAME: ProtocolPromise = {
  id: 'healed-is-the-same',
  text: 'What is derived late is what everybody else derived in time.',
  source: 'INV-3, INV-4',
  judge({ facts }) {
    const { sameBlocks, comparedBlocks } = facts
    if (typeof sameBlocks !== 'boolean') return notApplicable('there is no other node to compare with')
    return judge(sameBlocks, `${comparedBlocks} blocks compared by hash with a node that missed nothing`)
  },
}

export const DEFAULT_ONLY_BY_RULE: ProtocolPromise = {
  id: 'default-only-by-rule',
  text: 'A source becomes the default for what its bytes are, never for not being there.',
  source: 'INV-4; docs/derivation.md, D-20 to D-39',
  judge({ proposals, facts }) {
    const { garbageProposal } = facts
    const faulty = proposals.filter(({ faults }) => faults.length > 0)
    const others = faulty.filter(({ id }) => id !== garbageProposal)
    const garbage = faulty.find(({ id }) => id === garbageProposal)
    const rules = garbage?.faults.join(', ') ?? 'no rule'
    return judge(
      others.length === 0 && garbage !== undefined,
      `the one proposal of undecodable bytes by ${rules}, ${others.length} of the ${proposals.length - 1} others`,
    )
  },
}
