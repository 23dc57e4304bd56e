/** Each row of the table of outcomes in docs/commitments.md. */
import { expect, test } from 'vitest'
import {
  type Circumstances,
  judgeAbsent,
  judgeIncluded,
  judgePlace,
  type LandedBlock,
} from '../../../../src/preconf/promises/judge.ts'
import type { StoredPromise } from '../../../../src/preconf/promises/promise.ts'
import { type Address, type Hash, ZERO_ADDRESS, ZERO_HASH } from '../../../../src/primitives/hex.ts'

const hash = (byte: string): Hash => `0x${byte.repeat(32)}`
const SIGNER: Address = `0x${'51'.repeat(20)}`
const OTHER: Address = `0x${'07'.repeat(20)}`
const WINDOW_END = 1200n

const promise: StoredPromise = {
  hash: hash('aa'),
  commitment: { commitmentType: 2n, payload: '0x', requestHash: ZERO_HASH, slasher: ZERO_ADDRESS },
  signer: SIGNER,
  isOurs: false,
  requestedAt: 0,
  slot: 100n,
  deadline: 1100n,
  windowEnd: WINDOW_END,
  blockNumber: 5n,
  parentHash: hash('04'),
  hadLanded: false,
  settlement: { outcome: 'pending' },
}
const block: LandedBlock = {
  ref: { number: 5n, hash: hash('05') },
  parentHash: hash('04'),
  timestamp: 1090n,
  l1: { number: 50n, hash: hash('50') },
  landedAt: WINDOW_END,
  proposer: OTHER,
  windowEnd: WINDOW_END,
}
const LATE = { landedAt: WINDOW_END + 12n, windowEnd: WINDOW_END + 384n }
const where = { block: block.ref, l1: block.l1, isFinal: false }
const calm: Circumstances = { isSlotMissed: false, isContradicted: false }
const missed = { ...calm, isSlotMissed: true }
/** It was in the chain before, and a reorganisation of L1 took it away. */
const reorged: StoredPromise = { ...promise, hadLanded: true }

test('what landed as promised in the last slot of the window is kept', () => {
  expect(judgePlace(promise, block, true, calm)).toEqual({ outcome: 'kept', ...where })
  // Whatever was said besides.
  expect(judgePlace(promise, block, true, { ...calm, isContradicted: true }).outcome).toBe('kept')
})

test.each<[string, Partial<LandedBlock>, boolean, Circumstances, object]>([
  ['late: the same, after the window', LATE, true, calm, { reason: 'late', by: SIGNER }],
  [
    'missedSlot: the same, after a slot without a block',
    LATE,
    true,
    missed,
    { reason: 'missedSlot', by: SIGNER },
  ],
  ['equivocation: another block in his own window', {}, false, calm, { reason: 'equivocation', by: SIGNER }],
  [
    'equivocation: he promised both',
    { parentHash: hash('99') },
    false,
    { ...calm, isContradicted: true },
    { reason: 'equivocation', by: SIGNER },
  ],
  [
    'otherBlock: on another parent',
    { parentHash: hash('99') },
    false,
    calm,
    { reason: 'otherBlock', by: OTHER },
  ],
  [
    'otherBlock: proposed when anyone could',
    { windowEnd: 0n },
    false,
    calm,
    { reason: 'otherBlock', by: OTHER },
  ],
  ['notIncluded: the next one put his own there', LATE, false, calm, { reason: 'notIncluded', by: SIGNER }],
  ['missedSlot: the next one put his own there', LATE, false, missed, { reason: 'missedSlot', by: SIGNER }],
  [
    'missedSlot: so did the next one, on another parent',
    { ...LATE, parentHash: hash('99') },
    false,
    missed,
    { reason: 'missedSlot', by: SIGNER },
  ],
  [
    'otherBlock: after the window, on another parent',
    { ...LATE, parentHash: hash('99') },
    false,
    calm,
    { reason: 'otherBlock', by: OTHER },
  ],
])('%s', (_name, change, isSame, circumstances, expected) => {
  const settlement = judgePlace(promise, { ...block, ...change }, isSame, circumstances)
  expect(settlement).toEqual({ outcome: 'broken', ...where, ...expected })
})

test.each<[string, Partial<LandedBlock>, boolean]>([
  ['the same, landed late for the second time', LATE, true],
  ['it had landed', { parentHash: hash('99') }, false],
])('l1Reorg: %s', (_name, change, isSame) => {
  const settlement = judgePlace(reorged, { ...block, ...change }, isSame, calm)
  expect(settlement).toEqual({ outcome: 'broken', ...where, reason: 'l1Reorg' })
})

test('an inclusion has the slot to keep as well as the window', () => {
  expect(judgeIncluded(promise, { ...block, timestamp: 1100n }, calm)).toEqual({ outcome: 'kept', ...where })
  expect(judgeIncluded(promise, { ...block, timestamp: 1101n }, calm)).toEqual({
    ...{ outcome: 'broken', reason: 'late', by: SIGNER },
    ...where,
  })
  expect(judgeIncluded(promise, { ...block, ...LATE }, missed)).toEqual({
    ...{ outcome: 'broken', reason: 'missedSlot', by: SIGNER },
    ...where,
  })
})

test('what did not come is not owed when it could not be executed', () => {
  expect(judgeAbsent(promise, true, calm)).toEqual({ outcome: 'expired', isFinal: false })
  expect(judgeAbsent(promise, false, calm)).toEqual({
    ...{ outcome: 'broken', isFinal: false },
    ...{ reason: 'notIncluded', by: SIGNER },
  })
  expect(judgeAbsent(promise, false, missed)).toMatchObject({ reason: 'missedSlot', by: SIGNER })
  expect(judgeAbsent(reorged, false, calm)).toMatchObject({ reason: 'l1Reorg' })
})
