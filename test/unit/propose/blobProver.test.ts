import { existsSync } from 'node:fs'
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
