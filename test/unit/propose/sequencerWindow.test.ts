/** Which window is ours to order, and from when on. */
import { expect, test } from 'vitest'
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { createWindows, type WindowQuery } from '../../../src/propose/sequencer/window.ts'
import type { Turn, Window } from '../../../src/schedule/schedule.ts'

const OURS: Address = `0x${'0a'.repeat(20)}`
const THEIRS: Address = `0x${'0b'.repeat(20)}`
const owner = (committer: Address): Turn => ({
  type: 'owner',
  owner: { validatorIndex: 1n, registrationRoot: `0x${'00'.repeat(32)}`, committer },
})
/** Slot 0 is at 1000; theirs 0 to 3, ours 4 to 7, theirs 8, ours 9 and 10, anyone's 11, not known 13. */
const WINDOWS: readonly Window[] = [
  { firstSlot: 0n, lastSlot: 3n, turn: owner(THEIRS), isFallback: false },
  { firstSlot: 4n, lastSlot: 7n, turn: owner(OURS), isFallback: false },
  { firstSlot: 8n, lastSlot: 8n, turn: owner(THEIRS), isFallback: false },
  { firstSlot: 9n, lastSlot: 9n, turn: owner(OURS), isFallback: false },
  { firstSlot: 10n, lastSlot: 10n, turn: owner(OURS), isFallback: false },
  { firstSlot: 11n, lastSlot: 11n, turn: { type: 'anyone' }, isFallback: true },
  { firstSlot: 13n, lastSlot: 13n, turn: { type: 'unknown', reason: 'no proof yet' }, isFallback: false },
]
const timeOf = (slot: number) => 1000 + 12 * slot

const find = (slot: number, query: Partial<WindowQuery>, takesOpenWindows = false) =>
  createWindows(
    {
      spec: { l1: { genesisTime: 1000n, secondsPerSlot: 12n } } as never,
      schedule: {
        currentSlot: async () => BigInt(slot),
        at: async (asked) => {
          const window = WINDOWS.find(({ firstSlot, lastSlot }) => firstSlot <= asked && asked <= lastSlot)
          return window && ({ slot: asked, window } as never)
        },
      },
    },
    { committer: OURS, stopBeforeMs: 20_000, takesOpenWindows },
  ).find({
    nowMs: timeOf(slot - 1) * 1000 + 1000,
    headTimestamp: BigInt(timeOf(slot - 1)),
    latest: undefined,
    ...query,
  })

const endOf = (slot: number) => ({
  hash: `0x${'01'.repeat(32)}` as Hash,
  commitment: { isEndOfWindow: true, windowEnd: BigInt(timeOf(slot)) } as never,
})

test('ours, once L1 has the block of the slot before it', async () => {
  expect(await find(4, {})).toEqual({
    type: 'ours',
    isPreviousOver: true,
    window: {
      ...{ firstSlot: 4n, lastSlot: 7n, previousEnd: 1036n, end: 1084n },
      ...{ stopAtMs: 1_064_000, signUntilMs: 1_074_000 },
    },
  })
})

test('not before L1 says so, or that slot has passed by the clock, or its owner has ended his window', async () => {
  const headTimestamp = BigInt(timeOf(2))
  const early = { headTimestamp, nowMs: timeOf(3) * 1000 + 5000 }
  expect(await find(4, early)).toMatchObject({ type: 'none', next: { firstSlot: 4n } })
  expect(await find(4, { ...early, nowMs: timeOf(4) * 1000 })).toMatchObject({ type: 'ours' })
  expect(await find(4, { ...early, latest: endOf(3) })).toMatchObject({ type: 'ours', isPreviousOver: false })
  expect(await find(4, { ...early, latest: endOf(2) })).toMatchObject({ type: 'none' })
})

test('begins behind a marked block while the window before still runs', async () => {
  expect(await find(2, {})).toMatchObject({ type: 'none', next: { firstSlot: 4n, previousEnd: 1036n } })
  expect(await find(2, { latest: endOf(3) })).toMatchObject({
    type: 'ours',
    isPreviousOver: false,
    window: { firstSlot: 4n },
  })
})

test('signs nothing behind its own marked block in that window', async () => {
  expect(await find(5, { latest: endOf(7) })).toMatchObject({ type: 'ended', window: { lastSlot: 7n } })
  // The next window is another's, whose end we are not.
  expect(await find(8, { latest: endOf(7) })).toMatchObject({ type: 'none', next: { firstSlot: 9n } })
  // But ours, if it follows.
  expect(await find(9, { latest: endOf(9) })).toMatchObject({ type: 'ours', window: { firstSlot: 10n } })
})

test('a block of a later window ends the ones before it, and is gone on from', async () => {
  const of = (slot: number) => ({
    hash: `0x${'01'.repeat(32)}` as Hash,
    commitment: { isEndOfWindow: false, windowEnd: BigInt(timeOf(slot)) } as never,
  })
  // Begun behind the marked block of the window that still runs.
  expect(await find(2, { latest: of(7) })).toMatchObject({ type: 'ours', window: { firstSlot: 4n } })
  expect(await find(2, { latest: endOf(7) })).toMatchObject({ type: 'none' })
  // The successor has begun behind ours.
  expect(await find(6, { latest: of(8) })).toMatchObject({ type: 'ended', window: { firstSlot: 4n } })
  expect(await find(9, { latest: of(10) })).toMatchObject({ type: 'ours', window: { firstSlot: 10n } })
})

test('is over with its last slot', async () => {
  expect(await find(7, { nowMs: timeOf(7) * 1000 })).toMatchObject({
    type: 'ended',
    reason: 'our window is over',
  })
})

test('stops at half of a short window', async () => {
  expect(await find(9, {})).toMatchObject({
    window: { stopAtMs: timeOf(9) * 1000 - 6000, signUntilMs: timeOf(9) * 1000 - 3000 },
  })
})

test('takes windows in which anyone may propose only if it is told to', async () => {
  expect(await find(11, {})).toMatchObject({
    type: 'none',
    reason: expect.stringContaining('anyone may propose'),
  })
  expect(await find(11, {}, true)).toMatchObject({ type: 'ours', window: { lastSlot: 11n } })
  expect(await find(12, {})).toMatchObject({
    type: 'unknown',
    reason: expect.stringContaining('not settled'),
  })
})

test('where L1 does not say whose turn it is, it may be ours', async () => {
  expect(await find(13, {})).toEqual({ type: 'unknown', reason: 'no proof yet' })
})
