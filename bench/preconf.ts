/**
 * A sequencer, an L1 and who asks, each in a process of its own on one machine: how soon a request is a signed promise, where blocks come
 * every second. Then with a follower beside them: the same again, how soon a sealed block is the follower's latest, and how many
 * transactions a second are taken, every one of which lands. Threads run compiled files: `npm run build` first.
 */
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { besideDisk } from '../test/support/preconf/disk.ts'
import { walletKey } from '../test/support/preconf/l1.ts'
import { makeLoad, percentile } from '../test/support/preconf/load.ts'
import type { LoadResult } from '../test/support/preconf/loadProtocol.ts'
import { eventually, type PreconfNet, startPreconfNet } from '../test/support/preconf/net.ts'
import type { BenchRow } from './row.ts'

const SLOTS_PER_EPOCH = 20
const SECONDS_PER_SLOT = 2
const PROMISES_PER_SECOND = 100
/** Fits a window, at whose end nothing is promised. */
const PROMISES_SECONDS = 25
const TRANSACTIONS_SECONDS = 60
const PROMISED_WALLETS = 100
/** Of asking for promises, each with wallets that did nothing before. */
const PHASES = 3
const SENDING_WALLETS = 100
/** Two blocks of transfers. */
const OUTSTANDING_MAX = 2_000

export async function run(): Promise<readonly BenchRow[]> {
  const net = await startPreconfNet({
    seed: 'bench',
    sequencers: 1,
    followers: 1,
    wallets: PHASES * PROMISED_WALLETS + SENDING_WALLETS,
    secondsPerSlot: SECONDS_PER_SLOT,
    slotsPerEpoch: SLOTS_PER_EPOCH,
    // Else the proof of a blob would stop the whole sequencer for 60 ms.
    hasThreads: true,
  })
  try {
    const [follower] = net.followers
    await follower!.stop()
    await beginWindow(net)
    // A first, short one, since code that never ran is slow.
    await askForPromises(net, { seconds: 5, phase: 0 })
    await beginWindow(net)
    const alone = await measure(net, () => askForPromises(net, { seconds: PROMISES_SECONDS, phase: 1 }))
    await follower!.start()
    await beginWindow(net)
    const followed = await measure(net, () => askForPromises(net, { seconds: PROMISES_SECONDS, phase: 2 }))
    const transactions = await measure(net, () => sendTransactions(net))
    const landed = await countLanded(net)
    const { answers: taken, seconds } = transactions.result
    const acknowledged = taken.ok ?? 0
    return [
      ...promiseRows('request to signed promise', alone),
      ...promiseRows('the same, with a follower on the machine', followed),
      row("sealed block to the follower's latest, p50", percentile(followed.followedMs, 50), 'ms'),
      row("sealed block to the follower's latest, p99", percentile(followed.followedMs, 99), 'ms'),
      row('the same, with blocks full of transfers, p50', percentile(transactions.followedMs, 50), 'ms'),
      row('the same, with blocks full of transfers, p99', percentile(transactions.followedMs, 99), 'ms'),
      row(
        `transfers taken over ${Math.round(seconds)} s`,
        acknowledged / seconds,
        'a second',
        transactions.load,
      ),
      row('a sync of the disk meanwhile, p99', percentile(transactions.syncsMs, 99), 'ms'),
      row('of them landed on L1', (100 * landed) / acknowledged, '%', `${landed} of ${acknowledged}`),
    ]
  } finally {
    await net.close()
  }
}

function promiseRows(name: string, { result, syncsMs, load }: Measured<LoadResult>): readonly BenchRow[] {
  const { latenciesMs, answers } = result
  const refused = Object.entries(answers).filter(([answer]) => answer !== 'ok')
  return [
    row(`${name}, p50`, percentile(latenciesMs, 50), 'ms', load),
    row(`${name}, p99`, percentile(latenciesMs, 99), 'ms', load),
    // What an answer waits for: bad moments of the disk are its own.
    row('a sync of the disk meanwhile, p99', percentile(syncsMs, 99), 'ms'),
    row(
      `promises answered of ${PROMISES_PER_SECOND * PROMISES_SECONDS}, at ${PROMISES_PER_SECOND}/s`,
      latenciesMs.length,
      '',
      refused.map(([answer, count]) => `${answer}: ${count}`).join(', '),
    ),
  ]
}

function row(name: string, value: number, unit: string, note?: string): BenchRow {
  return { name, value, unit, ...(note && { note }) }
}

/** Waits for the first slots of a window in which the sequencer makes blocks, and whoever runs has them. */
async function beginWindow(net: PreconfNet): Promise<void> {
  await eventually('the beginning of a window', () => {
    const isBeginning = net.l1.clock.slot() % SLOTS_PER_EPOCH === 0
    const running = net.nodes.filter((node) => node.isRunning())
    return isBeginning && running.every((node) => node.latest().number > node.safe().number)
  })
}

function askForPromises(
  net: PreconfNet,
  { phase, seconds }: { readonly phase: number; readonly seconds: number },
) {
  const keys = Array.from({ length: PROMISED_WALLETS }, (_, i) => walletKey(phase * PROMISED_WALLETS + i))
  return makeLoad(net, { type: 'promises', perSecond: PROMISES_PER_SECOND, keys, seconds, firstNonce: 0 })
}

function sendTransactions(net: PreconfNet) {
  const keys = Array.from({ length: SENDING_WALLETS }, (_, i) => walletKey(PHASES * PROMISED_WALLETS + i))
  return makeLoad(net, {
    type: 'transactions',
    seconds: TRANSACTIONS_SECONDS,
    keys,
    firstNonce: 0,
    outstandingMax: OUTSTANDING_MAX,
  })
}

/** Transactions of the sending wallets in what L1 has, once all that was promised is there. */
async function countLanded(net: PreconfNet): Promise<number> {
  const [sequencer] = net.sequencers
  const wallets = net.l1.wallets.slice(PHASES * PROMISED_WALLETS)
  const count = async (tag: string) => {
    let sum = 0
    for (const { address } of wallets)
      sum += Number(await sequencer!.ask<string>('eth_getTransactionCount', [address, tag]))
    return sum
  }
  const latest = await eventuallyStill(() => count('latest'))
  await eventually('all of it has landed', async () => (await count('safe')) >= latest)
  return count('safe')
}

/** Once it is the same for a few seconds. */
async function eventuallyStill(read: () => Promise<number>): Promise<number> {
  for (let last = -1; ; ) {
    const now = await read()
    if (now === last) return now
    last = now
    await sleep(3_000)
  }
}

type Measured<T> = {
  readonly result: T
  readonly followedMs: readonly number[]
  readonly syncsMs: readonly number[]
  readonly load: string
}

async function measure<T>(net: PreconfNet, work: () => Promise<T>): Promise<Measured<T>> {
  const from = Date.now()
  const { result, syncsMs } = await besideDisk(work)
  const followedMs = readFollowing(net, from, Date.now())
  return { result, followedMs, syncsMs, load: `load ${loadavg()[0]?.toFixed(1)}` }
}

/**
 * From the moment a block is the sequencer's latest to that in which it is the follower's, in milliseconds. Below zero where the follower
 * is first: a block is published once its signature is on the disk, while the sequencer's own chain takes it.
 */
function readFollowing(net: PreconfNet, from: number, to: number): readonly number[] {
  const [sequencer, follower] = net.nodes
  const hadAt = new Map<number, number>()
  for (const { latest, atMs } of follower!.changes())
    if (!hadAt.has(latest.number)) hadAt.set(latest.number, atMs)
  return sequencer!.changes().flatMap(({ added, latest, atMs }) => {
    const at = hadAt.get(latest.number)
    return added.length === 1 && at !== undefined && atMs >= from && atMs <= to ? [at - atMs] : []
  })
}
