/** A step is there whole or not at all, however the process ends (F60, F64, F65). */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { STATE_LOGICAL_TABLES } from '../../../../src/engine/state/schema.ts'
import { DiskFullError } from '../../../../src/store/errors.ts'
import { checkIntegrity } from '../../../../src/store/integrity.ts'
import { createRandom, modelRoot } from '../../../support/stateBlocks.ts'
import { createTestChain, dumpOf, WRITER_SHAPE } from '../../../support/stateChain.ts'

const KILLS = 10
const SEED = 61
const WRITER = join(import.meta.dirname, '../../../support/stateWriter.ts')

/** Kills the writer `extraMs` after its first commit of this run and answers the last block it reported. */
async function runAndKill(path: string, extraMs: number): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, path, String(SEED)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let reported = -1
  await firstLine(child, (line) => {
    reported = line
  })
  await new Promise((resolve) => setTimeout(resolve, extraMs))
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await ended
  return reported
}

function firstLine(child: ChildProcessByStdio<null, Readable, null>, onLine: (block: number) => void) {
  return new Promise<void>((resolve, reject) => {
    let rest = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        onLine(Number(line))
        resolve()
      }
    })
    child.once('close', () => reject(new Error('the writer ended by itself')))
  })
}

test(`killed ${KILLS} times while writing, the database equals one that was never killed`, {
  timeout: 180_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-crash-'))
  const path = join(directory, 'state.sqlite')
  const random = createRandom(SEED)
  const fresh = await createTestChain({ seed: SEED, shape: WRITER_SHAPE })
  for (let kill = 0; kill < KILLS; kill++) {
    const reported = await runAndKill(path, random(150))
    const survivor = await createTestChain({ path, seed: SEED, shape: WRITER_SHAPE })
    const head = Number(survivor.state.head.blockNumber)
    expect(head).toBeGreaterThanOrEqual(reported)
    await checkIntegrity(survivor.store, 'full')
    await fresh.grow(head + 1 - fresh.models.length)
    expect(survivor.state.head.stateRoot).toBe(fresh.state.head.stateRoot)
    expect(await dumpOf(survivor, STATE_LOGICAL_TABLES)).toEqual(await dumpOf(fresh, STATE_LOGICAL_TABLES))
    await survivor.close()
  }
  expect(fresh.state.head.stateRoot).toBe(await modelRoot(fresh.models.at(-1)!))
  await fresh.close()
  rmSync(directory, { recursive: true })
})

test('a full disk in the middle of a step keeps the last one, and the same step goes in once there is room', async () => {
  const chain = await createTestChain({ seed: 62, shape: WRITER_SHAPE })
  await chain.grow(4)
  const before = await dumpOf(chain, STATE_LOGICAL_TABLES)
  const pages = async (limit: string) => {
    await chain.store.transaction((transaction) => transaction.all(`PRAGMA max_page_count = ${limit}`))
  }
  const used = (await chain.store.get('PRAGMA page_count'))?.page_count
  await pages(String(Number(used) + 3))
  const length = chain.models.length
  await expect(chain.grow(30)).rejects.toThrow(DiskFullError)
  chain.state.discard()
  const committed = Number(chain.state.head.blockNumber)
  chain.models.length = committed + 1
  if (committed + 1 === length) expect(await dumpOf(chain, STATE_LOGICAL_TABLES)).toEqual(before)
  expect((await chain.state.at(BigInt(committed))).stateRoot).toBe(await modelRoot(chain.models[committed]!))
  await pages('1000000')
  await chain.grow(34 - committed)
  const fresh = await createTestChain({ seed: 62, shape: WRITER_SHAPE })
  await fresh.grow(34)
  expect(await dumpOf(chain, STATE_LOGICAL_TABLES)).toEqual(await dumpOf(fresh, STATE_LOGICAL_TABLES))
  await chain.close()
  await fresh.close()
})
