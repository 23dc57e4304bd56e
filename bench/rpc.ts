/**
 * JSON-RPC over HTTP with connections kept: requests a second and latency, asked from this process of a node in another. The CPU of the
 * node's own process a request says more on a busy machine; a call's execution is in a process of its own and not in it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { BenchRow } from './row.ts'
import { BALANCE_OF, BLOCKS, type FromNode, TOKEN, type ToNode } from './rpcProtocol.ts'

const CONNECTIONS = 16
const WARM_UP_SECONDS = 2
const SECONDS = 5

const HOLDER = `0x${(0x10_0000_0000).toString(16).padStart(40, '0')}`
const newest = `0x${BLOCKS.toString(16)}`

type Case = { readonly name: string; readonly method: string; readonly params: readonly unknown[] }
const CHAIN_ID: Case = { name: 'eth_chainId', method: 'eth_chainId', params: [] }
const CASES: readonly Case[] = [
  CHAIN_ID,
  { name: 'eth_getBalance', method: 'eth_getBalance', params: [HOLDER, 'latest'] },
  {
    name: 'eth_call of balanceOf',
    method: 'eth_call',
    params: [{ to: TOKEN, data: BALANCE_OF }, 'latest'],
  },
  {
    name: 'eth_getLogs of one transfer in each of 2,000 blocks',
    method: 'eth_getLogs',
    params: [
      {
        fromBlock: '0x1',
        toBlock: '0x7d0',
        address: TOKEN,
        topics: [null, null, HOLDER.replace('0x', `0x${'0'.repeat(24)}`)],
      },
    ],
  },
  {
    name: 'eth_getBlockByNumber, 250 transactions in full',
    method: 'eth_getBlockByNumber',
    params: [newest, true],
  },
]

export async function run(): Promise<readonly BenchRow[]> {
  const child = fork(join(import.meta.dirname, 'rpcChild.ts'), [], { execArgv: ['--import', 'tsx'] })
  try {
    const { url, plainUrl } = await answer(child, 'ready')
    const rows: BenchRow[] = []
    const plain = await measure(child, plainUrl, CHAIN_ID)
    rows.push(...toRows('a constant from node:http alone', plain))
    for (const each of CASES) {
      const measured = await measure(child, url, each)
      rows.push(...toRows(each.name, measured))
      if (each === CHAIN_ID)
        rows.push({
          name: '  its CPU beside node:http alone',
          value: measured.cpuUs / plain.cpuUs,
          unit: 'times',
        })
      if (each.method === 'eth_call') {
        const direct = await ask(child, { type: 'direct', seconds: SECONDS }, 'direct')
        rows.push({ name: '  the engine called directly', value: direct.perSecond, unit: 'a second' })
        rows.push({
          name: '  of which over RPC',
          value: measured.perSecond / direct.perSecond,
          unit: 'times',
        })
      }
    }
    return rows
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    if (child.connected) {
      tell(child, { type: 'end' })
      await ended
    }
  }
}

type Measured = {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  /** Of the node's process, a request. */
  readonly cpuUs: number
  /** Answered with an error, as when all processes are taken. */
  readonly refused: number
}

function toRows(name: string, { perSecond, p50, p99, cpuUs, refused }: Measured): BenchRow[] {
  const cost = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${Math.round(cpuUs)} µs of CPU a request`
  const note = refused > 0 ? `${cost}; ${refused} refused` : cost
  return [{ name, value: perSecond, unit: 'a second', note }]
}

async function measure(child: ChildProcess, url: string, { method, params }: Case): Promise<Measured> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  await load(url, body, WARM_UP_SECONDS)
  const before = await ask(child, { type: 'cpu' }, 'cpu')
  const { latencies, refused } = await load(url, body, SECONDS)
  const after = await ask(child, { type: 'cpu' }, 'cpu')
  latencies.sort((a, b) => a - b)
  const rank = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN
  return {
    perSecond: latencies.length / SECONDS,
    p50: rank(0.5),
    p99: rank(0.99),
    cpuUs: (after.us - before.us) / (latencies.length + refused),
    refused,
  }
}

type Loaded = {
  /** Milliseconds of each answer. */
  readonly latencies: number[]
  refused: number
}

async function load(url: string, body: string, seconds: number): Promise<Loaded> {
  const loaded: Loaded = { latencies: [], refused: 0 }
  const end = performance.now() + seconds * 1000
  await Promise.all(Array.from({ length: CONNECTIONS }, () => askOnOne(url, body, end, loaded)))
  return loaded
}

/** One request after the other on one connection; by hand, so that asking costs little beside answering. */
function askOnOne(url: string, body: string, end: number, loaded: Loaded): Promise<void> {
  const request =
    'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    let start = 0
    let missing: number | undefined
    let isRefused = false
    const send = () => {
      if (performance.now() >= end) return void socket.end(resolve)
      missing = undefined
      start = performance.now()
      socket.write(request)
    }
    socket.setNoDelay(true)
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', (part) => {
      if (missing === undefined) {
        // The head of an answer is small and comes whole.
        const headEnd = part.indexOf('\r\n\r\n') + 4
        const head = part.toString('latin1', 0, headEnd)
        if (!head.startsWith('HTTP/1.1 200')) return void reject(new Error(head))
        isRefused = part.indexOf('"error":', headEnd) >= 0
        missing = Number(/content-length: (\d+)/i.exec(head)?.[1]) + headEnd
      }
      missing -= part.length
      if (missing > 0) return
      if (isRefused) loaded.refused++
      else loaded.latencies.push(performance.now() - start)
      send()
    })
  })
}

function tell(child: ChildProcess, message: ToNode): void {
  child.send(message)
}

async function ask<T extends FromNode['type']>(child: ChildProcess, message: ToNode, type: T) {
  const answered = answer(child, type)
  tell(child, message)
  return answered
}

function answer<T extends FromNode['type']>(
  child: ChildProcess,
  type: T,
): Promise<Extract<FromNode, { type: T }>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the node of the benchmark ended with ${code}`))
    child.once('exit', onExit)
    child.once('message', (message: FromNode) => {
      child.off('exit', onExit)
      if (message.type === type) resolve(message as Extract<FromNode, { type: T }>)
      else reject(new Error(`${message.type} in place of ${type}`))
    })
  })
}
