/** What many at once share, what is forgotten, and what an older database holds. */
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GUARD_SCHEMAS } from '../../../../src/preconf/guard/schema.ts'
import { TemporaryError } from '../../../../src/primitives/errors.ts'
import { blockCommitmentHash } from '../../../../src/promise/blockCommitment.ts'
import { openStore } from '../../../../src/store/openStore.ts'
import type { Row } from '../../../../src/store/store.ts'
import {
  blockOf,
  createPlace,
  DOMAIN,
  executionOf,
  hashOf,
  KEY,
  listOf,
  messageOf,
  type Place,
  sign,
} from './place.ts'

let place: Place
beforeEach(() => {
  place = createPlace()
})
afterEach(() => place.remove())

async function rowsOf(sql: string): Promise<readonly Row[]> {
  const store = await openStore({ path: place.path, schemas: GUARD_SCHEMAS, readOnly: true })
  try {
    return await store.all(sql)
  } finally {
    await store.close()
  }
}

const generation = () => Number(readFileSync(place.counterPath, 'utf8').split(' ')[0])

describe('requests that come together', () => {
  test('are recorded in few transactions, each with one content for its position', async () => {
    const guard = await place.openReady()
    const before = generation()
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) =>
        guard.signCommitment(
          KEY,
          executionOf(place, { transactionIndex: i >> 1, receiptHash: hashOf(1 + (i % 2)) }),
        ),
      ),
    )
    expect(answers.map(({ type }) => type)).toEqual(
      answers.map((_, i) => (i % 2 === 0 ? 'signed' : 'refused')),
    )
    expect(place.signed).toHaveLength(500)
    // 256 to a group, and the first ones alone.
    expect(generation() - before).toBeLessThan(20)
    await guard.close()
    expect(await rowsOf('SELECT count(*) AS count FROM positions')).toEqual([{ count: 500 }])
  })

  test('the first of them decides, also on the parent', async () => {
    const guard = await place.openReady()
    const [first, second, third] = await Promise.all([
      guard.signBlock(KEY, blockOf(place)),
      guard.signBlock(KEY, blockOf(place, { parentBlockHash: hashOf(98) })),
      guard.signStream(KEY, messageOf(place, 0, { parent: hashOf(98) })),
    ])
    expect(first).toMatchObject({ type: 'signed' })
    for (const refused of [second, third])
      expect(refused).toMatchObject({
        refusal: { reason: 'parentNotRemoved', earlier: { position: { parent: hashOf(99) } } },
      })
    await guard.close()
  })

  test('one for which L1 cannot be asked fails alone, and nothing of it stays', async () => {
    const guard = await place.openReady({
      readL1: async () => ({
        ...place.l1,
        isRemoved: async () => {
          throw new TemporaryError('away')
        },
      }),
    })
    await guard.signBlock(KEY, blockOf(place))
    const answers = await Promise.allSettled([
      guard.signList(KEY, listOf(place)),
      guard.signBlock(KEY, blockOf(place, { parentBlockHash: hashOf(98) })),
      guard.signBlock(KEY, blockOf(place, { blockNumber: 101n })),
    ])
    expect(answers).toMatchObject([
      { value: { type: 'signed' } },
      { reason: new TemporaryError('away') },
      { value: { type: 'signed' } },
    ])
    expect((await guard.export()).data.flatMap(({ signed }) => signed)).toHaveLength(3)
    await guard.close()
  })
})

describe('what is final', () => {
  test('goes bit by bit, and is never signed again, with its old content neither', async () => {
    const guard = await place.openReady()
    const blocks = Array.from({ length: 450 }, (_, i) => blockOf(place, { blockNumber: 100n + BigInt(i) }))
    await Promise.all(blocks.map((block) => guard.signBlock(KEY, block)))
    const count = async () => (await guard.export()).data.find(({ kind }) => kind === 'block')!.signed.length
    place.l1.finalizedNumber = 540n
    const counts = []
    for (let number = 600n; number < 604n; number++) {
      expect(await guard.signBlock(KEY, blockOf(place, { blockNumber: number }))).toMatchObject({
        type: 'signed',
      })
      counts.push(await count())
    }
    // 200 in one go; 100 to 540 are 441.
    expect(counts).toEqual([251, 52, 12, 13])
    expect(await guard.signBlock(KEY, blocks[449]!)).toMatchObject({ type: 'signed' })
    await guard.close()
    place.l1.finalizedNumber = 0n
    place.l1.landed = { ...place.l1.landed, number: 0n }
    const again = await place.open()
    for (const block of [blocks[0]!, blocks[440]!])
      expect(await again.signBlock(KEY, block)).toEqual({
        type: 'refused',
        refusal: { reason: 'settled', watermark: 540n },
      })
    await again.close()
  })

  test('of windows by the time of the finalized block', async () => {
    const guard = await place.openReady()
    const old = listOf(place)
    await guard.signList(KEY, old)
    place.l1.finalizedTimestamp = old.windowEnd
    await guard.signList(KEY, listOf(place, 1, old.windowEnd + 12n))
    expect(await guard.signList(KEY, old)).toMatchObject({
      refusal: { reason: 'settled', watermark: old.windowEnd },
    })
    expect((await guard.export()).data[0]).toMatchObject({
      watermark: old.windowEnd.toString(),
      signed: [{ number: (old.windowEnd + 12n).toString() }],
    })
    await guard.close()
  })

  test('is not what was imported only: the same content is signed again there', async () => {
    const guard = await place.openReady()
    const block = blockOf(place, { blockNumber: 120n })
    await guard.signBlock(KEY, block)
    await guard.import(await guard.export())
    place.passWindow()
    place.l1.finalizedNumber = 99n
    await guard.signBlock(KEY, blockOf(place, { blockNumber: 130n }))
    expect(await guard.signBlock(KEY, block)).toMatchObject({ type: 'signed' })
    await guard.close()
  })
})

test('a database of the first version is brought up to date with all it knows', async () => {
  const block = blockOf(place, { windowEnd: 1_000_397n })
  const hash = blockCommitmentHash(block, DOMAIN)
  const name = `1:${DOMAIN.slasher}:${DOMAIN.signingId}`
  const [first] = GUARD_SCHEMAS.guard
  const store = await openStore({ path: place.path, schemas: { guard: [first] } })
  await store.transaction(async (transaction) => {
    const row = [KEY, name, 'block', '167', 100, hashOf(99), hash, sign(hash)]
    await transaction.run('INSERT INTO positions VALUES (?, ?, ?, ?, ?, ?, ?, ?)', row)
    await transaction.run('INSERT INTO guard_state VALUES (1, 7, 12, 13)')
  })
  await store.close()
  const guard = await place.open()
  place.passWindow()
  expect(await guard.signBlock(KEY, block)).toEqual({ type: 'signed', hash, signature: sign(hash) })
  expect(place.signed).toEqual([])
  expect(await guard.signBlock(KEY, { ...block, anchorBlockNumber: 2n })).toMatchObject({
    refusal: { reason: 'otherContent' },
  })
  await guard.close()
})
