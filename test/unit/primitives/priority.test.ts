import { execFileSync } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'

const MODULE = pathToFileURL(join(import.meta.dirname, '../../../src/primitives/priority.ts')).href
const { PRIORITY_BELOW_NORMAL, PRIORITY_NORMAL } = constants.priority
const LOWER = PRIORITY_BELOW_NORMAL + 5

test.skipIf(process.platform === 'win32').each([
  ['gives way when it was started like any other', PRIORITY_NORMAL, PRIORITY_BELOW_NORMAL],
  ['keeps what it has when that is less, which only root could raise', LOWER, LOWER],
])('a process %s', (_, started, expected) => {
  const program = `
    const { giveWay } = await import('${MODULE}')
    giveWay()
    console.log((await import('node:os')).getPriority())`
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', program]
  const own = execFileSync('nice', { encoding: 'utf8' })
  const text = execFileSync('nice', ['-n', String(started - Number(own)), ...node], { encoding: 'utf8' })
  expect(Number(text)).toBe(expected)
})
