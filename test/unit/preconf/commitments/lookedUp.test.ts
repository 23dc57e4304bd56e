/** Answers from elsewhere that are given again while the next is fetched. */
import { expect, test } from 'vitest'
import { CommitmentRefusedError } from '../../../../src/preconf/commitments/errors.ts'
import { createLookedUp } from '../../../../src/preconf/commitments/lookedUp.ts'
import { createTurnstile } from '../../../../src/preconf/commitments/turnstile.ts'

function world(mayKeep?: (value: number) => boolean) {
  let time = 0
  let answer: () => Promise<number> = async () => 1
  let reads = 0
  const lookedUp = createLookedUp({
    read: (_: string) => {
      reads++
      return answer()
    },
    now: () => time,
    ageMaxMs: 12_000,
    ...(mayKeep && { mayKeep }),
  })
  return {
    lookedUp,
    reads: () => reads,
    at(ms: number, next: () => Promise<number>) {
      time = ms
      answer = next
    },
  }
}

test('within a second it is read once, whoever asks how often', async () => {
  const { lookedUp, reads, at } = world()
  expect(await Promise.all([lookedUp.get('a'), lookedUp.get('a')])).toEqual([1, 1])
  at(999, async () => 2)
  expect(await lookedUp.get('a')).toBe(1)
  expect(reads()).toBe(1)
})

test('after a second the last answer is given while the next is read, and after its time it is not', async () => {
  const { lookedUp, at } = world()
  await lookedUp.get('a')
  let finish: (value: number) => void = () => {}
  at(
    1000,
    () =>
      new Promise((resolve) => {
        finish = resolve
      }),
  )
  expect(await lookedUp.get('a')).toBe(1)
  finish(2)
  await new Promise(setImmediate)
  expect(await lookedUp.get('a')).toBe(2)
  at(13_000, async () => 3)
  expect(await lookedUp.get('a')).toBe(3)
})

test('a failure is told once the last answer is too old, and not before', async () => {
  const { lookedUp, at } = world()
  await lookedUp.get('a')
  const fail = async () => {
    throw new Error('L1 is away')
  }
  at(2000, fail)
  expect(await lookedUp.get('a')).toBe(1)
  await new Promise(setImmediate)
  expect(await lookedUp.get('a')).toBe(1)
  at(12_000, fail)
  await expect(lookedUp.get('a')).rejects.toThrow('L1 is away')
})

test('what may not be kept is read anew, and so is everything once it is cleared, whatever is on its way', async () => {
  const { lookedUp, reads, at } = world((value) => value !== 0)
  at(0, async () => 0)
  expect([await lookedUp.get('a'), await lookedUp.get('a')]).toEqual([0, 0])
  expect(reads()).toBe(2)
  at(0, async () => 5)
  const old = lookedUp.get('a')
  lookedUp.clear()
  at(0, async () => 6)
  expect(await lookedUp.get('a')).toBe(6)
  expect(await old).toBe(5)
  expect(await lookedUp.get('a')).toBe(6)
})

test('busy: as many as the bound says are let in at a time, and the next after one has left, well or not', async () => {
  const turnstile = createTurnstile(2)
  const leave: (() => void)[] = []
  const stay = () => new Promise<void>((resolve) => leave.push(resolve))
  const inside = [turnstile(stay), turnstile(stay)]
  await expect(turnstile(stay)).rejects.toMatchObject({ code: 'busy', isTemporary: true })
  for (const end of leave) end()
  await Promise.all(inside)
  await expect(turnstile(() => Promise.reject(new CommitmentRefusedError('unfunded')))).rejects.toThrow()
  expect(await Promise.all([turnstile(async () => 1), turnstile(async () => 2)])).toEqual([1, 2])
})
