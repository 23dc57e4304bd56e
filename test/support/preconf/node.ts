/** A node in a process of its own: started, listened to, stopped in order or killed, and started again on the same directory. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { rpc } from '../e2e.ts'
import { type BlockRef, type NodeConfig, type NodeEvent, STOP } from './childProtocol.ts'

export type PreconfNode = {
  readonly name: string
  readonly url: string
  readonly dataDir: string
  /** Everything its chain did since the start of the process, in order. */
  changes(): readonly Extract<NodeEvent, { type: 'change' }>[]
  /** Blocks that its chain took since the first start, and those that it gave up. */
  added(): readonly BlockRef[]
  removed(): readonly BlockRef[]
  latest(): BlockRef
  safe(): BlockRef
  /** What it said since the first start, `debug` left out. */
  log(): readonly Extract<NodeEvent, { type: 'log' }>[]
  ask<T = unknown>(method: string, params?: readonly unknown[]): Promise<T>
  isRunning(): boolean
  start(): Promise<void>
  /** SIGKILL: nothing is finished, nothing is closed. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Of the JavaScript engine: on few cores, as docs/sequencing.md has it. */
export const FEW_THREADS = '--v8-pool-size=1'
const CHILD = join(import.meta.dirname, 'nodeChild.ts')
/** A process that does not end by itself by then is killed. */
const STOP_MAX_MS = 20_000
const ATTEMPTS = 3

export function createNode(config: NodeConfig): PreconfNode {
  const url = `http://127.0.0.1:${config.port}`
  const zero: BlockRef = { number: 0, hash: `0x${'00'.repeat(32)}` }
  const log: Extract<NodeEvent, { type: 'log' }>[] = []
  const added: BlockRef[] = []
  const removed: BlockRef[] = []
  let changes: Extract<NodeEvent, { type: 'change' }>[] = []
  let child: ChildProcess | undefined

  const isRunning = () => child !== undefined && child.exitCode === null && child.signalCode === null
  const note = (event: NodeEvent): void => {
    if (event.type === 'log') log.push(event)
    if (event.type === 'failed')
      log.push({ type: 'log', level: 'error', atMs: Date.now(), text: `it ended: ${event.reason}` })
    if (event.type !== 'change') return
    changes.push(event)
    added.push(...event.added)
    removed.push(...event.removed)
  }

  const end = async (signal?: NodeJS.Signals): Promise<void> => {
    const ending = child
    if (ending === undefined || !isRunning()) return
    const exited = once(ending, 'exit')
    if (signal !== undefined) ending.kill(signal)
    else ending.send(STOP)
    const timer = setTimeout(() => ending.kill('SIGKILL'), STOP_MAX_MS)
    await exited
    clearTimeout(timer)
  }

  return {
    name: config.name,
    dataDir: config.dataDir,
    url,
    added: () => added,
    changes: () => changes,
    removed: () => removed,
    latest: () => changes.at(-1)?.latest ?? zero,
    safe: () => changes.at(-1)?.safe ?? zero,
    log: () => log,
    ask: (method, params = []) => askAgain(() => rpc(url, method, params)),
    isRunning,
    async start() {
      if (isRunning()) throw new Error(`${config.name} runs already`)
      changes = []
      const started = fork(CHILD, [JSON.stringify(config)], {
        execArgv: [...(config.hasThreads ? [FEW_THREADS] : []), '--import', 'tsx'],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
      child = started
      await new Promise<void>((resolve, reject) => {
        started.on('message', (event: NodeEvent) => {
          note(event)
          if (event.type === 'ready') resolve()
          if (event.type === 'failed') reject(new Error(`${config.name}: ${event.reason}`))
        })
        started.once('exit', (code, signal) => {
          const text = `its process ended: ${code ?? signal}`
          log.push({ type: 'log', level: 'warn', atMs: Date.now(), text })
          reject(new Error(`${config.name}: ${text}`))
        })
      })
    },
    kill: () => end('SIGKILL'),
    stop: () => end(),
  }
}

/** A connection that was kept may be closed by the server just as it is used again. */
async function askAgain<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof TypeError)) throw error
    }
  }
}
