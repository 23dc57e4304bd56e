/** Commitments and proofs of our own blobs, off the main thread: cell proofs take a third of a second for each blob. */
import { Worker } from 'node:worker_threads'
import { CriticalError } from '../primitives/errors.ts'
import { endWorker, workerUrl } from '../primitives/worker.ts'
import type { ProofJob, ProofResult } from './blobProverWorker.ts'
import type { Sidecar, SidecarVersion } from './blobTransaction.ts'
import { proveBlobs } from './proveBlobs.ts'

export type BlobProver = {
  /** Blobs are whole and canonical, as our encoder makes them. */
  prove(blobs: readonly Uint8Array[], version: SidecarVersion): Promise<Sidecar>
  close(): Promise<void>
}

/** With 0 threads it computes on the caller's thread. */
export function createBlobProver(threads: 0 | 1 = 1): BlobProver {
  if (threads === 0) return { prove: async (blobs, version) => proveBlobs(blobs, version), async close() {} }
  let worker: Worker | undefined
  /** One job at a time: a proposer has no second batch to prove. */
  let last: Promise<unknown> = Promise.resolve()

  const run = (job: ProofJob): Promise<Sidecar> =>
    new Promise((resolve, reject) => {
      // Started with the first job: loading the trusted setup takes seconds.
      worker ??= new Worker(workerUrl(import.meta.url, './blobProverWorker.ts'))
      const thread = worker
      const settle = (end: () => void) => {
        thread.off('message', onMessage)
        thread.off('error', onError)
        thread.unref()
        end()
      }
      const onMessage = (result: ProofResult) =>
        settle(() => {
          if ('sidecar' in result) resolve(result.sidecar)
          else reject(new CriticalError(`blobs cannot be proven: ${result.error}`))
        })
      const onError = (cause: unknown) =>
        settle(() => {
          worker = undefined
          reject(new CriticalError(`the thread that proves blobs died: ${String(cause)}`, { cause }))
        })
      thread.on('message', onMessage)
      thread.on('error', onError)
      thread.ref()
      thread.postMessage(job)
    })

  return {
    prove(blobs, version) {
      const result = last.then(() => run({ blobs, version }))
      last = result.catch(() => {})
      return result
    },
    async close() {
      // What is asked for already is proven first.
      await last
      if (worker !== undefined) await endWorker(worker)
    },
  }
}
