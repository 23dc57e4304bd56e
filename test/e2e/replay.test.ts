/** `plumbline replay` as a process: the fields of its lines and its exit status are a contract with whoever runs it. */
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWorkplace, isBuilt, type Workplace } from '../support/e2e.ts'
import { hasSharedFixture, readSharedText, sharedFixture } from '../support/fixtures.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 180_000
const NAMES = [
  'surge-dev-shasta-proposal1-10blocks',
  'taiko-hekla-pacaya-batch1306738',
  'taiko-mainnet-ontake-block780758',
].map((name) => `taiko/${name}.guest-input.json`)
const [, SMALL = ''] = NAMES
const FIELDS = ['file', 'block', 'hash', 'expected', 'match', 'gasUsed', 'txs', 'dropped', 'ms']

describe.skipIf(!isBuilt || !NAMES.every(hasSharedFixture))('replay (needs captured inputs)', () => {
  let place: Workplace
  beforeAll(async () => {
    place = await createWorkplace()
  })
  afterAll(() => place.close())

  const run = async (...args: string[]) => {
    const cli = place.start(['replay', ...args])
    const exit = await cli.exit()
    const lines = cli.output().trim().split('\n')
    return { exit, lines, rows: args[0] === '--json' ? lines.map((line) => JSON.parse(line)) : [] }
  }

  test(
    'prints one JSON line a block, and ends with 0 when every one matches',
    async () => {
      const { exit, rows } = await run('--json', ...NAMES.map(sharedFixture))
      expect(exit).toEqual({ code: 0, signal: null })
      expect(rows).toHaveLength(12)
      for (const row of rows) {
        expect(Object.keys(row)).toEqual(FIELDS)
        expect(row.match).toBe(true)
        expect(row.hash).toBe(row.expected)
      }
      expect(rows.at(-1)).toMatchObject({ block: 780_758, txs: 3, dropped: 797 })
    },
    TIMEOUT_MS,
  )

  test(
    'a file that cannot be replayed is one line with its reason and status 1, and the others are still done',
    async () => {
      const input = JSON.parse(readSharedText(SMALL))
      input.taiko.tx_data_from_blob[0][40] ^= 1
      writeFileSync(place.path('flipped.json'), JSON.stringify(input))
      writeFileSync(place.path('half.json'), readSharedText(SMALL).slice(0, 1_000))
      const files = ['flipped.json', 'half.json', 'none.json', sharedFixture(SMALL)]
      const { exit, rows } = await run('--json', ...files)
      expect(exit).toEqual({ code: 1, signal: null })
      expect(rows.map(({ match }) => match)).toEqual([false, false, false, true])
      for (const { error } of rows.slice(0, 3)) expect(error).toMatch(/\w+ \w+/)
    },
    TIMEOUT_MS,
  )

  test(
    'what it records replays alone, to the same hash',
    async () => {
      const recorded = await run('--json', sharedFixture(SMALL), '--record', place.path('witness.json'))
      const alone = await run('--json', place.path('witness.json'))
      expect(alone.exit).toEqual({ code: 0, signal: null })
      expect(alone.rows.map(({ hash }) => hash)).toEqual(recorded.rows.map(({ hash }) => hash))
    },
    TIMEOUT_MS,
  )
})
