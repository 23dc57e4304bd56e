import { afterEach, beforeEach, expect, test } from 'vitest'
import { createGroupCommit } from '../../../../src/preconf/promises/groupCommit.ts'
import { openStore } from '../../../../src/store/openStore.ts'
import type { Statement, Store } from '../../../../src/store/store.ts'

let store: Store
let transactions: number
beforeEach(async () => {
  store = await openStore({ path: ':memory:', schemas: { t: ['CREATE TABLE t (n INTEGER PRIMARY KEY)'] } })
  transactions = 0
})
afterEach(() => store.close())

const group = () =>
  createGroupCommit({
    write: (statements) => {
      transactions++
      return store.write(statements)
    },
  })
const insert = (n: number): Statement => ['INSERT INTO t VALUES (?)', [n]]
const rows = async () => (await store.all('SELECT n FROM t ORDER BY n')).map(({ n }) => n)

test('what waits for a transaction goes in the next, all of it at once', async () => {
  const { write } = group()
  await Promise.all(Array.from({ length: 100 }, (_, n) => write(insert(n))))
  expect(await rows()).toHaveLength(100)
  expect(transactions).toBe(1)
})

test('each write is there when it returns, whenever it comes', async () => {
  const { write } = group()
  for (let n = 0; n < 20; n++) {
    const written = write(insert(n))
    if (n % 3 === 0) await Promise.resolve()
    await written
    expect(await rows()).toHaveLength(n + 1)
  }
})

test('what may wait goes with what may not, or when it is closed', async () => {
  const { write, writeLater, close } = group()
  const later = writeLater(insert(1))
  await write(insert(2))
  await later
  expect(transactions).toBe(1)
  const last = writeLater(insert(3))
  await close()
  await last
  expect(await rows()).toEqual([1, 2, 3])
  await close()
})

test('what comes while another transaction runs goes along', async () => {
  const { write } = group()
  let end = () => {}
  const other = store.transaction(() => new Promise<void>((resolve) => (end = resolve)))
  const first = write(insert(1))
  await new Promise((resolve) => setTimeout(resolve, 20))
  const second = write(insert(2))
  end()
  await Promise.all([other, first, second])
  expect(transactions).toBe(1)
})

test('what comes of the same event goes along, some promises later', async () => {
  const { write } = group()
  const first = write(insert(1))
  for (let i = 0; i < 50; i++) await Promise.resolve()
  await Promise.all([first, write(insert(2))])
  expect(transactions).toBe(1)
})

test('one that fails takes no other with it', async () => {
  const { write } = group()
  await write(insert(1))
  const results = await Promise.allSettled([write(insert(9)), write(insert(2)), write(insert(1))])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  await write(insert(3))
  expect(await rows()).toEqual([1, 2, 3, 9])
})

test('where not even a transaction begins, all of it fails', async () => {
  const failure = new Error('the disk is away')
  const { write } = createGroupCommit({ write: () => Promise.reject(failure) })
  const results = await Promise.allSettled([write(insert(1)), write(insert(2))])
  expect(results).toEqual(Array.from({ length: 2 }, () => ({ status: 'rejected', reason: failure })))
})
