/**
 * Calls in threads that are ended by a wall clock. A gas cap alone bounds nothing: 50 million gas of the slowest precompiles
 * take EthereumJS a minute and a half, and nothing inside a running interpreter can be interrupted but its thread.
 */
import { Worker } from 'node:worker_threads'
import { workerUrl } from '../../primitives/worker.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Caller } from '../deps.ts'
import { CallerBusyError, CallStoppedError } from './errors.ts'
import type { CallJob, CallThreadData, FromThread, StateRead, ToThread } from './messages.ts'

type CallInput = Parameters<Caller['call']>[0]
type Result = Awaited<ReturnType<Caller['call']>>
type Waiting = {
  readonly input: CallInput
  readonly deadlineMs: number
  resolve(result: Result): void
  reject(error: unknown): void
}

/** Heap of one thread, in MiB: past it the thread ends, not the node. */
const THREAD_HEAP_MIB = 256

export function createWorkerCaller(options: {
  readonly spec: RollupSpec
  /** Calls run at the same time. Default 1: the node's own work needs the other cores. */
  readonly threads?: number
  readonly queueMax?: number
}): Caller {
  const { spec, threads = 1, queueMax = 64 } = options
  const queue: Waiting[] = []
  const idle: Worker[] = []
  const alive = new Set<Worker>()
  let busy = 0
  let isClosed = false

  function startThread(): Worker {
    const workerData: CallThreadData = { spec }
    const worker = new Worker(workerUrl(import.meta.url, './callThread.ts'), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MIB },
    })
    // The thread must not keep a node alive that has nothing else to do.
    worker.unref()
    alive.add(worker)
    // An error is the running call's to report; without a listener here one between two calls would end the node.
    worker.on('error', () => {})
    worker.once('exit', () => {
      alive.delete(worker)
      const place = idle.indexOf(worker)
      if (place >= 0) idle.splice(place, 1)
    })
    return worker
  }

  function startNext(): void {
    while (busy < threads && queue.length > 0 && !isClosed) {
      const waiting = queue.shift() as Waiting
      const leftMs = waiting.deadlineMs - performance.now()
      if (leftMs <= 0) {
        waiting.reject(new CallStoppedError('execution waited too long for its turn'))
        continue
      }
      busy++
      const worker = idle.pop() ?? startThread()
      runOn(worker, waiting.input, leftMs)
        .then(
          (result) => {
            idle.push(worker)
            waiting.resolve(result)
          },
          async (error) => {
            // What state it is in nobody knows; the next call gets a fresh one.
            await worker.terminate()
            waiting.reject(error)
          },
        )
        .finally(() => {
          busy--
          startNext()
        })
    }
  }

  return {
    call(input) {
      if (isClosed) return Promise.reject(new CallerBusyError('the node is stopping'))
      if (queue.length >= queueMax)
        return Promise.reject(new CallerBusyError('too many calls are waiting; ask again later'))
      return new Promise((resolve, reject) => {
        queue.push({ input, deadlineMs: performance.now() + input.timeoutMs, resolve, reject })
        startNext()
      })
    },
    async close() {
      isClosed = true
      for (const waiting of queue.splice(0)) waiting.reject(new CallerBusyError('the node is stopping'))
      await Promise.all([...alive].map((worker) => worker.terminate()))
    },
  }
}

/** One call on one thread, to its result, its failure or its time. */
function runOn(worker: Worker, input: CallInput, leftMs: number): Promise<Result> {
  return new Promise((resolve, reject) => {
    let readError: unknown
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      worker.off('message', onMessage)
      worker.off('error', onError)
      worker.off('exit', onExit)
      finish()
    }
    const onMessage = (message: FromThread) => {
      if (message.type === 'result') return settle(() => resolve(message.result))
      if (message.type === 'failed')
        return settle(() => reject(readError ?? new Error(`a call thread failed: ${message.message}`)))
      const { readId } = message
      readFor(input, message.read).then(
        (value) => tell(worker, { type: 'value', readId, value }),
        (error) => {
          readError ??= error
          tell(worker, { type: 'unreadable', readId })
        },
      )
    }
    const onError = (error: NodeJS.ErrnoException) => {
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY'
      settle(() => reject(isMemory ? new CallStoppedError('execution needs too much memory') : error))
    }
    const onExit = () => settle(() => reject(new CallStoppedError('execution was stopped')))
    const timer = setTimeout(
      () => settle(() => reject(new CallStoppedError('execution ran too long'))),
      leftMs,
    )
    worker.on('message', onMessage)
    worker.on('error', onError)
    worker.on('exit', onExit)
    const { request, header, state, overrides } = input
    const job: CallJob = {
      type: 'call',
      request,
      header,
      stateRoot: state.stateRoot,
      ...(overrides === undefined ? {} : { overrides }),
    }
    tell(worker, job)
  })
}

async function readFor({ state, ancestorHash }: CallInput, read: StateRead): Promise<unknown> {
  switch (read.kind) {
    case 'account':
      return state.account(read.address)
    case 'storage':
      return state.storage(read.address, read.slot)
    case 'code':
      return state.code(read.codeHash)
    case 'ancestor':
      return ancestorHash(read.number)
  }
}

function tell(worker: Worker, message: ToThread): void {
  worker.postMessage(message)
}
