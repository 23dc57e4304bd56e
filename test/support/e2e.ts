/** The compiled command line as a child process: started, listened to, and ended by the pid that was started. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export const CLI = join(import.meta.dirname, '../../dist/cli/main.js')
export const isBuilt = existsSync(CLI)

const POLL_MS = 25
/** Bounds a hanging test; nothing here is timed. */
const STOP_MAX_MS = 20_000
const WAIT_MAX_MS = 120_000

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

export type Cli = {
  readonly pid: number
  /** Everything it has printed so far, both streams in the order they came. */
  output(): string
  isRunning(): boolean
  /** The match of the first line that fits, already printed or yet to come. Throws when the process ends first. */
  line(pattern: RegExp): Promise<RegExpExecArray>
  /** As `line`, for the n-th such line. */
  nthLine(pattern: RegExp, n: number): Promise<RegExpExecArray>
  signal(name: NodeJS.Signals): void
  /** To the process and its children at once, as a terminal does for Ctrl-C. Needs `ownGroup`. */
  signalGroup(name: NodeJS.Signals): void
  exit(): Promise<Exit>
}

export type StartOptions = {
  readonly environment?: Readonly<Record<string, string>>
  /** A process group for it and its children. */
  readonly ownGroup?: boolean
}

export type Workplace = Awaited<ReturnType<typeof createWorkplace>>

/** A directory, and the processes that were started in it. */
export async function createWorkplace() {
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-e2e-'))
  const started: Cli[] = []
  return {
    directory,
    path: (name: string) => join(directory, name),
    /** `plumbline …args` in the directory, with no variables of ours but those given. */
    start(args: readonly string[], options: StartOptions = {}): Cli {
      const cli = startProcess([CLI, ...args], directory, options)
      started.push(cli)
      return cli
    },
    /** Runs any script of ours the same way. */
    startScript(args: readonly string[]): Cli {
      const cli = startProcess(args, directory, {})
      started.push(cli)
      return cli
    },
    async close(): Promise<void> {
      for (const cli of started) {
        if (!cli.isRunning()) continue
        // Asked first: what it has started itself ends with it.
        cli.signal('SIGTERM')
        await Promise.race([cli.exit(), sleep(STOP_MAX_MS, undefined, { ref: false })])
        if (cli.isRunning()) cli.signal('SIGKILL')
        await cli.exit()
      }
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function startProcess(
  args: readonly string[],
  cwd: string,
  { environment = {}, ownGroup = false }: StartOptions,
): Cli {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(PLUMBLINE_|VITEST|NODE_OPTIONS|NODE_ENV)/.test(name),
  )
  const child: ChildProcess = spawn(process.execPath, args, {
    cwd,
    env: { ...Object.fromEntries(inherited), NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: ownGroup,
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (printed += text))
  let ended: Exit | undefined
  const exited = new Promise<Exit>((resolve) => {
    // `close` comes after the last output, `exit` may come before.
    child.once('close', (code, signal) => {
      ended = { code, signal }
      resolve(ended)
    })
  })
  const isRunning = () => child.exitCode === null && child.signalCode === null

  const nthLine = async (pattern: RegExp, n: number): Promise<RegExpExecArray> => {
    const find = () =>
      printed
        .split('\n')
        .map((line) => pattern.exec(line))
        .filter((match) => match !== null)[n - 1]
    await until(`line ${n} like ${pattern} of ${args.slice(1).join(' ')}`, () => {
      if (find() !== undefined) return true
      if (ended !== undefined)
        throw new Error(`the process ended (${JSON.stringify(ended)}) without ${pattern}:\n${tail(printed)}`)
      return false
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${tail(printed)}`)
    })
    return find()!
  }
  return {
    pid: child.pid!,
    output: () => printed,
    isRunning,
    line: (pattern) => nthLine(pattern, 1),
    nthLine,
    signal: (name) => void child.kill(name),
    signalGroup: (name) => void process.kill(-child.pid!, name),
    exit: () =>
      Promise.race([
        exited,
        sleep(WAIT_MAX_MS, undefined, { ref: false }).then(() => {
          throw new Error(`pid ${child.pid} (${args.slice(1).join(' ')}) does not end:\n${tail(printed)}`)
        }),
      ]),
  }
}

function tail(text: string): string {
  return text.slice(-3_000)
}

/** Waits until it is so; throws with `what` when it is not after a long time. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MAX_MS
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await sleep(POLL_MS)
  }
}

export async function rpc<T = unknown>(
  url: string,
  method: string,
  params: readonly unknown[] = [],
): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const { result, error } = (await response.json()) as { result?: T; error?: { message: string } }
  if (error) throw new Error(`${method}: ${error.message}`)
  return result as T
}

export async function blockNumber(url: string): Promise<number> {
  return Number(await rpc<string>(url, 'eth_blockNumber'))
}

/** Hashes of the L2 blocks 0 to `to`. */
export async function blockHashes(url: string, to: number): Promise<readonly string[]> {
  const hashes: string[] = []
  for (let number = 0; number <= to; number++) {
    const block = await rpc<{ hash: string } | null>(url, 'eth_getBlockByNumber', [
      `0x${number.toString(16)}`,
      false,
    ])
    if (block === null) throw new Error(`${url} has no block ${number}`)
    hashes.push(block.hash)
  }
  return hashes
}
