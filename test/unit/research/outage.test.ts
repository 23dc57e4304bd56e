/** Judging outages on hand-made timelines: what is measured, and when a promise of the protocol is held, broken or not at stake. */
import { describe, expect, test } from 'vitest'
import { measureRun } from '../../../src/research/outage/measure.ts'
import type { ProtocolPromise } from '../../../src/research/outage/promise.ts'
import {
  CLOCKS_IN_ORDER,
  COMES_BACK,
  FINALITY_STANDS,
  SAFE_WITHOUT_FINALITY,
} from '../../../src/research/outage/promises/clocks.ts'
import {
  LANDS_IN_WINDOW,
  NOT_ON_SILENT_L1,
  PUBLISHED_LANDS,
  SCHEDULE_GOES_ON,
} from '../../../src/research/outage/promises/commitments.ts'
import {
  DEFAULT_ONLY_BY_RULE,
  HEALED_IS_THE_SAME,
  MISSING_IS_WAITED_FOR,
} from '../../../src/research/outage/promises/data.ts'
import {
  DUE_IS_TAKEN,
  INCLUDED_BY_BOUND,
  ONLY_BY_TURN,
} from '../../../src/research/outage/promises/forced.ts'
import {
  BOND_PAYS_ONCE,
  FIRST_HEARD_STANDS,
  L1_WINS,
  LIES_ARE_EVIDENCE,
  STOLEN_KEY_ENDS,
} from '../../../src/research/outage/promises/slashing.ts'
import { reportOutage, toReportJson } from '../../../src/research/outage/report.ts'
import { toReportText } from '../../../src/research/outage/reportText.ts'
import type {
  LandedProposal,
  PromisedBlock,
  Run,
  Sample,
  TrackedTransaction,
} from '../../../src/research/outage/run.ts'

/** Delays of 48 s: due after 4 slots, anyone's from the 21st on. */
const CONSTANTS = {
  secondsPerSlot: 12,
  slotsPerEpoch: 4,
  finalityDelaySlots: 2,
  forcedInclusionDelay: 48,
  permissionlessInclusionMultiplier: 5,
  l1StaleSeconds: 60,
}
const PHASES = [
  { name: 'steady', what: 'well', firstSlot: 0, lastSlot: 3 },
  { name: 'fault', what: 'ill', firstSlot: 4, lastSlot: 9 },
  { name: 'recovery', what: 'well', firstSlot: 10, lastSlot: 15 },
] as const

/** Lags in slots; a block a slot. */
function sample(
  slot: number,
  [latest, safe, finalized]: readonly number[] = [0, 1, 3],
  more: Partial<Sample> = {},
): Sample {
  const at = (lag = 0) => ({ number: 100 + slot - lag, slot: slot - lag })
  return {
    slot,
    l1Block: slot,
    clocks: { latest: at(latest), safe: at(safe), finalized: at(finalized) },
    ...more,
  }
}

const slots = (count: number): readonly Sample[] => Array.from({ length: count }, (_, slot) => sample(slot))

function run(parts: Partial<Run> = {}): Run {
  return {
    ...{ scenario: 'made-up', seed: '1', options: {}, constants: CONSTANTS, phases: PHASES },
    ...{ samples: slots(16), proposals: [], promises: [], transactions: [], happenings: [], facts: {} },
    ...parts,
  }
}

const proposal = (slot: number, more: Partial<LandedProposal> = {}): LandedProposal => ({
  ...{ slot, id: slot, proposer: 'a', blocks: 1, forcedInclusions: 0, faults: [] },
  ...more,
})
const promised = (block: number, more: Partial<PromisedBlock> = {}): PromisedBlock => ({
  ...{ block, promisedSlot: 2, windowEndSlot: 7, transactions: 1, outcome: 'landed', outcomeSlot: 5 },
  ...more,
})
const sent = (sentSlot: number, more: Partial<TrackedTransaction> = {}): TrackedTransaction => ({
  ...{ name: `t-${sentSlot}`, sender: 'user', path: 'pool', sentSlot, includedSlot: { safe: sentSlot + 1 } },
  ...more,
})
const verdict = (promise: ProtocolPromise, parts: Partial<Run>) => promise.judge(run(parts)).verdict

describe('measures', () => {
  test('a clock is detected when it lags more than it ever did, and back when it never does again', () => {
    const late = (slot: number) => (slot >= 5 && slot <= 11 ? [0, 1 + slot - 4, 3] : [0, 1, 3])
    const samples = slots(16).map(({ slot }) =>
      sample(slot, late(slot), slot === 6 ? { says: 'blobs are missing' } : {}),
    )
    const { clocks, slotsToDetect, slotsToSay } = measureRun(run({ samples }))
    expect(clocks[1]).toEqual({
      ...{ clock: 'safe', steadyLag: 1, worstLag: 8, detectedSlot: 5, recoveredSlot: 12 },
      ...{ slotsToDetect: 1, slotsFromFault: 8, slotsFromEnd: 2 },
    })
    expect(clocks[0]).toMatchObject({ detectedSlot: null, slotsFromFault: 0, slotsFromEnd: 0 })
    expect([slotsToDetect, slotsToSay]).toEqual([1, 2])
  })

  test('a clock that is behind in the last slot has not recovered', () => {
    const samples = slots(16).map(({ slot }) =>
      sample(slot, slot >= 8 ? [slot - 7, slot - 6, slot - 4] : undefined),
    )
    const { clocks } = measureRun(run({ samples }))
    expect(clocks.map(({ recoveredSlot, slotsFromEnd }) => [recoveredSlot, slotsFromEnd])).toEqual([
      [null, null],
      [null, null],
      [null, null],
    ])
  })

  test('silence counts L1 blocks without a proposal, and no slots without an L1 block', () => {
    const samples = slots(16).map((each) => (each.slot === 7 ? { ...each, l1Block: null } : each))
    const proposals = [4, 5, 9, 10, 11, 12, 13, 14, 15].map((slot) => proposal(slot))
    expect(measureRun(run({ samples, proposals })).silentSlots).toBe(2)
  })

  test('promises are counted by what came of them, delays by sender and path of what was sent in the fault', () => {
    const { promises, delays } = measureRun(
      run({
        promises: [
          promised(1),
          promised(2, { outcomeSlot: 8 }),
          promised(3, { outcome: 'displaced', transactions: 4 }),
          promised(4, { outcome: 'open' }),
        ],
        transactions: [
          sent(3),
          sent(4, { includedSlot: { safe: 5 } }),
          sent(5, { includedSlot: { safe: 9 } }),
          sent(6, { includedSlot: { latest: 7 } }),
          sent(5, { sender: 'other', path: 'forced', queuedSlot: 6, includedSlot: { safe: 9 } }),
        ],
      }),
    )
    expect(promises).toEqual({
      ...{ made: 4, landed: 2, landedLate: 1, displaced: 1, open: 1, transactionsDisplaced: 4 },
    })
    expect(delays).toEqual([
      { sender: 'user', path: 'pool', sent: 3, included: 2, median: 2.5, max: 4 },
      { sender: 'other', path: 'forced', sent: 1, included: 1, median: 3, max: 3 },
    ])
  })
})

describe('clocks', () => {
  test('are in order, and finality stands', () => {
    expect(verdict(CLOCKS_IN_ORDER, {})).toBe('held')
    expect(verdict(CLOCKS_IN_ORDER, { samples: [sample(0), sample(1, [0, 3, 1])] })).toBe('broken')
    expect(verdict(FINALITY_STANDS, {})).toBe('held')
    expect(verdict(FINALITY_STANDS, { samples: [sample(4), sample(5, [0, 1, 6])] })).toBe('broken')
  })

  test('have to be back in the end, unless the recovery is shorter than finality takes', () => {
    expect(verdict(COMES_BACK, {})).toBe('held')
    const samples = [...slots(15), sample(15, [0, 1, 9])]
    expect(verdict(COMES_BACK, { samples })).toBe('broken')
    expect(verdict(COMES_BACK, { samples, constants: { ...CONSTANTS, finalityDelaySlots: 6 } })).toBe(
      'not applicable',
    )
  })

  test('go on without finality: safe moves, finalized does not', () => {
    const facts = { notFinalFrom: 5, notFinalTo: 8 }
    const frozen = slots(16).map((each) => {
      const finalized = { number: 101, slot: 1 }
      return each.slot >= 5 && each.slot <= 8 ? { ...each, clocks: { ...each.clocks, finalized } } : each
    })
    expect(verdict(SAFE_WITHOUT_FINALITY, { samples: frozen, facts })).toBe('held')
    expect(verdict(SAFE_WITHOUT_FINALITY, { facts })).toBe('broken')
    expect(verdict(SAFE_WITHOUT_FINALITY, {})).toBe('not applicable')
  })
})

describe('forced inclusions', () => {
  const samples = slots(40)
  const queued = (safe?: number): Partial<Run> => ({
    samples,
    transactions: [
      sent(4, { path: 'forced', queuedSlot: 5, includedSlot: safe === undefined ? {} : { safe } }),
    ],
  })

  test('no proposal leaves out what is due: the one at the fourth slot may not, the one before may', () => {
    expect(verdict(DUE_IS_TAKEN, { ...queued(12), proposals: [proposal(8), proposal(12)] })).toBe('held')
    expect(verdict(DUE_IS_TAKEN, { ...queued(12), proposals: [proposal(9), proposal(12)] })).toBe('broken')
    expect(verdict(DUE_IS_TAKEN, { samples })).toBe('not applicable')
  })

  test('the bound is the second L1 block in which anyone may propose, silent slots not counted', () => {
    expect(verdict(INCLUDED_BY_BOUND, queued(26))).toBe('held')
    expect(verdict(INCLUDED_BY_BOUND, queued(27))).toBe('held')
    expect(verdict(INCLUDED_BY_BOUND, queued(28))).toBe('broken')
    expect(verdict(INCLUDED_BY_BOUND, queued())).toBe('broken')
    const silent = samples.map((each) =>
      each.slot >= 20 && each.slot <= 30 ? { ...each, l1Block: null } : each,
    )
    expect(verdict(INCLUDED_BY_BOUND, { ...queued(32), samples: silent })).toBe('held')
    expect(verdict(INCLUDED_BY_BOUND, { ...queued(33), samples: silent })).toBe('broken')
    // The 27th slot is the last one for it.
    expect(verdict(INCLUDED_BY_BOUND, { ...queued(), samples: slots(28) })).toBe('broken')
    expect(verdict(INCLUDED_BY_BOUND, { ...queued(), samples: slots(27) })).toBe('not applicable')
    expect(verdict(INCLUDED_BY_BOUND, { ...queued(20), samples: slots(27) })).toBe('held')
  })

  test('a proposal out of turn needs something overdue', () => {
    const turns = samples.map((each) => ({ ...each, turn: 'a' }))
    const stranger = (slot: number) => ({ proposals: [proposal(slot, { proposer: 'stranger' })] })
    expect(verdict(ONLY_BY_TURN, { ...queued(26), samples: turns, ...stranger(26) })).toBe('held')
    expect(verdict(ONLY_BY_TURN, { ...queued(25), samples: turns, ...stranger(25) })).toBe('broken')
    expect(verdict(ONLY_BY_TURN, { samples: turns, ...stranger(3) })).toBe('broken')
    expect(verdict(ONLY_BY_TURN, { samples: turns, proposals: [proposal(3)] })).toBe('held')
  })
})

describe('promised blocks', () => {
  test('land unchanged, and in their window; a window that is not over is not judged', () => {
    const open = promised(9, { outcome: 'open', windowEndSlot: 15 })
    expect(verdict(PUBLISHED_LANDS, { promises: [promised(1), open] })).toBe('held')
    expect(verdict(PUBLISHED_LANDS, { promises: [open] })).toBe('not applicable')
    expect(verdict(PUBLISHED_LANDS, { promises: [promised(1, { outcome: 'displaced' })] })).toBe('broken')
    expect(verdict(LANDS_IN_WINDOW, { promises: [promised(1, { outcomeSlot: 7 })] })).toBe('held')
    expect(verdict(LANDS_IN_WINDOW, { promises: [promised(1, { outcomeSlot: 8 })] })).toBe('broken')
  })

  test('are not made while L1 is silent for more than the bound', () => {
    const samples = slots(16).map((each) => (each.slot >= 4 ? { ...each, l1Block: null } : each))
    // The last L1 block is of slot 3: sixty seconds later is slot 8.
    expect(verdict(NOT_ON_SILENT_L1, { samples, promises: [promised(1, { promisedSlot: 8 })] })).toBe('held')
    expect(verdict(NOT_ON_SILENT_L1, { samples, promises: [promised(1, { promisedSlot: 9 })] })).toBe(
      'broken',
    )
    expect(verdict(NOT_ON_SILENT_L1, {})).toBe('not applicable')
  })

  test('the next window is used from its beginning', () => {
    const facts = { goneOperator: 'a', goneSlot: 5, nextTurnSlot: 8 }
    const by = (proposer: string, slot: number) => ({ facts, proposals: [proposal(slot, { proposer })] })
    expect(verdict(SCHEDULE_GOES_ON, by('b', 10))).toBe('held')
    expect(verdict(SCHEDULE_GOES_ON, by('b', 11))).toBe('broken')
    expect(verdict(SCHEDULE_GOES_ON, by('a', 9))).toBe('broken')
    expect(verdict(SCHEDULE_GOES_ON, {})).toBe('not applicable')
  })
})

describe('data, keys and bonds', () => {
  test('missing bytes are waited for, and only bad ones are the default', () => {
    const facts = { firstWithheldSlot: 4 }
    const stands = slots(16).map((each) => ({
      ...each,
      clocks: { ...each.clocks, safe: { number: 90, slot: 3 } },
    }))
    expect(verdict(MISSING_IS_WAITED_FOR, { facts, samples: stands })).toBe('held')
    expect(verdict(MISSING_IS_WAITED_FOR, { facts })).toBe('broken')
    const garbage = proposal(2, { faults: ['D-20'] })
    expect(verdict(DEFAULT_ONLY_BY_RULE, { facts: { garbageProposal: 2 }, proposals: [garbage] })).toBe(
      'held',
    )
    expect(verdict(DEFAULT_ONLY_BY_RULE, { facts: { garbageProposal: 3 }, proposals: [garbage] })).toBe(
      'broken',
    )
  })

  test.each([
    [HEALED_IS_THE_SAME, { sameBlocks: true }, { sameBlocks: false }],
    [L1_WINS, { sameBlocks: true }, { sameBlocks: false }],
    [LIES_ARE_EVIDENCE, { rivalBlocks: 2, evidenceFiles: 2 }, { rivalBlocks: 2, evidenceFiles: 1 }],
    [FIRST_HEARD_STANDS, { keptFirst: true }, { keptFirst: false }],
    [STOLEN_KEY_ENDS, { takenAfterRemoval: 0 }, { takenAfterRemoval: 1 }],
  ])('$id follows its facts', (promise, good, bad) => {
    expect([good, bad, {}].map((facts) => verdict(promise, { facts }))).toEqual([
      'held',
      'broken',
      'not applicable',
    ])
  })

  test('a bond pays each fault once, and no more than it holds', () => {
    const constants = { ...CONSTANTS, bondWei: '15', safetyPenaltyWei: '10' }
    const pays = (faultsSlashed: number, takenWei: string, secondRefused = true) =>
      verdict(BOND_PAYS_ONCE, { constants, facts: { faultsSlashed, takenWei, secondRefused } })
    expect([pays(1, '10'), pays(2, '15'), pays(2, '20'), pays(1, '10', false)]).toEqual([
      'held',
      'held',
      'broken',
      'broken',
    ])
    expect(verdict(BOND_PAYS_ONCE, {})).toBe('not applicable')
  })
})

describe('reports', () => {
  const report = reportOutage(run({ proposals: [proposal(4)] }), 'a made-up outage', [
    CLOCKS_IN_ORDER,
    DUE_IS_TAKEN,
  ])

  test('have a verdict, its reason and its source for each promise', () => {
    expect(report.verdicts).toEqual([
      {
        ...{ promise: 'clocks-in-order', text: CLOCKS_IN_ORDER.text, source: 'INV-1', verdict: 'held' },
        because: 'in all 16 slots',
      },
      expect.objectContaining({ promise: 'due-is-taken', verdict: 'not applicable' }),
    ])
    expect(JSON.parse(toReportJson(report))).toEqual(report)
  })

  test('say the same to a person', () => {
    const text = toReportText(report)
    expect(text).toContain('  fault     slots 4–9: ill\n')
    expect(text).toMatch(/HELD +No clock is ahead of the one before it\.\n +in all 16 slots \[INV-1\]/)
    expect(text).toContain('NOT APPLICABLE Once a forced inclusion is due')
  })
})
