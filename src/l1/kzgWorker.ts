/** A thread of the KZG pool (kzgPool.ts): identifies blobs, one job after the other. */
import { parentPort } from 'node:worker_threads'
import type { Hash } from '../primitives/hex.ts'
import { giveWay } from '../primitives/priority.ts'
import { serveJobs } from '../primitives/worker.ts'
import { createBatchVerifier } from './batchVerify.ts'
import { type ClaimedBlob, identifyBlobs } from './identify.ts'
import { loadKzg } from './kzg.ts'

export type KzgJob = { readonly id: number; readonly blobs: readonly ClaimedBlob[] }
export type KzgResult =
  | { readonly id: number; readonly hashes: readonly (Hash | null)[] }
  | { readonly id: number; readonly error: string }

const kzg = await loadKzg()
const verifyBatch = createBatchVerifier(kzg)

giveWay()
serveJobs(({ id, blobs }: KzgJob) => {
  let result: KzgResult
  try {
    result = { id, hashes: identifyBlobs({ kzg, verifyBatch }, blobs) }
  } catch (error) {
    result = { id, error: String(error) }
  }
  parentPort?.postMessage(result)
})
