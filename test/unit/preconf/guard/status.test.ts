/** What a guard says of itself, and what it takes over while it is not running. */
import { rmSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Guard } from '../../../../src/preconf/guard/guard.ts'
import { exportProtection, importProtection } from '../../../../src/preconf/guard/offline.ts'
import { StoreLockedError } from '../../../../src/store/errors.ts'
import { blockOf, createPlace, KEY, type Place, START, WINDOW } from './place.ts'

let place: Place
beforeEach(() => {
  place = createPlace()
})
afterEach(() => place.remove())

const until = START + WINDOW

describe('the status says in words what is waited for, and until when', () => {
  test('of a new memory: L1 time first, then a block that landed later', async () => {
    const guard = await place.open()
    expect(await guard.status()).toEqual({
      type: 'waiting',
      for: 'time',
      until,
      cause: 'new',
      sentence:
        'the guard signs nothing until L1 has passed 1970-01-12T13:53:04.000Z (384 s from its head), because its memory is new, and what the keys signed before is not known',
    })
    place.l1.timestamp = until + 1n
    expect(await guard.status()).toEqual({
      type: 'waiting',
      for: 'landedBlock',
      until,
      cause: 'new',
      sentence:
        'the guard signs no blocks until an L2 block later than 1970-01-12T13:53:04.000Z has landed on L1 (block 99, the last one, is of 1970-01-12T13:46:40.000Z), because its memory is new, and what the keys signed before is not known; a batch without promises will do, as plumbline sequence and plumbline propose post them',
    })
    place.passWindow()
    expect(await guard.status()).toEqual({ type: 'ready', sentence: 'the guard signs' })
    await guard.close()
  })

  test.each([
    ['databaseLost', () => rmSync(place.path)],
    ['counterLost', () => rmSync(place.counterPath)],
    ['oldCopy', () => place.restore()],
  ] as const)('of %s', async (cause, harm) => {
    await (await place.openReady()).close()
    place.backUp()
    const guard = await place.open()
    await guard.signBlock(KEY, blockOf(place))
    await guard.close()
    harm()
    const again = await place.open()
    expect(await again.status()).toMatchObject({ type: 'waiting', cause, until: place.l1.timestamp + WINDOW })
    await again.close()
    const later = await place.open()
    expect(await later.status()).toMatchObject({ type: 'waiting', cause, until: place.l1.timestamp + WINDOW })
    await later.close()
  })

  test('of what was imported while it runs', async () => {
    const guard = await place.openReady()
    await guard.import(await guard.export())
    expect(await guard.status()).toMatchObject({ cause: 'imported', until: place.l1.timestamp + WINDOW })
    await guard.close()
  })
})

describe('while it is not running', () => {
  let guard: Guard
  const block = () => blockOf(place, { windowEnd: START + WINDOW + 13n })

  test('its knowledge is taken out, and put into another, which waits from its opening on', async () => {
    guard = await place.openReady()
    await guard.signBlock(KEY, block())
    const [file] = await exportProtection(place.path)
    expect(file).toEqual(await guard.export())
    await guard.close()

    const other = createPlace()
    Object.assign(other.l1, place.l1)
    await importProtection(other, JSON.parse(JSON.stringify(file)))
    expect(await exportProtection(other.path)).toEqual([
      { ...file, data: [{ ...file!.data[0]!, watermark: '100' }] },
    ])
    other.l1.timestamp += 10_000n
    other.l1.landed = { ...other.l1.landed, timestamp: other.l1.timestamp }
    const opened = await other.open()
    const waitsUntil = other.l1.timestamp + WINDOW
    expect(await opened.status()).toMatchObject({ for: 'time', cause: 'imported', until: waitsUntil })
    await opened.close()
    other.l1.timestamp += 100n
    const again = await other.open()
    expect(await again.status()).toMatchObject({ for: 'time', cause: 'imported', until: waitsUntil })
    other.passWindow()
    expect(await again.signBlock(KEY, block())).toMatchObject({ type: 'signed' })
    expect(await again.signBlock(KEY, { ...block(), anchorBlockNumber: 7n })).toMatchObject({
      refusal: { reason: 'otherContent' },
    })
    await again.close()
    other.remove()
  })

  test('an import into a guard with a memory waits as well', async () => {
    guard = await place.openReady()
    await guard.signBlock(KEY, block())
    const file = await guard.export()
    await guard.close()
    await importProtection(place, file)
    const again = await place.open()
    expect(await again.status()).toMatchObject({ cause: 'imported', until: place.l1.timestamp + WINDOW })
    await again.close()
  })

  test('and nothing is put in while it runs', async () => {
    guard = await place.openReady()
    await expect(importProtection(place, await guard.export())).rejects.toThrow(StoreLockedError)
    expect(await guard.signBlock(KEY, block())).toMatchObject({ type: 'signed' })
    await guard.close()
  })
})
