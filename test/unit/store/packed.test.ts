import { afterEach, beforeEach, expect, test } from 'vitest'
import { logicalDump } from '../../../src/store/dump.ts'
import { openStore } from '../../../src/store/openStore.ts'
import type { Store } from '../../../src/store/store.ts'

let store: Store
const schemas = {
  test: [
    'CREATE TABLE packed (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID',
    'CREATE TABLE plain (number INTEGER PRIMARY KEY, name TEXT NOT NULL, data BLOB NOT NULL)',
  ],
}
beforeEach(async () => {
  store = await openStore({ path: ':memory:', schemas })
})
afterEach(() => store.close())

const key = (i: number) => Buffer.from(`key-${i}`)
const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

test('writes, replaces, deletes and reads back many rows, keys of any bytes, values of any length', async () => {
  const entries = Array.from({ length: 10_000 }, (_, i) => [key(i), Buffer.alloc(i % 300, i)] as const)
  await store.transaction((transaction) => transaction.writePacked('packed', entries))
  await store.transaction((transaction) =>
    transaction.writePacked('packed', [
      [key(3), Buffer.from('replaced')],
      [key(4), null],
      [key(123_456), null],
      [Uint8Array.of(0, 255, 128), Uint8Array.of(0)],
    ]),
  )
  const found = await store.readPacked('packed', [
    ...entries.map(([k]) => k),
    key(77_777),
    Uint8Array.of(0, 255, 128),
  ])
  expect(found.size).toBe(10_000)
  expect(found.get(latin1(key(3)))).toEqual(new Uint8Array(Buffer.from('replaced')))
  expect(found.has(latin1(key(4)))).toBe(false)
  expect(found.get(latin1(key(300)))).toEqual(new Uint8Array(0))
  expect(found.get(latin1(key(9_999)))).toEqual(new Uint8Array(99).fill(9_999 & 255))
  expect(found.get('\x00\xff\x80')).toEqual(Uint8Array.of(0))
})

test('reads of a transaction see what it has written', async () => {
  await store.transaction(async (transaction) => {
    await transaction.writePacked('packed', [[key(1), key(2)]])
    expect((await transaction.readPacked('packed', [key(1)])).get(latin1(key(1)))).toEqual(
      new Uint8Array(key(2)),
    )
  })
})

test('inserts any number of rows with values of every kind, among them no bytes', async () => {
  const rows = Array.from({ length: 87 }, (_, i) => [BigInt(i), `row ${i}`, Buffer.alloc(i % 3, i)])
  await store.transaction((transaction) => transaction.insertRows('plain', ['number', 'name', 'data'], rows))
  const found = await store.all('SELECT number, name, data FROM plain ORDER BY number')
  expect(found).toEqual(
    rows.map(([number, name, data]) => ({
      number: Number(number),
      name,
      data: new Uint8Array(data as Buffer),
    })),
  )
})

test('a row that is there already fails the whole insertion', async () => {
  const insert = (numbers: readonly number[]) =>
    store.transaction((transaction) =>
      transaction.insertRows(
        'plain',
        ['number', 'name', 'data'],
        numbers.map((number) => [number, '', Uint8Array.of(1)]),
      ),
    )
  await insert([5])
  await expect(insert([1, 2, 3, 4, 5])).rejects.toThrow()
  expect(await store.all('SELECT number FROM plain')).toEqual([{ number: 5 }])
})

test('no keys, no rows', async () => {
  await store.transaction((transaction) => transaction.writePacked('packed', []))
  expect((await store.readPacked('packed', [])).size).toBe(0)
})

test('the dump of equal content is equal whatever the order it was written in, and differs by any byte', async () => {
  const dump = async (entries: readonly (readonly [Uint8Array, Uint8Array | null])[]) => {
    const other = await openStore({ path: ':memory:', schemas })
    for (const entry of entries)
      await other.transaction((transaction) => transaction.writePacked('packed', [entry]))
    const lines: string[] = []
    for await (const line of logicalDump(other, ['packed'])) lines.push(line)
    await other.close()
    return lines
  }
  const [a, b, c] = [key(1), key(2), key(3)]
  const expected = await dump([
    [a, b],
    [b, c],
  ])
  expect(expected).toEqual([
    'packed (k, v)',
    'packed ["0x6b65792d31","0x6b65792d32"]',
    'packed ["0x6b65792d32","0x6b65792d33"]',
  ])
  expect(
    await dump([
      [c, c],
      [b, a],
      [b, c],
      [c, null],
      [a, b],
    ]),
  ).toEqual(expected)
  expect(
    await dump([
      [a, b],
      [b, b],
    ]),
  ).not.toEqual(expected)
})
