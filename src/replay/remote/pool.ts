/** Threads that replay: proposals do not depend on each other once their states are proven. */
import { Worker } from 'node:worker_threads'
import { CriticalError } from '../../primitives/errors.ts'
import { endWorker, workerUrl } from '../../primitives/worker.ts'
import type { FromWorker, ToWorker, WorkerSetup } from './messages.ts'
import { createReplayer, type Replayer } from './replayer.ts'
import type { ProposalJob, ReplayDeps, ReplayedProposal } from './replayProposal.ts'

type Waiting = {
  readonly resolve: (replayed: ReplayedProposal) => void
  readonly reject: (error: Error) => void
}

/** 0 workers replay on the caller's thread. */
export function createReplayPool(
  workers: number,
  setup: WorkerSetup,
  anchorBlock: ReplayDeps['anchorBlock'],
): Replayer {
  if (workers === 0) return createReplayer(setup, anchorBlock)
  const threads = Array.from({ length: workers }, () => createThread(setup, anchorBlock))
  return {
    run(job) {
      const idle = threads.reduce((a, b) => (b.jobs() < a.jobs() ? b : a))
      return idle.run(job)
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.close()))
    },
  }
}

function createThread(setup: WorkerSetup, anchorBlock: ReplayDeps['anchorBlock']) {
  const worker = new Worker(workerUrl(import.meta.url, './replayWorker.ts'), { workerData: setup })
  // One that nobody closed must not keep the process alive.
  worker.unref()
  const waiting = new Map<number, Waiting>()
  let nextId = 0
  let failure: Error | undefined
  const post = (message: ToWorker) => worker.postMessage(message)
  const settle = (id: number): Waiting | undefined => {
    const job = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) worker.unref()
    return job
  }
  const fail = (cause: unknown) => {
    failure ??= new CriticalError(`a thread of the replay ended (${String(cause)})`, { cause })
    for (const { reject } of waiting.values()) reject(failure)
    waiting.clear()
  }
  worker.on('message', (message: FromWorker) => {
    if (message.type === 'done') settle(message.id)?.resolve(message.replayed)
    else if (message.type === 'failed') settle(message.id)?.reject(new CriticalError(message.message))
    else {
      const { question, proposal, number } = message
      anchorBlock(proposal, number).then(
        (block) => post({ type: 'anchor', question, block }),
        (error) => post({ type: 'anchorFailed', question, message: String(error?.message ?? error) }),
      )
    }
  })
  worker.on('error', fail)
  worker.on('exit', (code) => fail(`code ${code}`))
  return {
    jobs: () => waiting.size,
    run: (job: ProposalJob): Promise<ReplayedProposal> =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure)
        const id = nextId++
        waiting.set(id, { resolve, reject })
        worker.ref()
        post({ type: 'job', id, job })
      }),
    async close(): Promise<void> {
      if (failure !== undefined) return
      failure = new CriticalError('the replay was closed')
      for (const { reject } of waiting.values()) reject(failure)
      waiting.clear()
      await endWorker(worker)
    },
  }
}
