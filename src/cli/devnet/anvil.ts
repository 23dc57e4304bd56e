/** A local L1 execution layer: anvil, with one block per slot and timestamps that fall on slots exactly. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { sleep } from '../../primitives/async.ts'
import { CriticalError } from '../../primitives/errors.ts'

export type Anvil = {
  readonly url: string
  /** JSON-RPC; throws with anvil's message. */
  request(method: string, params?: readonly unknown[]): Promise<unknown>
  close(): Promise<void>
}

export type AnvilOptions = {
  /** 0: any free one. */
  readonly port: number
  /** Slot length, seconds. */
  readonly secondsPerSlot: number
  /** Anvil counts finality in blocks: safe is one epoch back, finalized two. */
  readonly slotsPerEpoch: number
  readonly chainId: number
  /** False: blocks are mined on request only. */
  readonly isMining: boolean
  /** Timestamp of block 0, seconds. Default: now. */
  readonly genesisTime?: bigint
  /** Default: Osaka. Before it blobs come with one proof each, which takes a tenth of the time. */
  readonly hardfork?: 'prague' | 'osaka'
}

const START_ATTEMPTS = 100
const START_DELAY_MS = 50

export async function startAnvil(options: AnvilOptions): Promise<Anvil> {
  const port = await findFreePort(options.port)
  const url = `http://127.0.0.1:${port}`
  const child = spawn(
    anvilBinary(),
    [
      ...['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(options.chainId)],
      ...[
        '--hardfork',
        options.hardfork ?? 'osaka',
        '--slots-in-an-epoch',
        String(options.slotsPerEpoch),
        '--silent',
      ],
      // A blob transaction of several blobs is larger than the default limit of a request.
      '--no-request-size-limit',
      ...(options.isMining ? ['--block-time', String(options.secondsPerSlot)] : ['--no-mining']),
      ...(options.genesisTime === undefined ? [] : ['--timestamp', String(options.genesisTime)]),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  // Whoever ends this process at once leaves it no time to close anything.
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.removeListener('exit', end))
  let complaint = ''
  child.stderr?.on('data', (text) => {
    complaint = (complaint + text).slice(-2_000)
  })
  const request = async (method: string, params: readonly unknown[] = []): Promise<unknown> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } }
    if (error) throw new Error(`${method}: ${error.message}`)
    return result
  }
  await waitUntilUp(child, request, port, () => complaint)
  // Anvil stamps blocks by the wall clock otherwise: two in one second, or a slot that never was.
  await request('anvil_setBlockTimestampInterval', [options.secondsPerSlot])
  return { url, request, close: () => stop(child) }
}

async function waitUntilUp(
  child: ChildProcess,
  request: Anvil['request'],
  port: number,
  complaint: () => string,
): Promise<void> {
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
    if (child.exitCode !== null) {
      throw new CriticalError(
        `the local L1 did not start on port ${port}: ${complaint().trim() || 'no reason given'}`,
      )
    }
    try {
      await request('eth_chainId')
      return
    } catch {
      await sleep(START_DELAY_MS)
    }
  }
  await stop(child)
  throw new CriticalError(`the local L1 does not answer on port ${port}`)
}

/**
 * `wanted`, or any where that is 0: anvil tells the one it has chosen only among much else. A busy one is found out here, since
 * whoever listens there would answer in anvil's place.
 */
function findFreePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (cause) =>
      reject(new CriticalError(`the local L1 cannot listen on port ${wanted}: ${cause.message}`, { cause })),
    )
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

/** The server itself, not its wrapper script, so that the process we stop is the one that listens. */
function anvilBinary(): string {
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
  try {
    const manifest = createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${platform}/package.json`)
    return join(manifest, '../bin/anvil')
  } catch (cause) {
    throw new CriticalError(
      `no local L1 for ${platform}: the package @foundry-rs/anvil-${platform} is not installed`,
      {
        cause,
      },
    )
  }
}
