/**
 * Calls in processes of their own, ended by a wall clock. A gas cap alone bounds nothing: 50 million gas of the slowest precompiles
 * take EthereumJS a minute and a half, and nothing inside a running interpreter can be interrupted but what runs it. A process and
 * not a thread: ending a thread inside a native library has brought down the whole of Node 24.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ChainReader } from '../../chain/chain.ts'
import { StaleStateError } from '../../engine/state/flatState.ts'
import { overlayState } from '../../engine/state/laidOver.ts'
import { defined } from '../../primitives/assert.ts'
import { ZERO_HASH } from '../../primitives/hex.ts'
import { workerUrl } from '../../primitives/worker.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import type { Caller, RpcDeps, StatePlace } from '../deps.ts'
import { CallerBusyError, CallStoppedError } from './errors.ts'
import type { Job, JobKind } from './jobs.ts'
import type { FromProcess, StateRead, ToProcess } from './messages.ts'

type Task = { readonly job: Job<JobKind>; readonly place: StatePlace }
type Waiting = {
  readonly task: Task
  readonly deadlineMs: number
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** Heap of one process, in MiB: past it that process ends, not the node. */
const PROCESS_HEAP_MIB = 256
/** How Node ends when its heap is full: by SIGABRT, which a shell in between reports as 128 + 6. */
const ABORTED = 134

export function createProcessCaller(options: {
  readonly execution: ExecutionSpec
  readonly chain: Pick<ChainReader, 'headerByNumber'>
  readonly state: Pick<RpcDeps['state'], 'at'>
  /** Calls run at the same time. Default 1: the node's own work needs the other cores. */
  readonly processes?: number
  readonly queueMax?: number
}): Caller {
  const { execution, processes = 1, queueMax = 64 } = options
  const queue: Waiting[] = []
  const idle: ChildProcess[] = []
  const alive = new Set<ChildProcess>()
  let busy = 0
  let isClosed = false

  function startProcess(): ChildProcess {
    const child = fork(fileURLToPath(workerUrl(import.meta.url, './callProcess.ts')), [], {
      serialization: 'advanced',
      execArgv: [`--max-old-space-size=${PROCESS_HEAP_MIB}`],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    // It must not keep a node alive that has nothing else to do.
    child.unref()
    child.channel?.unref()
    alive.add(child)
    // An error is the running call's to report; without a listener here one between two calls would end the node.
    child.on('error', () => {})
    child.once('exit', () => {
      alive.delete(child)
      const place = idle.indexOf(child)
      if (place >= 0) idle.splice(place, 1)
    })
    tell(child, { type: 'start', execution })
    return child
  }

  function startNext(): void {
    while (busy < processes && queue.length > 0 && !isClosed) {
      const waiting = queue.shift() as Waiting
      const leftMs = waiting.deadlineMs - performance.now()
      if (leftMs <= 0) {
        waiting.reject(new CallStoppedError('execution waited too long for its turn'))
        continue
      }
      busy++
      const child = idle.pop() ?? startProcess()
      runOn(child, options, waiting.task, leftMs)
        .then(
          (result) => {
            idle.push(child)
            waiting.resolve(result)
          },
          async (error) => {
            // What state it is in nobody knows; the next call gets a fresh one.
            await end(child)
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
    run(kind, params, place, timeoutMs) {
      if (isClosed) return Promise.reject(new CallerBusyError('the node is stopping'))
      if (queue.length >= queueMax)
        return Promise.reject(new CallerBusyError('too many calls are waiting; ask again later'))
      return new Promise((resolve, reject) => {
        queue.push({
          task: { job: { kind, params }, place },
          deadlineMs: performance.now() + timeoutMs,
          // By the table of jobs the result is of the kind that was asked for.
          resolve: (result) => resolve(result as never),
          reject,
        })
        startNext()
      })
    },
    async close() {
      isClosed = true
      for (const waiting of queue.splice(0)) waiting.reject(new CallerBusyError('the node is stopping'))
      await Promise.all([...alive].map(end))
    },
  }
}

type Reads = {
  readonly chain: Pick<ChainReader, 'headerByNumber'>
  readonly state: Pick<RpcDeps['state'], 'at'>
}

/** One job in one process, to its result, its failure or its time. */
async function runOn(child: ChildProcess, reads: Reads, task: Task, leftMs: number): Promise<unknown> {
  const { number, hash, laidOver } = task.place
  if ((await reads.chain.headerByNumber(number))?.hash !== hash) throw new StaleStateError()
  const base = await reads.state.at(number)
  const state = laidOver === undefined ? base : overlayState(base, laidOver, ZERO_HASH)
  const readFor = async (read: StateRead): Promise<unknown> => {
    switch (read.kind) {
      case 'account':
        return state.account(read.address)
      case 'storage':
        return state.storage(read.address, read.slot)
      case 'code':
        return state.code(read.codeHash)
      case 'ancestor':
        return defined(await reads.chain.headerByNumber(read.number), `block ${read.number}`).hash
    }
  }
  return new Promise((resolve, reject) => {
    let readError: unknown
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      child.off('message', onMessage)
      child.off('error', onError)
      child.off('exit', onExit)
      finish()
    }
    const onMessage = (message: FromProcess) => {
      if (message.type === 'result') return settle(() => resolve(message.result))
      if (message.type === 'failed')
        return settle(() => reject(readError ?? new Error(`a call process failed: ${message.message}`)))
      const { readId } = message
      readFor(message.read).then(
        (value) => tell(child, { type: 'value', readId, value }),
        (error) => {
          readError ??= error
          tell(child, { type: 'unreadable', readId })
        },
      )
    }
    const onError = (error: Error) => settle(() => reject(error))
    const onExit = (code: number | null, signal: NodeJS.Signals | null) => {
      const isMemory = signal === 'SIGABRT' || code === ABORTED
      const reason = isMemory ? 'execution needs too much memory' : 'execution was stopped'
      settle(() => reject(new CallStoppedError(reason)))
    }
    const timer = setTimeout(
      () => settle(() => reject(new CallStoppedError('execution ran too long'))),
      leftMs,
    )
    child.on('message', onMessage)
    child.on('error', onError)
    child.on('exit', onExit)
    tell(child, { type: 'job', job: task.job, stateRoot: state.stateRoot })
  })
}

function tell(child: ChildProcess, message: ToProcess): void {
  // Its end is told by its exit, whatever was on the way to it.
  if (child.connected) child.send(message)
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    // Nothing else may be left to keep the process up until it is gone.
    child.ref()
    child.kill('SIGKILL')
  })
}
