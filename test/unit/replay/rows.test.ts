/** The file of a range: what an earlier run wrote is kept, what it did not finish goes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openRows } from '../../../src/replay/remote/rows.ts'
import { compareSteps } from '../../../src/replay/remote/traceDifference.ts'

const rowOf = (proposal: number, match = true) => ({
  ...{ chainId: '167', proposal, firstBlock: proposal, lastBlock: proposal, match, trust: 'proven' as const },
})
const linesOf = (...rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-rows-'))
  path = join(directory, 'rows.ndjson')
})
afterEach(() => rmSync(directory, { recursive: true }))

describe('a file of replayed proposals', () => {
  test('loses a line that was cut off, and nothing else', () => {
    const whole = linesOf(rowOf(1), rowOf(2))
    for (const cut of [0, 1, 20]) {
      writeFileSync(path, `${whole}${linesOf(rowOf(3)).slice(0, cut)}`)
      const file = openRows(path, 167n)
      expect(file.rows.map(({ proposal }) => proposal)).toEqual([1, 2])
      file.append(rowOf(3))
      expect(readFileSync(path, 'utf8')).toBe(linesOf(rowOf(1), rowOf(2), rowOf(3)))
    }
  })

  test('has a difference looked at again', () => {
    writeFileSync(path, linesOf(rowOf(1), rowOf(2, false)))
    expect(openRows(path, 167n).rows).toHaveLength(1)
    expect(readFileSync(path, 'utf8')).toBe(linesOf(rowOf(1)))
  })

  test('of another chain, or of something else, is refused and left as it is', () => {
    for (const text of [linesOf({ ...rowOf(1), chainId: '1' }), 'notes\n', '{"a":1}\n']) {
      writeFileSync(path, text)
      expect(() => openRows(path, 167n)).toThrow(/name another file with --out/)
      expect(readFileSync(path, 'utf8')).toBe(text)
    }
  })
})

describe('two struct logs', () => {
  const step = { pc: 0, op: 'PUSH1', gas: 100, gasCost: 3, depth: 1, stack: ['0x1'] }

  test('are the same however words are written and failures are worded', () => {
    const geth = { ...step, stack: ['0x1'] }
    const other = { ...step, stack: [`${'0'.repeat(63)}1`] }
    expect(compareSteps([geth], [other])).toBeUndefined()
    expect(
      compareSteps(
        [{ ...step, op: 'SHA3', error: 'out of gas' }],
        [{ ...step, op: 'KECCAK256', error: 'OutOfGas' }],
      ),
    ).toBeUndefined()
  })

  test('differ first where one has another gas, stack or end', () => {
    const next = { ...step, pc: 2, op: 'POP', gas: 97, gasCost: 2 }
    expect(compareSteps([step, next], [step, { ...next, gas: 96 }])).toMatchObject({
      index: 1,
      ours: { gas: 97 },
      theirs: { gas: 96 },
    })
    expect(compareSteps([step, next], [step])?.sentence).toMatch(
      /^step 1 is POP at pc 2, .* here and no further one there$/,
    )
    expect(compareSteps([{ ...step, stack: ['0x2'] }], [step])?.index).toBe(0)
  })
})
