/** A thread that replays proposals; the other end is pool.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { CriticalError } from '../../primitives/errors.ts'
import { serveJobs } from '../../primitives/worker.ts'
import type { L1BlockRef } from '../../protocol/protocol.ts'
import type { FromWorker, ToWorker, WorkerSetup } from './messages.ts'
import { createReplayer } from './replayer.ts'

type Waiting = { readonly resolve: (block: L1BlockRef) => void; readonly reject: (error: Error) => void }

const waiting = new Map<number, Waiting>()
let questions = 0

const post = (message: FromWorker) => parentPort?.postMessage(message)

const replayer = createReplayer(workerData as WorkerSetup, (proposal, number) => {
  const question = questions++
  post({ type: 'anchor', question, proposal, number })
  return new Promise((resolve, reject) => waiting.set(question, { resolve, reject }))
})

serveJobs((message: ToWorker) => {
  if (message.type === 'job') {
    const { id, job } = message
    replayer.run(job).then(
      (replayed) => post({ type: 'done', id, replayed }),
      (error) => post({ type: 'failed', id, message: String(error?.message ?? error) }),
    )
    return
  }
  const asked = waiting.get(message.question)
  waiting.delete(message.question)
  if (message.type === 'anchor') asked?.resolve(message.block)
  else asked?.reject(new CriticalError(message.message))
})
