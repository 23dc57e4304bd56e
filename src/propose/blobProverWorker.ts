/** The thread of blobProver.ts. */
import { parentPort } from 'node:worker_threads'
import { giveWay } from '../primitives/priority.ts'
import { serveJobs } from '../primitives/worker.ts'
import type { Sidecar, SidecarVersion } from './blobTransaction.ts'
import { proveBlobs } from './proveBlobs.ts'

export type ProofJob = { readonly blobs: readonly Uint8Array[]; readonly version: SidecarVersion }
export type ProofResult = { readonly sidecar: Sidecar } | { readonly error: string }

// A batch has slots of time to be posted in; a promise waits for milliseconds.
giveWay()
serveJobs(({ blobs, version }: ProofJob) => {
  let result: ProofResult
  try {
    result = { sidecar: proveBlobs(blobs, version) }
  } catch (error) {
    result = { error: error instanceof Error ? error.message : String(error) }
  }
  parentPort?.postMessage(result)
})
