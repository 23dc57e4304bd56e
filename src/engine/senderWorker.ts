/** A thread that recovers senders; the other end is senderPool.ts. */
import { parentPort } from 'node:worker_threads'
import { serveJobs } from '../primitives/worker.ts'
import { recoverRawSigner } from './sender.ts'

export type SenderJob = { readonly id: number; readonly transactions: readonly Uint8Array[] }
export type SenderAnswer = { readonly id: number; readonly senders: readonly (Uint8Array | null)[] }

serveJobs((job: SenderJob) => {
  const answer: SenderAnswer = { id: job.id, senders: job.transactions.map(recoverRawSigner) }
  parentPort?.postMessage(answer)
})
