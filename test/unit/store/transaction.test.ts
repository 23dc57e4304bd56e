import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DiskFullError } from '../../../src/store/errors.ts'
import { checkIntegrity } from '../../../src/store/integrity.ts'
import { openStore } from '../../../src/store/openStore.ts'
import type { Store, StoreTransaction } from '../../../src/store/store.ts'

let directory: string
let store: Store
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-store-'))
  store = await openStore({
    path: join(directory, 'node.sqlite'),
    schemas: {
      test: [
        'CREATE TABLE numbers (number INTEGER PRIMARY KEY, data BLOB)',
        'CREATE TABLE packed (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID',
      ],
    },
  })
})
afterEach(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

const count = async () => (await store.get('SELECT count(*) AS n FROM numbers'))?.n
const insert = (transaction: StoreTransaction, number: number) =>
  transaction.run('INSERT INTO numbers (number) VALUES (?)', [number])

describe('a transaction', () => {
  test('is seen by readers only when committed, and by itself at once', async () => {
    await store.transaction(async (transaction) => {
      await insert(transaction, 1)
      expect(await transaction.get('SELECT count(*) AS n FROM numbers')).toEqual({ n: 1 })
      expect(await count()).toBe(0)
    })
    expect(await count()).toBe(1)
  })

  test('is rolled back whole by an exception', async () => {
    const failing = store.transaction(async (transaction) => {
      await insert(transaction, 1)
      throw new Error('on purpose')
    })
    await expect(failing).rejects.toThrow('on purpose')
    expect(await count()).toBe(0)
  })

  test('waits for the one before it', async () => {
    const order: string[] = []
    await Promise.all(
      ['a', 'b', 'c'].map((name, i) =>
        store.transaction(async (transaction) => {
          order.push(`${name} begins`)
          await insert(transaction, i)
          await insert(transaction, 10 + i)
          order.push(`${name} ends`)
        }),
      ),
    )
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  test('a failure does not stop the next one', async () => {
    const failing = store.transaction(async () => Promise.reject(new Error('on purpose')))
    const next = store.transaction((transaction) => insert(transaction, 2))
    await expect(failing).rejects.toThrow('on purpose')
    await next
    expect(await count()).toBe(1)
  })

  test('a failed statement that was swallowed still fails the commit', async () => {
    const work = store.transaction(async (transaction) => {
      await insert(transaction, 1)
      await insert(transaction, 1).catch(() => {})
    })
    await expect(work).rejects.toThrow(/UNIQUE/)
    expect(await count()).toBe(0)
  })

  test('takes no statement after its end', async () => {
    let late: StoreTransaction | undefined
    await store.transaction(async (transaction) => {
      late = transaction
    })
    await expect(late!.run('DELETE FROM numbers')).rejects.toThrow(/after the end of its transaction/)
  })

  test('closing waits for it', async () => {
    const work = store.transaction((transaction) => insert(transaction, 1))
    await store.close()
    await work
    await expect(store.get('SELECT 1')).rejects.toThrow('closed')
  })
})

describe('a full disk', () => {
  test('rolls the whole transaction back, keeps serving reads, and takes the same work once there is room', async () => {
    await store.transaction((transaction) => insert(transaction, 0))
    const pages = (limit: number) =>
      store.transaction((transaction) => transaction.all(`PRAGMA max_page_count = ${limit}`))
    const big = (transaction: StoreTransaction) =>
      transaction.writePacked(
        'packed',
        Array.from({ length: 20_000 }, (_, i) => [Buffer.from(`key ${i}`), Buffer.alloc(200, i)] as const),
      )
    await pages(40)
    const failing = store.transaction(async (transaction) => {
      await insert(transaction, 1)
      // Not awaited together on purpose: statements behind the failed one must not commit by themselves.
      await Promise.allSettled([big(transaction), insert(transaction, 2)])
    })
    await expect(failing).rejects.toThrow(DiskFullError)
    await expect(failing).rejects.toThrow(/the disk is full: .*nothing was lost/)
    expect(await store.all('SELECT number FROM numbers')).toEqual([{ number: 0 }])
    expect(await store.get('SELECT count(*) AS n FROM packed')).toEqual({ n: 0 })
    await checkIntegrity(store, 'full')
    await pages(1_000_000)
    await store.transaction(big)
    expect(await store.get('SELECT count(*) AS n FROM packed')).toEqual({ n: 20_000 })
  })
})

describe('values', () => {
  const roundTrip = async (number: bigint | number) => {
    await store.transaction(async (transaction) => {
      await transaction.run('DELETE FROM numbers')
      await transaction.run('INSERT INTO numbers (number) VALUES (?)', [number])
    })
    return store.get('SELECT number, typeof(number) AS type FROM numbers WHERE number = ?', [number])
  }

  test('integers up to 2^53 − 1 come back as they went, however sqlite3 binds them', async () => {
    for (const number of [0n, 1n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 40n, 2n ** 53n - 1n, -5n])
      expect(await roundTrip(number)).toEqual({ number: Number(number), type: 'integer' })
  })

  test('larger integers are refused, not rounded', async () => {
    await expect(roundTrip(2n ** 53n)).rejects.toThrow(/too large for an INTEGER column/)
    await expect(store.get('SELECT 9007199254740993 AS n')).rejects.toThrow(/past 2\^53/)
  })

  test('blobs come back as plain byte arrays of their own', async () => {
    const whole = Uint8Array.of(9, 1, 2, 3, 9)
    await store.transaction((transaction) =>
      transaction.run('INSERT INTO numbers VALUES (1, ?)', [whole.subarray(1, 4)]),
    )
    const data = (await store.get('SELECT data FROM numbers'))?.data
    expect(data).toEqual(Uint8Array.of(1, 2, 3))
    expect(Buffer.isBuffer(data)).toBe(false)
  })
})
