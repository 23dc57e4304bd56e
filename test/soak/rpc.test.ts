/**
 * Everything an RPC can be abused with, at once, against a real node that derives a busy L1 meanwhile: derivation stays within one L1
 * block of the head, `/healthz` answers at once, memory and descriptors stay flat. Load and watch are processes of their own.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { getContractAddress } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serializeRollupSpec } from '../../src/spec/specFile.ts'
import { L2_CHAIN_ID, specOf } from '../support/derive/harness.ts'
import { payloadAfter } from '../support/derive/payload.ts'
import { type Cli, createWorkplace, isBuilt, type Workplace } from '../support/e2e.ts'
import { type L1Server, serveL1 } from '../support/l1/server.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'
import { percentile } from '../support/preconf/load.ts'
import type { AbuseCounts, AbuseOrder } from '../support/rpcAbuse/child.ts'
import { ABUSES } from '../support/rpcAbuse/kinds.ts'
import type { Watched, WatchOrder } from '../support/rpcAbuse/watchChild.ts'
import { EMITTER_INITCODE, SENDER, sign } from '../support/rpcDerived.ts'
import { eventually } from '../support/rpcServer.ts'

const isSoak = process.env.SOAK === '1'
const SECONDS = isSoak ? 120 : 12
/** A third of mainnet's, so that a machine of tests has three times the work. */
const L1_BLOCK_MS = 4_000
const TRANSACTIONS = 100
/** L2 blocks before it begins, ten in each proposal. */
const PROPOSALS_BEFORE = isSoak ? 60 : 10
const HEALTH_P99_MS = 250
/** What has filled its caches does not grow any more. */
const WARM_SECONDS = SECONDS / 4
const GROWTH_MAX = 1.25
/** Bounds a hanging test; nothing here is timed but by figures. */
const TIMEOUT_MS = 600_000

const GENESIS_FILE = join(import.meta.dirname, '../../contracts/artifacts/devnet-genesis.json')
const EMITTER = getContractAddress({ from: SENDER.address, nonce: 0n })

let place: Workplace
let sim: SimulatedL1
let server: L1Server
let node: Cli
let url: string
let payloads: Uint8Array[][]
let next = 0

beforeAll(async () => {
  if (!isBuilt) return
  place = await createWorkplace()
  sim = createSimulatedL1({ seed: 'abuse' })
  sim.mine()
  const rounds = Math.ceil((SECONDS * 1000) / L1_BLOCK_MS) + 2
  const create = await sign({ chainId: L2_CHAIN_ID, nonce: 0, data: EMITTER_INITCODE })
  payloads = []
  let nonce = 1
  for (let round = 0; round < rounds; round++) {
    const batch = Array.from({ length: TRANSACTIONS }, () =>
      sign({ chainId: L2_CHAIN_ID, nonce: nonce++, to: EMITTER, gas: 60_000n }),
    )
    payloads.push(await Promise.all(batch))
  }
  sim.propose({ payload: payloadAfter(sim, { transactions: [create] }) })
  for (let i = 0; i < PROPOSALS_BEFORE; i++) sim.propose({ payload: payloadAfter(sim, { blocks: 10 }) })
  server = await serveL1(sim)
  writeFileSync(place.path('rollup.json'), serializeRollupSpec(specOf(sim)))
  const l1 = ['--l1.rpc', server.url, '--l1.beacon', server.url, '--l1.poll-interval', '250']
  const files = ['--rollup.config', 'rollup.json', '--genesis', GENESIS_FILE, '--datadir', 'data']
  node = place.start(['node', ...files, ...l1, '--http.port', '0', '--log.level', 'info'])
  const [, found] = await node.line(/(http:\/\/127\.0\.0\.1:\d+)/)
  url = found!
  await eventually(async () => {
    const { sync } = (await (await fetch(`${url}/status`)).json()) as {
      sync: { current_l1: { number: number } }
    }
    expect(sync.current_l1.number).toBe(Number(sim.head().header.number))
  })
}, TIMEOUT_MS)
afterAll(async () => {
  if (!isBuilt) return
  await place.close()
  await server.close()
}, TIMEOUT_MS)

function inProcess<Order, Result>(file: string, order: Order): Promise<Result> {
  const child: ChildProcess = fork(join(import.meta.dirname, '../support/rpcAbuse', file), [], {
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
  })
  return new Promise((resolve, reject) => {
    child.once('message', (result) => resolve(result as Result))
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)))
    child.send(order as object)
  })
}

type Held = { readonly at: number; readonly residentMiB: number; readonly descriptors: number }

async function heldBy(pid: number): Promise<Held> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const residentKiB = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1])
  const descriptors = (await readdir(`/proc/${pid}/fd`)).length
  return { at: Date.now(), residentMiB: residentKiB / 1024, descriptors }
}

/** L1 blocks behind, at each moment somebody looked. A block that came only just now counts from when it is half a slot old. */
function lagsOf(heads: readonly { at: number; number: number }[], cursors: Watched['cursors']): number[] {
  return cursors.map(({ at, number }) => {
    const head = heads.findLast((each) => each.at <= at)?.number ?? number
    return Math.max(0, head - number)
  })
}

const median = (values: readonly number[]) => percentile(values, 50)

test.skipIf(!isBuilt)(
  `is abused for ${SECONDS} s and derives on`,
  async () => {
    const heads = [{ at: Date.now(), number: Number(sim.head().header.number) }]
    const held: Held[] = []
    const mining = setInterval(() => {
      const transactions = payloads[next++] ?? []
      sim.propose({ payload: payloadAfter(sim, { transactions }) })
      heads.push({ at: Date.now(), number: Number(sim.head().header.number) })
    }, L1_BLOCK_MS)
    const holding = setInterval(() => void heldBy(node.pid).then((each) => held.push(each)), 500)
    const [abused, watched] = await Promise.all([
      inProcess<AbuseOrder, AbuseCounts>('child.ts', { url, seconds: SECONDS }),
      inProcess<WatchOrder, Watched>('watchChild.ts', { url, seconds: SECONDS }),
    ])
    clearInterval(mining)
    clearInterval(holding)
    const lags = lagsOf(heads, watched.cursors)
    const start = held[0]!.at
    const warm = held.filter(
      ({ at }) => at > start + WARM_SECONDS * 1000 && at < start + 2 * WARM_SECONDS * 1000,
    )
    const last = held.filter(({ at }) => at > start + 3 * WARM_SECONDS * 1000)
    const memory = [warm, last].map((each) => median(each.map(({ residentMiB }) => residentMiB)))
    const descriptors = [warm, last].map((each) => median(each.map((moment) => moment.descriptors)))
    const figures = {
      load: loadavg()[0]?.toFixed(1),
      lag: {
        most: Math.max(...lags),
        aboveZero: share(lags, (lag) => lag > 0),
        aboveOne: share(lags, (lag) => lag > 1),
      },
      health: latencies(watched.healthMs),
      call: {
        ...latencies(watched.callMs),
        refused: share(watched.callMs, (ms) => ms === Number.POSITIVE_INFINITY),
      },
      memoryMiB: memory.map(Math.round),
      descriptors,
    }
    for (const [name, outcomes] of Object.entries(abused))
      console.log(
        `  ${name.padEnd(44)} ${Object.entries(outcomes)
          .map(([outcome, n]) => `${outcome}: ${n}`)
          .join(', ')}`,
      )
    console.log(JSON.stringify(figures))

    // It lives, and every kind of abuse came to an answer or was cut off.
    expect(node.isRunning()).toBe(true)
    expect(node.output()).not.toMatch(/an RPC method failed|a JSON-RPC request failed|fatal/)
    expect(Object.keys(abused).sort()).toEqual(ABUSES.map(({ name }) => name).sort())
    await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200))
    if (!isSoak) return
    expect(figures.lag.most).toBeLessThanOrEqual(1)
    expect(figures.health.p99).toBeLessThan(HEALTH_P99_MS)
    expect(memory[1]! / memory[0]!).toBeLessThan(GROWTH_MAX)
    expect(descriptors[1]! / descriptors[0]!).toBeLessThan(GROWTH_MAX)
  },
  TIMEOUT_MS,
)

function latencies(ms: readonly number[]) {
  return { count: ms.length, p50: Math.round(median(ms)), p99: Math.round(percentile(ms, 99)) }
}

function share<T>(items: readonly T[], is: (item: T) => boolean): string {
  return `${((100 * items.filter(is).length) / Math.max(1, items.length)).toFixed(1)} %`
}
