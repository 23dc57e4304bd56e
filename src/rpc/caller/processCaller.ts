/**
 * Calls in processes of their own, ended by a wall clock. A gas cap alone bounds nothing: 50 million gas of the slowest precompiles
 * take EthereumJS a minute and a half, and nothing inside a running interpreter can be interrupted but what runs it. A process and
 * not a thread: ending a thread inside a native library has brought down the whole of Node 24.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism, constants, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import { workerUrl } from '../../primitives/worker.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import { isLoopback } from '../client.ts'
import type { Caller, StatePlace } from '../deps.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import type { RpcOptions } from '../server.ts'
import { CallerBusyError, CallStoppedError } from './errors.ts'
import { createFairQueue } from './fairQueue.ts'
import type { Job, JobKind } from './jobs.ts'
import { errorOf, type FromProcess, type ToProcess } from './messages.ts'

type Task = { readonly job: Job<JobKind>; readonly place: StatePlace }
type Waiting = {
  readonly task: Task
  readonly deadlineMs: number
  resolve(result: unknown): void
  reject(error: unknown): void
}

export type ProcessCallerOptions = {
  readonly execution: ExecutionSpec
  /** File of the node's database; each process reads it by itself. */
  readonly database: string
  /**
   * Calls run at the same time. Where there are several, the last free process is for clients that have had little, so that the many
   * calls of one that loops do not stand before the first of another. Default: all cores but one, at least two and at most four.
   */
  readonly processes?: number
  /** Calls that wait, of everybody together. */
  readonly queueMax?: number
  /** MiB one process may hold, what its heap does not count included: past it that process ends, not the node. */
  readonly memoryMaxMiB?: number
}

const PROCESSES_DEFAULT_MIN = 2
const PROCESSES_DEFAULT_MAX = 4
/** Milliseconds of calls, lately, that are little. */
const LITTLE_MS = 1_000
const MEMORY_MAX_MIB_DEFAULT = 768
/** Heap of one process, in MiB. */
const HEAP_MIB = 256
/** How Node ends when its heap is full: by SIGABRT, which a shell in between reports as 128 + 6. */
const ABORTED = 134
/** On a machine that is very busy. */
const START_MAX_MS = 30_000
/** How often a running call's memory is looked at. */
const MEMORY_CHECK_MS = 200
/** Of Linux on the machines Node supports. */
const PAGE_BYTES = 4096

/** What the options of a server say of its caller. */
export function callerOptionsOf({
  callProcesses,
  limits,
}: Pick<RpcOptions, 'callProcesses' | 'limits'>): Pick<ProcessCallerOptions, 'processes' | 'queueMax'> {
  return {
    ...(callProcesses !== undefined && { processes: callProcesses }),
    queueMax: limits?.callQueueMax ?? DEFAULT_LIMITS.callQueueMax,
  }
}

export function createProcessCaller(options: ProcessCallerOptions): Caller {
  const { execution, database } = options
  const processes = options.processes ?? defaultProcesses()
  const memoryMax = (options.memoryMaxMiB ?? MEMORY_MAX_MIB_DEFAULT) * 1024 * 1024
  const queue = createFairQueue<Waiting>(options.queueMax ?? DEFAULT_LIMITS.callQueueMax)
  const idle: ChildProcess[] = []
  const alive = new Set<ChildProcess>()
  const ready = new WeakMap<ChildProcess, Promise<void>>()
  let busy = 0
  let isClosed = false

  function startProcess(): ChildProcess {
    const child = fork(fileURLToPath(workerUrl(import.meta.url, './callProcess.ts')), [], {
      serialization: 'advanced',
      execArgv: [`--max-old-space-size=${HEAP_MIB}`],
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
    ready.set(child, untilReady(child))
    tell(child, { type: 'start', execution, database })
    return child
  }

  /** Whoever waits is told in time, though none of the running may have come to an end. */
  function dropLate(): void {
    const now = performance.now()
    for (const waiting of queue.drop(({ deadlineMs }) => deadlineMs <= now))
      waiting.reject(new CallStoppedError('execution waited too long for its turn'))
  }

  function startNext(): void {
    dropLate()
    while (busy < processes && !isClosed) {
      const isLast = processes > 1 && busy === processes - 1
      const next = queue.shift((client, hadMs) => !isLast || hadMs < LITTLE_MS || isLoopback(client))
      if (next === undefined) return
      const { client, item: waiting } = next
      const leftMs = waiting.deadlineMs - performance.now()
      busy++
      void runNext(idle.pop() ?? startProcess(), waiting, leftMs, client)
    }
  }

  async function runNext(
    child: ChildProcess,
    waiting: Waiting,
    leftMs: number,
    client: string,
  ): Promise<void> {
    // A process that has just been started is not the caller's time, nor the client's.
    await ready.get(child)
    const start = performance.now()
    const outcome = await runOn(child, waiting.task, leftMs, memoryMax)
    queue.charge(client, performance.now() - start)
    if (outcome.type === 'stopped') {
      // What state it is in nobody knows. Where that happens there is one more than can be busy, so that the next call finds one ready
      // while others load, at no expense of the node.
      await end(child)
      while (!isClosed && alive.size <= processes) {
        const spare = startProcess()
        giveWay(spare)
        idle.unshift(spare)
      }
      waiting.reject(outcome.error)
    } else {
      idle.push(child)
      if (outcome.type === 'done') waiting.resolve(outcome.result)
      else waiting.reject(outcome.error)
    }
    busy--
    startNext()
  }

  return {
    run(kind, params, place, timeoutMs, client = '') {
      if (isClosed) return Promise.reject(new CallerBusyError('the node is stopping'))
      return new Promise((resolve, reject) => {
        const gone = queue.push(client, {
          task: { job: { kind, params }, place },
          deadlineMs: performance.now() + timeoutMs,
          // By the table of jobs the result is of the kind that was asked for.
          resolve: (result) => resolve(result as never),
          reject,
        })
        gone?.reject(new CallerBusyError('too many calls of yours are waiting; ask again later'))
        startNext()
        setTimeout(dropLate, timeoutMs + 1).unref()
      })
    },
    async close() {
      isClosed = true
      for (let next = queue.shift(); next !== undefined; next = queue.shift())
        next.item.reject(new CallerBusyError('the node is stopping'))
      await Promise.all([...alive].map(end))
    },
  }
}

function defaultProcesses(): number {
  return Math.min(PROCESSES_DEFAULT_MAX, Math.max(PROCESSES_DEFAULT_MIN, availableParallelism() - 1))
}

type Outcome =
  | { readonly type: 'done'; readonly result: unknown }
  /** The process has said why, and can go on. */
  | { readonly type: 'failed'; readonly error: Error }
  | { readonly type: 'stopped'; readonly error: Error }

/** One job in one process, to its result, its failure, its time or its memory. */
function runOn(
  child: ChildProcess,
  { job, place }: Task,
  leftMs: number,
  memoryMax: number,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const settle = (outcome: Outcome) => {
      clearTimeout(timer)
      clearInterval(memory)
      child.off('message', onMessage)
      child.off('error', onError)
      child.off('exit', onExit)
      resolve(outcome)
    }
    const stop = (reason: string) => settle({ type: 'stopped', error: new CallStoppedError(reason) })
    const onMessage = (message: FromProcess) => {
      if (message.type === 'ready') return
      if (message.type === 'result') settle({ type: 'done', result: message.result })
      else settle({ type: 'failed', error: errorOf(message.failure) })
    }
    const onError = (error: Error) => settle({ type: 'stopped', error })
    const onExit = (code: number | null, signal: NodeJS.Signals | null) => {
      const isMemory = signal === 'SIGABRT' || code === ABORTED
      stop(isMemory ? 'execution needs too much memory' : 'execution was stopped')
    }
    const timer = setTimeout(() => stop('execution ran too long'), leftMs)
    const memory = setInterval(async () => {
      if ((await residentBytes(child)) > memoryMax) stop('execution needs too much memory')
    }, MEMORY_CHECK_MS)
    child.on('message', onMessage)
    child.on('error', onError)
    child.on('exit', onExit)
    // It has ended before we listened.
    if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode, child.signalCode)
    tell(child, { type: 'job', job, place })
  })
}

/** Where cores are short, the node's own work comes first. A process does it by itself once it is loaded. */
function giveWay({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It has ended already, or the system has no priorities.
  }
}

/** Zero where the system does not tell: there the limit of the heap is the only one. */
async function residentBytes({ pid }: ChildProcess): Promise<number> {
  const text = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '')
  return Number(text.split(' ')[1] ?? 0) * PAGE_BYTES
}

/** Or until its end, or for long enough: what is wrong with it, its first job will tell. */
function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      for (const event of ['message', 'error', 'exit'] as const) child.off(event, done)
      resolve()
    }
    const timer = setTimeout(done, START_MAX_MS)
    for (const event of ['message', 'error', 'exit'] as const) child.once(event, done)
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
