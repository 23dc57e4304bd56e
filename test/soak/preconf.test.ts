/**
 * A thousand bad requests a second beside a hundred good ones: each bad one is refused with the error that the documentation names.
 * How long the good ones took from when each was due, alone, in the first seconds of the first flood and in the next one, is printed
 * with the machine's load. Requests come from processes of their own.
 */
import { loadavg } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AT_ANY_TIME, type BadKind, EXPECTED } from '../support/preconf/badRequests.ts'
import { besideDisk } from '../support/preconf/disk.ts'
import { walletKey } from '../support/preconf/l1.ts'
import { makeLoad, makeLoads, percentile } from '../support/preconf/load.ts'
import type { BadLoad, LoadResult, PromiseLoad } from '../support/preconf/loadProtocol.ts'
import { eventually, type PreconfNet, startPreconfNet } from '../support/preconf/net.ts'

const isSoak = process.env.SOAK === '1'
const GOOD_PER_SECOND = 100
const BAD_PER_SECOND = 1_000
const SECONDS = 25
/** Of a flood that the node has seen none like. */
const FIRST_SECONDS = 5
const SLOTS_PER_EPOCH = 20
const WALLETS = 100
/** Of asking, each with wallets that did nothing before. */
const PHASES = 3
/** One address of this machine is held to five hundred a second; so many that they are refused for what they are. */
const FROM = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']
/** Milliseconds. */
const AIM = { p50: 5, p99: 25 }
/** Bounds a hanging test; nothing here is timed but by request. */
const TIMEOUT_MS = 600_000

let net: PreconfNet

beforeAll(async () => {
  if (!isSoak) return
  net = await startPreconfNet({
    seed: 'bad requests',
    sequencers: 1,
    followers: 0,
    wallets: PHASES * WALLETS,
    slotsPerEpoch: SLOTS_PER_EPOCH,
    hasThreads: true,
  })
}, TIMEOUT_MS)
afterAll(() => net?.close(), TIMEOUT_MS)

async function beginWindow(): Promise<void> {
  const [sequencer] = net.sequencers
  await eventually('the beginning of a window', () => {
    const isBeginning = net.l1.clock.slot() % SLOTS_PER_EPOCH === 0
    return isBeginning && sequencer!.latest().number > sequencer!.safe().number
  })
}

function good(phase: number, seconds: number): PromiseLoad {
  const keys = Array.from({ length: WALLETS }, (_, i) => walletKey(phase * WALLETS + i))
  return { type: 'promises', perSecond: GOOD_PER_SECOND, seconds, keys, firstNonce: 0 }
}

function bad(seconds: number): BadLoad {
  // One whose first transaction was promised to him before.
  return { type: 'bad', perSecond: BAD_PER_SECOND, seconds, fundedKey: walletKey(0), from: FROM }
}

// It keeps a machine busy for minutes, and says little on one that is.
test.skipIf(!isSoak)(
  'bad requests are refused by name beside good ones',
  async () => {
    await beginWindow()
    const alone = await besideDisk(() => makeLoad(net, good(0, SECONDS)))
    await beginWindow()
    const first = await besideDisk(() => makeLoads(net, [good(1, FIRST_SECONDS), bad(FIRST_SECONDS)]))
    await beginWindow()
    const flood = await besideDisk(() => makeLoads(net, [good(2, SECONDS), bad(SECONDS)]))
    const [beside, refused] = flood.result
    const figures = {
      load: loadavg()[0]?.toFixed(1),
      alone: latencies(alone.result),
      [`first ${FIRST_SECONDS} s of a flood`]: latencies(first.result[0]),
      beside: latencies(beside),
      aim: AIM,
      // An answer waits for the disk: one that stalls is told as what it is.
      disk: [alone, first, flood].map(({ syncsMs }) => percentile(syncsMs, 99)),
      // A process that sends late, or needs a whole core, has measured itself.
      sending: { alone: sending(alone.result), beside: sending(beside), bad: sending(refused) },
      good: beside.answers,
      bad: refused.answers,
    }
    console.log(JSON.stringify(figures, null, 2))

    const named: Partial<Record<BadKind, number>> = {}
    for (const [answer, count] of Object.entries(refused.answers)) {
      const [kind, error] = answer.split(': ') as [BadKind, string]
      expect([...EXPECTED[kind], ...AT_ANY_TIME], answer).toContain(error)
      named[kind] = (named[kind] ?? 0) + (EXPECTED[kind].some((own) => own === error) ? count : 0)
    }
    expect(Object.values(refused.answers).reduce((sum, count) => sum + count, 0)).toBe(
      BAD_PER_SECOND * SECONDS,
    )
    // Most of each kind for what it is, and of the good ones all but what met the end of a window.
    const kinds = Object.keys(EXPECTED) as BadKind[]
    for (const kind of kinds)
      expect(named[kind], kind).toBeGreaterThan((BAD_PER_SECOND * SECONDS) / kinds.length / 2)
    expect(beside.answers.ok).toBeGreaterThan(0.9 * GOOD_PER_SECOND * SECONDS)
  },
  TIMEOUT_MS,
)

function latencies({ latenciesMs }: LoadResult) {
  return { p50: percentile(latenciesMs, 50), p99: percentile(latenciesMs, 99), answered: latenciesMs.length }
}

function sending({ lateMs = [], cpuSeconds }: LoadResult) {
  return { lateP99: percentile(lateMs, 99), cpuSeconds }
}
