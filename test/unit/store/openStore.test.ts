import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sqlite3 from 'sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CriticalError } from '../../../src/primitives/errors.ts'
import {
  StoreDamagedError,
  StoreIoError,
  StoreLockedError,
  StoreSchemaError,
} from '../../../src/store/errors.ts'
import { checkIntegrity } from '../../../src/store/integrity.ts'
import { openStore } from '../../../src/store/openStore.ts'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-store-'))
  path = join(directory, 'node.sqlite')
})
afterEach(() => rmSync(directory, { recursive: true }))

const NOTES = 'CREATE TABLE notes (number INTEGER PRIMARY KEY, text TEXT)'
const schemas = { notes: [NOTES] }

describe('opening', () => {
  test('keeps what was committed', async () => {
    const first = await openStore({ path, schemas })
    await first.transaction((transaction) => transaction.run('INSERT INTO notes VALUES (?, ?)', [7n, 'kept']))
    await first.close()
    const second = await openStore({ path, schemas })
    expect(await second.get('SELECT * FROM notes')).toEqual({ number: 7, text: 'kept' })
    await second.close()
  })

  test('a commit is on the disk when it returns, in a write-ahead log', async () => {
    const store = await openStore({ path, schemas })
    const [journal, synchronous] = await store.transaction(async (transaction) => [
      await transaction.get('PRAGMA journal_mode'),
      await transaction.get('PRAGMA synchronous'),
    ])
    expect(journal).toEqual({ journal_mode: 'wal' })
    expect(synchronous).toEqual({ synchronous: 2 })
    await store.close()
  })

  test('two nodes cannot work on one file, and the second may once the first has closed', async () => {
    const first = await openStore({ path, schemas })
    await expect(openStore({ path, schemas })).rejects.toThrow(StoreLockedError)
    await first.close()
    await (await openStore({ path, schemas })).close()
  })

  test('a read-only store reads beside a running node and cannot write', async () => {
    const node = await openStore({ path, schemas })
    const reader = await openStore({ path, schemas, readOnly: true })
    await node.transaction((transaction) => transaction.run("INSERT INTO notes VALUES (1, 'seen')"))
    expect(await reader.all('SELECT text FROM notes')).toEqual([{ text: 'seen' }])
    await expect(reader.transaction(async () => {})).rejects.toThrow(CriticalError)
    await reader.close()
    await node.close()
  })

  test('a directory that is not there is named', async () => {
    const missing = join(directory, 'none', 'node.sqlite')
    await expect(openStore({ path: missing, schemas })).rejects.toThrow(StoreIoError)
    await expect(openStore({ path: missing, schemas })).rejects.toThrow(
      /none cannot be read; create it first/,
    )
  })
})

describe('migrations', () => {
  test('bring an older database up to date and keep its rows', async () => {
    const old = await openStore({ path, schemas })
    await old.transaction((transaction) => transaction.run("INSERT INTO notes VALUES (1, 'old')"))
    await old.close()
    const steps = [NOTES, 'ALTER TABLE notes ADD COLUMN author TEXT', "UPDATE notes SET author = 'unknown'"]
    const store = await openStore({ path, schemas: { notes: steps, more: ['CREATE TABLE more (x)'] } })
    expect(await store.all('SELECT * FROM notes')).toEqual([{ number: 1, text: 'old', author: 'unknown' }])
    expect(await store.all('SELECT * FROM schema_versions ORDER BY room')).toEqual([
      { room: 'more', version: 1 },
      { room: 'notes', version: 3 },
    ])
    await store.close()
  })

  test('a failing one leaves the old schema and gives the lock back', async () => {
    await (await openStore({ path, schemas })).close()
    const broken = { notes: [NOTES, 'CREATE TABLE half (x)', 'CREATE TABEL typo (x)'] }
    await expect(openStore({ path, schemas: broken })).rejects.toThrow(/typo|syntax/)
    const store = await openStore({ path, schemas })
    expect(await store.all("SELECT name FROM sqlite_schema WHERE name = 'half'")).toEqual([])
    await store.close()
  })

  test('a newer schema is refused, whichever room it is in', async () => {
    await (await openStore({ path, schemas: { notes: [NOTES, 'CREATE TABLE later (x)'] } })).close()
    await expect(openStore({ path, schemas })).rejects.toThrow(StoreSchemaError)
    await expect(openStore({ path, schemas })).rejects.toThrow(
      /version 2 of the "notes" tables.*use the newer program/,
    )
    await expect(openStore({ path, schemas: { other: [] } })).rejects.toThrow(
      /tables of "notes", unknown here/,
    )
  })

  test('an older schema is not changed by a read-only store', async () => {
    await (await openStore({ path, schemas })).close()
    const newer = { notes: [NOTES, 'CREATE TABLE later (x)'] }
    await expect(openStore({ path, schemas: newer, readOnly: true })).rejects.toThrow(/start the node once/)
  })
})

describe('a wrong or damaged file', () => {
  test('bytes that are no database', async () => {
    writeFileSync(path, 'this is a text file, long enough to have a header of its own')
    await expect(openStore({ path, schemas })).rejects.toThrow(StoreDamagedError)
  })

  test("another program's database", async () => {
    await new Promise<void>((resolve) => {
      const other = new sqlite3.Database(path)
      other.exec('CREATE TABLE things (x)')
      other.close(() => resolve())
    })
    await expect(openStore({ path, schemas })).rejects.toThrow(/not a database of this program/)
  })

  test('a main file without its write-ahead log holds an earlier commit, whole', async () => {
    const store = await openStore({ path, schemas })
    await store.transaction((transaction) => transaction.run("INSERT INTO notes VALUES (1, 'x')"))
    const copy = join(directory, 'copy.sqlite')
    copyFileSync(path, copy)
    await store.close()
    const second = await openStore({ path: copy, schemas })
    await checkIntegrity(second, 'full')
    expect((await second.all('SELECT * FROM notes')).length).toBeLessThanOrEqual(1)
    await second.close()
  })

  test('the integrity check finds a page that was overwritten', async () => {
    const store = await openStore({ path, schemas })
    await store.transaction(async (transaction) => {
      for (let i = 0; i < 2_000; i++)
        await transaction.run('INSERT INTO notes VALUES (?, ?)', [i, 'x'.repeat(50)])
    })
    await checkIntegrity(store, 'quick')
    await store.close()
    const { openSync, writeSync, closeSync } = await import('node:fs')
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(4096, 0x55), 0, 4096, 5 * 4096)
    closeSync(file)
    const damaged = await openStore({ path, schemas })
    await expect(checkIntegrity(damaged, 'quick')).rejects.toThrow(StoreDamagedError)
    await damaged.close()
  })
})
