import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Guard } from '../../../../src/preconf/guard/guard.ts'
import { blockOf, createPlace, hashOf, KEY, listOf, type Place, START, WINDOW } from './place.ts'

let place: Place
beforeEach(() => {
  place = createPlace()
})
afterEach(() => place.remove())

const waiting = (until: bigint) => ({ type: 'refused', refusal: { reason: 'waiting', until } })

/** Refused until the window has passed by L1's time and a later L2 block has landed. */
async function expectWaiting(guard: Guard): Promise<void> {
  const until = place.l1.timestamp + WINDOW
  expect(await guard.signBlock(KEY, blockOf(place, { content: 9 }))).toEqual(waiting(until))
  place.l1.timestamp = until
  expect(await guard.signList(KEY, listOf(place, 9))).toEqual(waiting(until))
  place.l1.timestamp += 1n
  expect(await guard.signList(KEY, listOf(place, 9))).toMatchObject({ type: 'signed' })
  expect(await guard.signBlock(KEY, blockOf(place, { parentBlockHash: hashOf(3) }))).toEqual(waiting(until))
  const number = place.l1.landed.number + 1n
  place.l1.landed = { number, timestamp: until + 1n }
  const next = { blockNumber: number + 1n, parentBlockHash: hashOf(number + 7_000n) }
  expect(await guard.signBlock(KEY, blockOf(place, next))).toMatchObject({ type: 'signed' })
}

async function signAndClose(): Promise<void> {
  const guard = await place.openReady()
  await guard.signBlock(KEY, blockOf(place))
  await guard.close()
}

describe('a memory that may have gaps waits a window', () => {
  test('the first time', async () => {
    const guard = await place.open()
    await expectWaiting(guard)
    await guard.close()
  })

  test('restored from a backup of before the last signature', async () => {
    await (await place.openReady()).close()
    place.backUp()
    const guard = await place.open()
    await guard.signBlock(KEY, blockOf(place))
    await guard.close()
    place.restore()
    const restored = await place.open()
    await expectWaiting(restored)
    await restored.close()
  })

  test('restored from a backup that was taken while it ran, since its last opening', async () => {
    const guard = await place.openReady()
    await guard.signBlock(KEY, blockOf(place))
    await guard.close()
    const same = await place.open()
    place.backUp()
    await same.signBlock(KEY, blockOf(place, { blockNumber: 101n, parentBlockHash: hashOf(100) }))
    await same.close()
    place.restore()
    const restored = await place.open()
    await expectWaiting(restored)
    await restored.close()
  })

  test('with the database lost', async () => {
    await signAndClose()
    for (const end of ['', '-wal', '-shm']) rmSync(`${place.path}${end}`, { force: true })
    const guard = await place.open()
    await expectWaiting(guard)
    await guard.close()
  })

  test('with the journal of the blocks that it signed lost, until a guard has noted the new one', async () => {
    await signAndClose()
    const guard = await place.open({ isJournalNew: true })
    expect((await guard.status()).sentence).toContain('preconf.db')
    await expectWaiting(guard)
    await guard.close()
    const same = await place.open({ isJournalNew: false })
    expect((await same.status()).type).toBe('ready')
    await same.close()
  })

  test.each([
    ['lost', () => rmSync(place.counterPath)],
    ['damaged', () => writeFileSync(place.counterPath, 'x')],
    [
      'cut in the middle of a write',
      () => {
        const text = readFileSync(place.counterPath, 'utf8')
        writeFileSync(place.counterPath, text.replace(/\d (?=[0-9a-f]{16} )/, '9 '))
      },
    ],
  ])('with the counter %s', async (_how, harm) => {
    await signAndClose()
    harm()
    const guard = await place.open()
    await expectWaiting(guard)
    await guard.close()
  })

  test('with an old copy in place of both, after they were lost and begun anew', async () => {
    const guard = await place.openReady()
    const sign = (i: number) => guard.signList(KEY, listOf(place, 1, place.l1.timestamp + 100n + BigInt(i)))
    for (let i = 0; i < 10; i++) await sign(i)
    place.backUp()
    await sign(10)
    await guard.close()
    for (const path of [place.path, place.counterPath]) rmSync(path)
    await (await place.open()).close()
    place.restore()
    const restored = await place.open()
    await expectWaiting(restored)
    await restored.close()
  })

  test('and when it was stopped in between, the rest of it', async () => {
    await (await place.open()).close()
    place.l1.timestamp += 100n
    const guard = await place.open()
    expect(await guard.signBlock(KEY, blockOf(place))).toEqual(waiting(START + WINDOW))
    await guard.close()
  })

  test('and an L1 head that goes back does not shorten it', async () => {
    await signAndClose()
    const { timestamp } = place.l1
    rmSync(place.counterPath)
    place.l1.timestamp = START - 100_000n
    const guard = await place.open()
    place.l1.timestamp = timestamp + WINDOW
    expect(await guard.signBlock(KEY, blockOf(place))).toEqual(waiting(timestamp + WINDOW))
    await guard.close()
  })

  test('and with the database lost while L1 lags, from the last signature on', async () => {
    await signAndClose()
    const { timestamp } = place.l1
    rmSync(place.path)
    place.l1.timestamp = START
    const guard = await place.open()
    expect(await guard.signBlock(KEY, blockOf(place))).toEqual(waiting(timestamp + WINDOW))
    await guard.close()
  })

  test('of L1, whatever this machine takes for the time', async () => {
    const guard = await place.open()
    const { now } = Date
    Date.now = () => now() + 1e12
    expect(await guard.signBlock(KEY, blockOf(place))).toEqual(waiting(START + WINDOW))
    Date.now = () => 0
    place.passWindow()
    expect(await guard.signBlock(KEY, blockOf(place))).toMatchObject({ type: 'signed' })
    Date.now = now
    await guard.close()
  })
})

describe('a memory that is whole', () => {
  test('goes on at once after a stop', async () => {
    await signAndClose()
    const guard = await place.open()
    const next = { blockNumber: 101n, parentBlockHash: hashOf(100) }
    expect(await guard.signBlock(KEY, blockOf(place, next))).toMatchObject({ type: 'signed' })
    await guard.close()
  })

  test('and with an old copy of the counter: the database is ahead of it', async () => {
    await (await place.openReady()).close()
    const counter = readFileSync(place.counterPath)
    const guard = await place.open()
    await guard.signBlock(KEY, blockOf(place))
    await guard.close()
    writeFileSync(place.counterPath, counter)
    const again = await place.open()
    expect(await again.signBlock(KEY, blockOf(place, { content: 2 }))).toMatchObject({
      refusal: { reason: 'otherContent' },
    })
    await again.close()
  })
})
