/** KZG off the main thread: one blob takes 50 ms, in which the node could not answer anybody. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { CriticalError, TemporaryError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import { endWorker, workerUrl } from '../primitives/worker.ts'
import { BATCH_MAX, createBatchVerifier } from './batchVerify.ts'
import { type ClaimedBlob, identifyBlobs } from './identify.ts'
import { loadKzg } from './kzg.ts'
import type { KzgJob, KzgResult } from './kzgWorker.ts'

export type KzgPool = {
  /** As identifyBlobs: the true versioned hash of each blob, null for bytes that are none. */
  identify(blobs: readonly ClaimedBlob[]): Promise<readonly (Hash | null)[]>
  close(): Promise<void>
}

/** Threads beyond this would starve the interpreter on small machines and idle on large ones. */
const THREADS_MAX = 4

type Thread = { readonly worker: Worker; jobs: number }
type Waiting = {
  readonly thread: Thread
  readonly resolve: (hashes: readonly (Hash | null)[]) => void
  readonly reject: (error: Error) => void
}

/** `threads` 0 computes on the caller's thread. */
export function createKzgPool(
  threads = Math.max(1, Math.min(THREADS_MAX, availableParallelism() - 1)),
): KzgPool {
  if (threads === 0) return createInlineKzg()
  const pool: Thread[] = []
  const waiting = new Map<number, Waiting>()
  let nextId = 0
  let closed = false

  const startThread = (): Thread => {
    const thread: Thread = { worker: new Worker(workerUrl(import.meta.url, './kzgWorker.ts')), jobs: 0 }
    thread.worker.unref()
    thread.worker.on('message', (result: KzgResult) => {
      const job = waiting.get(result.id)
      waiting.delete(result.id)
      thread.jobs--
      if (thread.jobs === 0) thread.worker.unref()
      if ('hashes' in result) job?.resolve(result.hashes)
      else job?.reject(new CriticalError(`internal error: KZG failed: ${result.error}; please report it`))
    })
    thread.worker.on('error', (cause) => failThread(thread, cause))
    thread.worker.on('exit', (code) => failThread(thread, `it ended with code ${code}`))
    return thread
  }
  const failThread = (thread: Thread, cause: unknown): void => {
    if (!pool.includes(thread)) return
    pool.splice(pool.indexOf(thread), 1)
    const error = new CriticalError(
      `a KZG thread died (${String(cause)}); check that c-kzg is built for this machine and that memory suffices`,
      { cause },
    )
    for (const [id, job] of waiting) {
      if (job.thread !== thread) continue
      waiting.delete(id)
      job.reject(error)
    }
  }
  const run = (blobs: readonly ClaimedBlob[]): Promise<readonly (Hash | null)[]> => {
    if (closed) return Promise.reject(new CriticalError('internal error: the KZG pool is closed'))
    if (pool.length < threads && pool.every((each) => each.jobs > 0)) pool.push(startThread())
    const thread = pool.reduce((a, b) => (b.jobs < a.jobs ? b : a))
    return new Promise((resolve, reject) => {
      const id = nextId++
      waiting.set(id, { thread, resolve, reject })
      // A job keeps the process alive, an idle thread does not.
      if (thread.jobs++ === 0) thread.worker.ref()
      thread.worker.postMessage({ id, blobs } satisfies KzgJob)
    })
  }

  return {
    async identify(blobs) {
      const jobs = splitJobs(blobs)
      const results = await Promise.all(
        jobs.map((job) => run(job.map((index) => blobs[index] as ClaimedBlob))),
      )
      const hashes: (Hash | null)[] = blobs.map(() => null)
      for (const [at, job] of jobs.entries()) {
        for (const [k, index] of job.entries()) hashes[index] = results[at]?.[k] ?? null
      }
      return hashes
    },
    async close() {
      closed = true
      const threads = pool.splice(0)
      for (const { reject } of waiting.values()) reject(new TemporaryError('the KZG pool was closed'))
      waiting.clear()
      await Promise.all(threads.map(({ worker }) => endWorker(worker)))
    },
  }
}

/** Indexes by job: blobs with a claim go together, for one check; the others each alone, to spread over the threads. */
function splitJobs(blobs: readonly ClaimedBlob[]): readonly (readonly number[])[] {
  const claimed: number[] = []
  const jobs: number[][] = []
  for (const [index, { commitment }] of blobs.entries()) {
    if (commitment) claimed.push(index)
    else jobs.push([index])
  }
  for (let at = 0; at < claimed.length; at += BATCH_MAX) jobs.push(claimed.slice(at, at + BATCH_MAX))
  return jobs
}

function createInlineKzg(): KzgPool {
  return {
    async identify(blobs) {
      const kzg = await loadKzg()
      return identifyBlobs({ kzg, verifyBatch: createBatchVerifier(kzg) }, blobs)
    },
    async close() {},
  }
}
