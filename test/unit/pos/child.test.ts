/** The processes of a proof-of-stake L1 never outlive the one that started them. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { sleep } from '../../../src/primitives/async.ts'
import { startChild } from '../../support/pos/child.ts'

const END_WITH_PARENT = join(import.meta.dirname, '../../support/pos/endWithParent.mjs')

const scratches: string[] = []
afterEach(() => {
  for (const scratch of scratches.splice(0)) rmSync(scratch, { recursive: true, force: true })
})

/** Prints a line, then does nothing for ever. */
function writeScript(): { readonly script: string; readonly scratch: string } {
  const scratch = mkdtempSync(join(tmpdir(), 'plumbline-child-'))
  scratches.push(scratch)
  const script = join(scratch, 'idle.mjs')
  writeFileSync(script, 'console.log(JSON.stringify({ pid: process.pid })); setInterval(() => {}, 1000)')
  return { script, scratch }
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function untilGone(pid: number): Promise<void> {
  for (let attempt = 0; attempt < 500 && isRunning(pid); attempt++) await sleep(20)
  expect(isRunning(pid)).toBe(false)
}

const readPid = (line: string) => (JSON.parse(line) as { pid: number }).pid

test('a child ends when it is told to, and takes its scratch directory with it', async () => {
  const { script, scratch } = writeScript()
  const child = startChild({ script, args: [], env: { SCRATCH_DIRECTORY: scratch } })
  const pid = await child.waitFor(readPid)
  expect(isRunning(pid)).toBe(true)
  await child.end()
  expect(isRunning(pid)).toBe(false)
  expect(existsSync(scratch)).toBe(false)
})

test('a child ends when its parent is killed', async () => {
  const { script } = writeScript()
  // Between us and the child stands a parent that has no time to say good-bye.
  const parent = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { spawn } from 'node:child_process'
     const args = ['--import', ${JSON.stringify(pathToFileURL(END_WITH_PARENT).href)}, ${JSON.stringify(script)}]
     const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
     child.stdout.pipe(process.stdout)`,
  ])
  const pid = await new Promise<number>((resolve) =>
    parent.stdout.once('data', (chunk: Buffer) => resolve(readPid(chunk.toString()))),
  )
  expect(isRunning(pid)).toBe(true)
  parent.kill('SIGKILL')
  await untilGone(pid)
})

test('a child that dies says what it printed', async () => {
  const { script } = writeScript()
  writeFileSync(script, 'console.error("no more port"); process.exit(3)')
  const child = startChild({ script, args: [] })
  await expect(child.waitFor(() => undefined)).rejects.toThrow(/ended with status 3:\n.*no more port/)
  await child.end()
})
