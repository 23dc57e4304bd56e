/** Whose signature counts, by every kind of turn that a schedule can name. */
import { expect, test } from 'vitest'
import { createWindows } from '../../../../src/preconf/follow/windows.ts'
import type { Address } from '../../../../src/primitives/hex.ts'
import type { SlotTurn, Turn } from '../../../../src/schedule/schedule.ts'

const spec = { l1: { genesisTime: 1000n, secondsPerSlot: 12n } } as Parameters<
  typeof createWindows
>[0]['spec']
const committer: Address = `0x${'c0'.repeat(20)}`
const root = `0x${'99'.repeat(32)}` as const
const named: Address = `0x${'aa'.repeat(20)}`

/** Windows of slots 0 to 3, 4 to 7, and so on. */
function start(turn: Turn, knows: (slot: bigint) => boolean = () => true) {
  const listeners = new Set<() => void>()
  const asked: bigint[] = []
  const windows = createWindows({
    spec,
    committers: [named],
    schedule: {
      async at(slot) {
        asked.push(slot)
        if (!knows(slot)) return undefined
        const firstSlot = (slot / 4n) * 4n
        return { window: { firstSlot, lastSlot: firstSlot + 3n, turn, isFallback: false } } as SlotTurn
      },
      onChange(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
  })
  const change = () => {
    for (const listener of listeners) listener()
  }
  return { windows, asked, change, listeners }
}
/** End of the window of slots 4 to 7. */
const END = 1000n + 7n * 12n

test.each<[Turn, readonly Address[]]>([
  [{ type: 'owner', owner: { validatorIndex: 1n, registrationRoot: root, committer } }, [committer]],
  [{ type: 'operator', operator: committer }, [committer]],
  [{ type: 'anyone' }, [named]],
  [{ type: 'nobody' }, []],
])('a window whose turn is $type', async (turn, signers) => {
  const { windows } = start(turn)
  expect(await windows.endingAt(END)).toEqual({
    type: 'window',
    window: {
      start: 1000n + 3n * 12n,
      end: END,
      signers,
      ...(turn.type === 'owner' && { registrationRoot: root }),
    },
  })
})

test('only the end of a window names it', async () => {
  const { windows } = start({ type: 'anyone' })
  for (const end of [END - 12n, END + 12n, END + 1n, 0n, 999n])
    expect(await windows.endingAt(end)).toEqual({ type: 'notAWindow' })
})

test('what L1 does not say is unknown, and no error', async () => {
  const reasons = [
    await start({ type: 'unknown', reason: 'not settled' }).windows.endingAt(END),
    await start({ type: 'anyone' }, () => false).windows.endingAt(END),
  ]
  expect(reasons).toMatchObject([{ type: 'unknown', reason: 'not settled' }, { type: 'unknown' }])
  const failing = createWindows({
    spec,
    committers: [],
    schedule: { at: () => Promise.reject(new Error('L1 is away')), onChange: () => () => {} },
  })
  expect(await failing.endingAt(END)).toEqual({ type: 'unknown', reason: 'L1 is away' })
  await failing.note(END)
})

test('a window that was the running one is known when it is over, and asked for anew when the schedule changes', async () => {
  let isKnown = true
  const { windows, asked, change, listeners } = start(
    { type: 'operator', operator: committer },
    () => isKnown,
  )
  // Its first slot: blocks of it are later than the end of the one before.
  await windows.note(1000n + 3n * 12n + 1n)
  await windows.endingAt(END)
  expect(asked).toEqual([4n, 7n])
  change()
  isKnown = false
  expect(await windows.endingAt(END)).toMatchObject({ type: 'window' })
  isKnown = true
  expect(await windows.endingAt(END)).toMatchObject({ type: 'window' })
  expect(asked).toEqual([4n, 7n, 7n, 7n])
  windows.close()
  expect(listeners.size).toBe(0)
})
