/** The execution client: EthereumJS, with its data in a scratch directory that ends with it. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, startChild } from './child.ts'
import { requestJson } from './httpJson.ts'

const SCRIPT = join(import.meta.dirname, 'node_modules/@ethereumjs/client/dist/esm/bin/cli.js')
const START_ATTEMPTS = 3
const POLL_MS = 100

export type Execution = { readonly url: string; readonly engineUrl: string; readonly child: Child }

/** The client wants its ports named; a port that another process takes meanwhile costs another attempt. */
export async function startExecution(genesis: unknown): Promise<Execution> {
  for (let attempt = 1; ; attempt++) {
    const scratch = mkdtempSync(join(tmpdir(), 'plumbline-pos-'))
    const genesisFile = join(scratch, 'genesis.json')
    writeFileSync(genesisFile, JSON.stringify(genesis))
    const [port, enginePort] = await Promise.all([freePort(), freePort()])
    const child = startChild({
      script: SCRIPT,
      imports: [join(import.meta.dirname, 'quickParams.mjs')],
      args: [
        ...['--gethGenesis', genesisFile, '--dataDir', scratch],
        ...['--logLevel', 'error', '--no-logFile'],
        ...['--rpc', '--rpcAddr', '127.0.0.1', '--rpcPort', String(port)],
        ...['--rpcEngine', '--rpcEngineAddr', '127.0.0.1', '--rpcEnginePort', String(enginePort)],
        // Without these it opens a peer-to-peer port, and refuses transactions while it has no peers.
        ...['--rpcEngineAuth', 'false', '--sync', 'none', '--isSingleNode'],
      ],
      env: { SCRATCH_DIRECTORY: scratch },
    })
    const [url, engineUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${enginePort}`]
    try {
      await untilUp(url, child)
      await untilUp(engineUrl, child)
      return { url, engineUrl, child }
    } catch (error) {
      await child.end()
      if (attempt === START_ATTEMPTS) throw error
    }
  }
}

async function untilUp(url: string, child: Child): Promise<void> {
  for (;;) {
    try {
      await callRpc(url, 'eth_chainId', [])
      return
    } catch {
      await Promise.race([child.died, sleep(POLL_MS)])
    }
  }
}

/** An error of JSON-RPC is thrown with its message. */
export async function callRpc(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const { body } = await requestJson(url, { method: 'POST', json: { jsonrpc: '2.0', id: 1, method, params } })
  const { result, error } = body as { result?: unknown; error?: { message: string } }
  if (error) throw new Error(`${method}: ${error.message}`)
  return result
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
