/** What a key that signs against itself costs, and how far it reaches: docs/proposing.md, docs/following.md. */
import { judge, notApplicable, type ProtocolPromise } from '../promise.ts'

export const LIES_ARE_EVIDENCE: ProtocolPromise = {
  id: 'lies-are-evidence',
  text: 'Two promises that cannot both be kept are evidence for everybody who has heard both.',
  source: 'docs/following.md; docs/proposing.md, "What is slashed"',
  judge({ facts }) {
    const { rivalBlocks, evidenceFiles } = facts
    if (typeof rivalBlocks !== 'number') return notApplicable('nobody signed against himself')
    return judge(
      evidenceFiles === rivalBlocks,
      `${evidenceFiles} files of evidence for ${rivalBlocks} rival blocks`,
    )
  },
}

export const BOND_PAYS_ONCE: ProtocolPromise = {
  id: 'bond-pays-once',
  text: 'Each fault takes its penalty from the bond, once, and no more than the bond.',
  source: 'INV-C5; PreconfSlasher.safetyPenaltyWei, requiredBondWei',
  judge({ facts, constants: { bondWei, safetyPenaltyWei } }) {
    const { takenWei, faultsSlashed, secondRefused } = facts
    if (typeof takenWei !== 'string' || typeof faultsSlashed !== 'number' || bondWei === undefined)
      return notApplicable('no bond is at stake')
    const owed = BigInt(faultsSlashed) * BigInt(safetyPenaltyWei ?? 0)
    const expected = owed < BigInt(bondWei) ? owed : BigInt(bondWei)
    return judge(
      BigInt(takenWei) === expected && secondRefused === true,
      `${takenWei} wei of ${bondWei} for ${faultsSlashed} faults; the same evidence again was ${secondRefused === true ? 'refused' : 'taken'}`,
    )
  },
}

export const FIRST_HEARD_STANDS: ProtocolPromise = {
  id: 'first-heard-stands',
  text: 'A follower keeps the promise it heard first until L1 decides.',
  source: 'docs/following.md',
  judge({ facts }) {
    const { keptFirst } = facts
    if (typeof keptFirst !== 'boolean') return notApplicable('there was nothing to choose from')
    return judge(
      keptFirst,
      keptFirst ? 'no rival block took the place of one heard before' : 'a rival took its place',
    )
  },
}

export const L1_WINS: ProtocolPromise = {
  id: 'l1-wins',
  text: 'Whatever was promised, what L1 has is what every node has.',
  source: 'INV-3, INV-12',
  judge({ facts }) {
    const { sameBlocks, comparedBlocks } = facts
    if (typeof sameBlocks !== 'boolean') return notApplicable('there is no other node to compare with')
    return judge(sameBlocks, `${comparedBlocks} safe blocks are the same on another node`)
  },
}

export const STOLEN_KEY_ENDS: ProtocolPromise = {
  id: 'stolen-key-ends',
  text: 'Once its turns are ended on L1, nobody believes the key any more.',
  source: 'WhitelistSchedule.removeOperator; docs/schedule.md, "a removal counts at once"',
  judge({ facts }) {
    const { takenAfterRemoval } = facts
    if (typeof takenAfterRemoval !== 'number') return notApplicable('its turns were not ended')
    return judge(takenAfterRemoval === 0, `${takenAfterRemoval} blocks of it were believed afterwards`)
  },
}
