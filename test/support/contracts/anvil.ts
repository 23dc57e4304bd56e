/** A throw-away L1 that mines a block for every transaction, on a port of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

export type TestL1 = { readonly url: string; close(): Promise<void> }

export async function startTestL1(hardfork: 'prague' | 'osaka'): Promise<TestL1> {
  const child = spawn(
    findAnvil(),
    ['--host', '127.0.0.1', '--port', '0', '--hardfork', hardfork, '--chain-id', '31337'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const url = await readUrl(child)
  return {
    url,
    async close() {
      if (child.exitCode !== null) return
      child.kill()
      await once(child, 'exit')
    },
  }
}

/** Anvil chooses the port and names it when it listens. */
async function readUrl(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('anvil has no standard output')
  for await (const line of createInterface({ input: child.stdout })) {
    const listening = /Listening on (127\.0\.0\.1:\d+)/.exec(line)
    if (listening === null) continue
    // Nobody reads on, so what it prints later must not fill the pipe.
    child.stdout.resume()
    return `http://${listening[1]}`
  }
  throw new Error('anvil ended before it listened')
}

/** The binary itself, so that the process we stop is the one that listens. */
function findAnvil(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const require = createRequire(import.meta.url)
  const manifest = createRequire(require.resolve('@foundry-rs/anvil/package.json')).resolve(
    `@foundry-rs/anvil-${process.platform}-${arch}/package.json`,
  )
  return join(dirname(manifest), 'bin/anvil')
}
