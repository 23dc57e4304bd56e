/** A thread that recovers senders; the other end is senderPool.ts. */
import { parentPort } from 'node:worker_threads'
import { serveJobs } from '../primitives/worker.ts'
import { type Parties, recoverParties } from './sender.ts'

export type SenderJob = { readonly id: number; readonly transactions: readonly Uint8Array[] }
export type SenderAnswer = { readonly id: number; readonly parties: readonly Parties[] }

serveJobs((job: SenderJob) => {
  const answer: SenderAnswer = { id: job.id, parties: job.transactions.map(recoverParties) }
  parentPort?.postMessage(answer)
})
