import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { workerUrl } from '../../../src/primitives/worker.ts'
import { createBlobProver } from '../../../src/propose/blobProver.ts'
import { proveBlobs } from '../../../src/propose/proveBlobs.ts'
import { encodeBlobs } from '../../../src/protocol/blobCodec.ts'

const compiled = workerUrl(
  new URL('../../../src/propose/blobProver.ts', import.meta.url).href,
  './blobProverWorker.ts',
)

test.skipIf(!existsSync(fileURLToPath(compiled)))(
  'a thread proves what the caller would, job after job',
  async () => {
    const prover = createBlobProver(1)
    try {
      const jobs = [
        ['one', 1],
        ['two', 0],
      ] as const
      const answers = await Promise.all(
        jobs.map(([text, version]) => prover.prove(encodeBlobs(Buffer.from(text)), version)),
      )
      for (const [i, [text, version]] of jobs.entries())
        expect(answers[i]).toEqual(proveBlobs(encodeBlobs(Buffer.from(text)), version))
      // No field element is this large: the job fails, the thread does not.
      await expect(prover.prove([new Uint8Array(131_072).fill(0xff)], 0)).rejects.toThrow(
        'blobs cannot be proven',
      )
      expect((await prover.prove(encodeBlobs(Buffer.from('after')), 0)).proofs).toHaveLength(1)
    } finally {
      await prover.close()
    }
  },
)

test.skipIf(!existsSync(fileURLToPath(compiled)))(
  'is closed after the job under way, not inside it',
  async () => {
    const prover = createBlobProver(1)
    const proving = prover.prove(encodeBlobs(Buffer.from('late')), 0)
    await prover.close()
    expect((await proving).commitments).toHaveLength(1)
  },
)

test.skipIf(!existsSync(fileURLToPath(compiled)) || process.platform !== 'linux')(
  'its thread gives way to the others of the process, which keep their priority',
  async () => {
    const before = new Map(niceOfThreads())
    const prover = createBlobProver(1)
    try {
      await prover.prove(encodeBlobs(Buffer.from('posted')), 0)
      const after = niceOfThreads()
      const isNew = ([id]: readonly [string, number]) => !before.has(id)
      expect(after.filter(isNew).map(([, nice]) => nice)).toContain(constants.priority.PRIORITY_BELOW_NORMAL)
      for (const [id, nice] of after) if (before.has(id)) expect(nice).toBe(before.get(id))
    } finally {
      await prover.close()
    }
  },
)

/** Of this process, by the id of the thread: the 19th field of its `stat`, counted behind the name, which is in parentheses (proc(5)). */
function niceOfThreads(): readonly (readonly [string, number])[] {
  return readdirSync('/proc/self/task').map((id) => {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8')
    return [id, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])] as const
  })
}
