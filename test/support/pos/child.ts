/** A process that ends with this one: it watches the pipe to its standard input, which closes however we end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

/** Longer than a child needs to notice on a busy machine. */
const END_TIMEOUT_MS = 10_000
/** Of what it printed, for an error message. */
const OUTPUT_KEPT = 4_000

export type Child = {
  /** Resolves to the first line of output for which `read` has a value; rejects if the process ends before. */
  waitFor<T>(read: (line: string) => T | undefined): Promise<T>
  /** Rejects when the process ends by itself. */
  readonly died: Promise<never>
  end(): Promise<void>
}

export function startChild(options: {
  readonly script: string
  readonly args: readonly string[]
  /** Modules loaded before the script. */
  readonly imports?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}): Child {
  const endWithParent = join(import.meta.dirname, 'endWithParent.mjs')
  const imports = [endWithParent, ...(options.imports ?? [])].flatMap((path) => ['--import', path])
  const child = spawn(process.execPath, [...imports, options.script, ...options.args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env, NODE_OPTIONS: '' },
  })
  let output = ''
  const listeners = new Set<(line: string) => void>()
  let rest = ''
  const onOutput = (chunk: Buffer) => {
    output = (output + chunk).slice(-OUTPUT_KEPT)
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) for (const listener of listeners) listener(line)
  }
  child.stdout.on('data', onOutput)
  child.stderr.on('data', onOutput)
  // It may have ended before it is told to.
  child.stdin.on('error', () => {})
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const died = ended.then((code) => {
    throw new Error(`${options.script} ended with status ${code}:\n${output}`)
  })
  died.catch(() => {})
  return {
    died,
    waitFor: (read) =>
      Promise.race([
        died,
        new Promise<NonNullable<ReturnType<typeof read>>>((resolve) => {
          const listener = (line: string) => {
            const value = read(line)
            if (value === undefined || value === null) return
            listeners.delete(listener)
            resolve(value)
          }
          listeners.add(listener)
        }),
      ]),
    end: () => endChild(child, ended),
  }
}

async function endChild(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.stdin?.end()
  const timer = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS)
  await ended
  clearTimeout(timer)
}
