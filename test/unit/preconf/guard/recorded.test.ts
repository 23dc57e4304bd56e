import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ClaimRequest, PositionKind } from '../../../../src/preconf/guard/position.ts'
import { readRecorded } from '../../../../src/preconf/guard/recorded.ts'
import { insertPositions, nameOf, readTaken, writeSignatures } from '../../../../src/preconf/guard/rows.ts'
import { GUARD_SCHEMAS } from '../../../../src/preconf/guard/schema.ts'
import type { Hex } from '../../../../src/primitives/hex.ts'
import { openStore } from '../../../../src/store/openStore.ts'

const DOMAIN = 'domain'
const KEYS = [`0x${'a1'.repeat(20)}`, `0x${'b2'.repeat(20)}`] as const

function request(key: number, kind: PositionKind, number: number, index: number, hash = 1): ClaimRequest {
  const position = { kind, l2ChainId: 1n, number: BigInt(number), parent: hex(7), index }
  return { key: KEYS[key]!, position, windowEnd: 0n, hash: hex(hash) }
}
const hex = (byte: number): Hex => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`

const place = fc.tuple(
  fc.nat(1),
  fc.constantFrom<PositionKind>('block', 'execution'),
  fc.integer({ min: 1, max: 6 }),
  fc.nat(2),
)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('record' as const), place }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('sign' as const), place }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('forget' as const), place }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const), place }) },
)

test('what memory says of a position is what the disk would say, however little of it there is', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 1, max: 8 }),
      async (steps, max) => {
        const store = await openStore({ path: ':memory:', schemas: GUARD_SCHEMAS })
        try {
          let recorded = await readRecorded(store, DOMAIN, max)
          const everywhere = [0, 1].flatMap((key) =>
            (['block', 'execution'] as const).flatMap((kind) =>
              [1, 2, 3, 4, 5, 6].flatMap((number) => [0, 1, 2].map((i) => request(key, kind, number, i))),
            ),
          )
          for (const { type, place: at } of steps) {
            const asked = request(...at)
            const there = (await readTaken(store, DOMAIN, [asked])).has(nameOf(asked))
            if (type === 'record' && !there) {
              await store.write(() => [insertPositions(DOMAIN, [asked])])
              recorded.note(asked)
            }
            if (type === 'sign' && there) {
              const signature = hex(9)
              await store.write(() => [writeSignatures(DOMAIN, [{ request: asked, signature }])])
              recorded.noteSignature(asked, signature)
            }
            const { kind, l2ChainId, number } = asked.position
            if (type === 'forget') recorded.forget({ key: asked.key, kind, l2ChainId, number })
            if (type === 'restart') recorded = await readRecorded(store, DOMAIN, max)

            const onDisk = await readTaken(store, DOMAIN, everywhere)
            for (const each of everywhere) {
              const known = recorded.at(each)
              if (known !== 'unsure') expect(known).toEqual(onDisk.get(nameOf(each)))
            }
          }
        } finally {
          await store.close()
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('a higher number than any before is known without the disk, also after a restart', async () => {
  const store = await openStore({ path: ':memory:', schemas: GUARD_SCHEMAS })
  await store.write(() => [insertPositions(DOMAIN, [request(0, 'block', 5, 0)])])
  const recorded = await readRecorded(store, DOMAIN)
  expect(recorded.at(request(0, 'block', 6, 0))).toBeUndefined()
  expect(recorded.at(request(0, 'block', 5, 0))).toBe('unsure')
  // Another kind, another key.
  expect(recorded.at(request(0, 'execution', 5, 0))).toBeUndefined()
  expect(recorded.at(request(1, 'block', 5, 0))).toBeUndefined()
  recorded.note(request(0, 'block', 6, 0))
  expect(recorded.at(request(0, 'block', 6, 0, 2))).toEqual({ hash: hex(1) })
  await store.close()
})
