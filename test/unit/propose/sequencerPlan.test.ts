/** What comes next on the chain, for every state of the batches, the queue, L1 and the clock. */
import { expect, test } from 'vitest'
import type { Address } from '../../../src/primitives/hex.ts'
import { groupBlocks } from '../../../src/propose/sequencer/groups.ts'
import { type PlanInput, type PlanOptions, planBlock } from '../../../src/propose/sequencer/plan.ts'
import type { PendingInclusion } from '../../../src/schedule/forcedInclusions.ts'

const OURS: Address = `0x${'0a'.repeat(20)}`
const THEIRS: Address = `0x${'0b'.repeat(20)}`
/** The window is of the slots at 1012 to 1120, ten of them. */
const WINDOW = {
  ...{ firstSlot: 1n, lastSlot: 10n, previousEnd: 1000n, end: 1120n },
  ...{ stopAtMs: 1_096_000, signUntilMs: 1_108_000 },
}
const OPTIONS: PlanOptions = {
  proposer: OURS,
  blockMs: 2000,
  batchMs: 24_000,
  blocksMax: 192,
  anchorLag: 2n,
  ringMargin: 2n,
  forcedMargin: 24n,
}

type Spec = { id: bigint; at: bigint; forced?: boolean; coinbase?: Address }
/** Blocks 1, 2, … after the safe block 0. */
const groupsOf = (...blocks: Spec[]) =>
  groupBlocks(
    blocks.map(
      ({ id, at, forced = false, coinbase = OURS }, i) =>
        ({
          hash: `0x${(i + 1).toString(16).padStart(64, '0')}`,
          header: { number: BigInt(i + 1), timestamp: at, coinbase },
          origin: { proposalId: id, isForcedInclusion: forced },
        }) as never,
    ),
  )
const entry = (index: number, dueAt: bigint) => ({ index, dueAt }) as PendingInclusion

const plan = (changes: Partial<PlanInput> = {}, options: Partial<PlanOptions> = {}) =>
  planBlock(
    {
      nowMs: 1_020_500,
      window: WINDOW,
      isPreviousOver: true,
      inbox: { nextProposalId: 7n, lastFinalizedProposalId: 5n, ringBufferSize: 100n },
      l1: { number: 50n, timestamp: 1012n, secondsPerSlot: 12n },
      queue: [],
      groups: [],
      parent: { timestamp: 1018n, anchorBlockNumber: 40n },
      isBegun: false,
      isLastGroupClosed: false,
      ...changes,
    },
    { ...OPTIONS, ...options },
  )
const waits = (reason: string | RegExp) => ({
  type: 'wait',
  reason: typeof reason === 'string' ? expect.stringContaining(reason) : expect.stringMatching(reason),
})

test('opens a batch with an anchor behind the L1 head, stamped on the grid', () => {
  expect(plan()).toEqual({
    ...{ type: 'own', proposalId: 7n, timestamp: 1020n, anchorBlockNumber: 48n, opensBatch: true },
    ...{ sealAtMs: 1_022_000, isEndOfWindow: false },
  })
})

test('joins the batch under way, whose anchor stands still', () => {
  const groups = groupsOf({ id: 7n, at: 1014n }, { id: 7n, at: 1018n })
  expect(plan({ groups, isBegun: true })).toMatchObject({
    ...{ type: 'own', proposalId: 7n, anchorBlockNumber: 40n, opensBatch: false },
  })
})

test.each([
  ['a predecessor has it', { isBegun: false }, {}],
  ['it was posted', { isLastGroupClosed: true }, {}],
  ['it is old', { nowMs: 1_040_500 }, {}],
  ['it has as many blocks as it may', {}, { blocksMax: 1 }],
])('opens the next batch when %s', (_, changes, options) => {
  const groups = groupsOf({ id: 7n, at: 1014n })
  expect(plan({ groups, isBegun: true, ...changes }, options)).toMatchObject({
    ...{ type: 'own', proposalId: 8n, anchorBlockNumber: 48n, opensBatch: true },
  })
})

test('an old batch stays open when no L1 slot would be left to spare for another', () => {
  const groups = groupsOf({ id: 7n, at: 1014n })
  const late = { nowMs: 1_090_500, groups, isBegun: true }
  const l1 = { number: 56n, secondsPerSlot: 12n }
  expect(plan({ ...late, l1: { ...l1, timestamp: 1084n } })).toMatchObject({ proposalId: 8n })
  expect(plan({ ...late, l1: { ...l1, timestamp: 1096n } })).toMatchObject({ proposalId: 7n })
})

test('waits for L1 where a new batch has no anchor above its parent', () => {
  expect(plan({ parent: { timestamp: 1018n, anchorBlockNumber: 48n } })).toMatchObject({
    ...waits('anchored above L1 block 48'),
    closesLast: true,
  })
})

test('takes what falls due first, in order, and its own block behind it', () => {
  const queue = [entry(0, 1100n), entry(1, 1144n), entry(2, 1145n)]
  expect(plan({ queue })).toMatchObject({
    type: 'forced',
    proposalId: 7n,
    index: 0,
    entries: queue.slice(0, 2),
  })
  const one = groupsOf({ id: 7n, at: 1019n, forced: true })
  expect(plan({ queue, groups: one, isBegun: true })).toMatchObject({
    type: 'forced',
    proposalId: 7n,
    index: 1,
  })
  const both = groupsOf({ id: 7n, at: 1018n, forced: true }, { id: 7n, at: 1019n, forced: true })
  expect(plan({ queue, groups: both, isBegun: true })).toMatchObject({
    ...{ type: 'own', proposalId: 7n, anchorBlockNumber: 48n, opensBatch: true },
  })
})

test('a batch under way ends when something falls due that it no longer can take', () => {
  const groups = groupsOf({ id: 7n, at: 1014n })
  expect(plan({ queue: [entry(0, 1100n)], groups, isBegun: true })).toMatchObject({
    ...{ type: 'forced', proposalId: 8n, index: 0 },
  })
  expect(plan({ queue: [entry(0, 1145n)], groups, isBegun: true })).toMatchObject({ proposalId: 7n })
})

test('does not take twice what an earlier batch holds, nor more than a proposal may', () => {
  const groups = groupsOf({ id: 7n, at: 1014n, forced: true }, { id: 7n, at: 1016n })
  const queue = [entry(0, 1100n)]
  expect(plan({ queue, groups, isBegun: true })).toMatchObject({ type: 'own', proposalId: 7n })
  const many = Array.from({ length: 14 }, (_, i) => entry(i, 1100n))
  expect(plan({ queue: many })).toMatchObject({ entries: many.slice(0, 10) })
  expect(plan({ queue: many, groups, isBegun: true })).toMatchObject({
    ...{ type: 'forced', proposalId: 8n, entries: many.slice(1, 11) },
  })
})

test("a predecessor's forced block can land only through him: waited for, then given up", () => {
  const groups = groupsOf({ id: 7n, at: 1014n, forced: true, coinbase: THEIRS }, { id: 7n, at: 1016n })
  expect(plan({ groups, isPreviousOver: false })).toMatchObject(waits(THEIRS))
  expect(plan({ groups })).toMatchObject({
    type: 'drop',
    from: { number: 1n },
    reason: expect.stringContaining(THEIRS),
  })
})

test('gives up blocks behind a proposal that L1 has already', () => {
  const groups = groupsOf({ id: 6n, at: 1014n }, { id: 7n, at: 1016n })
  expect(plan({ groups })).toMatchObject({ type: 'drop', from: { number: 1n } })
  const gap = groupsOf({ id: 7n, at: 1014n }, { id: 9n, at: 1016n })
  expect(plan({ groups: gap })).toMatchObject({ type: 'drop', from: { number: 2n } })
})

test('gives up from the first batch on that leaves out what is due when it can land, one in each L1 block', () => {
  // The next L1 block is of 1024.
  const groups = groupsOf({ id: 7n, at: 1014n }, { id: 8n, at: 1016n }, { id: 8n, at: 1018n })
  const at = (dueAt: bigint, changes: Partial<PlanInput> = {}) =>
    plan({ queue: [entry(3, dueAt)], groups, isBegun: true, ...changes })
  const drop = {
    type: 'drop',
    needsLanding: true,
    reason: expect.stringContaining('inclusion 3, which is due'),
  }
  expect(at(1024n)).toMatchObject({ ...drop, from: { number: 1n } })
  expect(at(1025n)).toMatchObject({ ...drop, from: { number: 2n } })
  expect(at(1036n)).toMatchObject({ ...drop, from: { number: 2n } })
  expect(at(1037n)).toMatchObject({ type: 'forced', proposalId: 9n, index: 0 })
  // A predecessor's: what comes in their place is none of his, once his window is over.
  expect(at(1024n, { isBegun: false })).toMatchObject({ ...drop, needsLanding: false })
  expect(at(1024n, { isBegun: false, isPreviousOver: false })).toMatchObject(waits('leaves out'))
})

test('what a batch holds is not left out by it, nor what it can still take, or the next one has to', () => {
  const forced = (id: bigint, at: bigint) => ({ id, at, forced: true })
  const queue = [entry(0, 1024n), entry(1, 1100n)]
  const holds = groupsOf(forced(7n, 1014n), { id: 7n, at: 1016n })
  expect(plan({ queue, groups: holds, isBegun: true })).toMatchObject({ type: 'forced', proposalId: 8n })
  const due = [entry(0, 1024n), entry(1, 1024n)]
  expect(plan({ queue: due, groups: groupsOf(forced(7n, 1014n)), isBegun: true })).toMatchObject({
    ...{ type: 'forced', proposalId: 7n, index: 1 },
  })
  // The inbox looks at the first ten.
  const ten = Array.from({ length: 10 }, (_, i) => forced(7n, 1001n + BigInt(i)))
  const many = Array.from({ length: 11 }, () => entry(0, 1024n))
  const full = groupsOf(...ten, { id: 7n, at: 1016n })
  expect(plan({ queue: many, groups: full, isBegun: true })).toMatchObject({ type: 'forced', proposalId: 8n })
})

test('while L1 is silent, promises nothing behind what could be due when it goes on', () => {
  const groups = groupsOf({ id: 7n, at: 1014n, forced: true }, { id: 7n, at: 1018n })
  const queue = [entry(0, 1030n), entry(1, 1060n)]
  const at = (nowMs: number) => plan({ nowMs, queue, groups, isBegun: true })
  // At 1012 was the newest L1 block: it seems to make its next one at 1048, then at 1060.
  expect(at(1_047_999)).toMatchObject({ type: 'forced', proposalId: 8n, index: 0 })
  expect(at(1_048_000)).toMatchObject({ ...waits('L1 has been silent for too long'), closesLast: true })
})

test('begins no batch that cannot land: the ring, the slots, the time', () => {
  const inbox = { nextProposalId: 7n, lastFinalizedProposalId: 5n, ringBufferSize: 4n }
  expect(plan({ inbox })).toMatchObject(waits('2 proposals would wait for a proof, and the inbox holds 3'))
  expect(plan({ inbox: { ...inbox, ringBufferSize: 5n } })).toMatchObject({ type: 'own' })
  const groups = groupsOf({ id: 7n, at: 1014n }, { id: 8n, at: 1016n })
  const l1 = { number: 57n, timestamp: 1096n, secondsPerSlot: 12n }
  expect(plan({ groups, l1 })).toMatchObject(waits('2 batches have to land in the 2 L1 slots left'))
  expect(plan({ nowMs: 1_096_000 })).toMatchObject(waits('too little is left of the window'))
})

test('marks the block that ends when no other one would before the time to stop', () => {
  const isMarked = (nowMs: number, isBegun = true) => {
    const planned = plan({ nowMs, isBegun, parent: { timestamp: 1018n, anchorBlockNumber: 40n } })
    return planned.type === 'own' && planned.isEndOfWindow
  }
  expect(isMarked(1_092_000)).toBe(false)
  expect(isMarked(1_093_999)).toBe(false)
  expect(isMarked(1_094_000)).toBe(true)
  // Too late for another, but the window has not been ended.
  expect(plan({ nowMs: 1_097_500, isBegun: true })).toMatchObject({
    isEndOfWindow: true,
    sealAtMs: 1_097_500,
  })
})

test('makes no block that would be signed too late to land, and closes the batch under way', () => {
  const groups = groupsOf({ id: 7n, at: 1014n })
  const late = { groups, isBegun: true, nowMs: WINDOW.signUntilMs }
  expect(plan(late)).toMatchObject({ ...waits('too little is left'), closesLast: true })
  expect(plan({ ...late, nowMs: late.nowMs - 1 })).toMatchObject({ type: 'own', isEndOfWindow: true })
  // A batch without a block of its own cannot be posted.
  const forced = groupsOf({ id: 7n, at: 1014n, forced: true })
  expect(plan({ ...late, groups: forced })).toMatchObject({ type: 'wait', closesLast: false })
})

test('time goes on by a second at least, and never ahead of the clock', () => {
  const at = (timestamp: bigint, options = {}) =>
    plan({ parent: { timestamp, anchorBlockNumber: 40n } }, options)
  expect(at(1019n)).toMatchObject({ timestamp: 1020n })
  expect(at(1020n)).toMatchObject(waits('its next block is of 1021'))
  expect(at(1019n, { blockMs: 1000 })).toMatchObject({ timestamp: 1020n, sealAtMs: 1_021_000 })
})
