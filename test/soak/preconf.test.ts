/** A thousand requests a second that no honest client makes, beside honest ones: each is refused by its name, and the honest ones are served. */
import { expect, test } from 'vitest'
import { AT_ANY_TIME, EXPECTED } from '../support/preconf/badRequests.ts'
import { walletKey } from '../support/preconf/l1.ts'
import { makeLoad, percentile } from '../support/preconf/load.ts'
import { eventually, type PreconfNet, startPreconfNet } from '../support/preconf/net.ts'

const SLOTS_PER_EPOCH = 20
const GOOD_PER_SECOND = 50
const BAD_PER_SECOND = 1_000
/** Fits a window, at whose end nothing is promised. */
const SECONDS = 25
const WALLETS = 50
/** Addresses that bad requests come from: one alone would meet its limit. */
const ADDRESSES = Array.from({ length: 10 }, (_, i) => `127.0.1.${i + 1}`)
/** Bounds a hanging test. */
const TIMEOUT_MS = 600_000

async function beginWindow(net: PreconfNet): Promise<void> {
  const [sequencer] = net.sequencers
  await eventually('the beginning of a window', () => {
    const isBeginning = net.l1.clock.slot() % SLOTS_PER_EPOCH === 0
    return isBeginning && sequencer!.latest().number > sequencer!.safe().number
  })
}

test.skipIf(process.env.SOAK !== '1')(
  'bad requests do not keep good ones waiting (part of `make soak`)',
  async () => {
    const net = await startPreconfNet({
      seed: 'bad requests',
      sequencers: 1,
      followers: 0,
      wallets: WALLETS + 1,
      slotsPerEpoch: SLOTS_PER_EPOCH,
    })
    try {
      const keys = Array.from({ length: WALLETS }, (_, i) => walletKey(i))
      const each = (GOOD_PER_SECOND * SECONDS) / WALLETS
      const askWell = (firstNonce: number) =>
        makeLoad(net, {
          type: 'promises',
          perSecond: GOOD_PER_SECOND,
          seconds: SECONDS,
          ...{ keys, firstNonce },
        })
      await beginWindow(net)
      const alone = await askWell(0)
      await beginWindow(net)
      const [beside, bad] = await Promise.all([
        askWell(each),
        makeLoad(net, {
          type: 'bad',
          perSecond: BAD_PER_SECOND,
          seconds: SECONDS,
          fundedKey: walletKey(WALLETS),
          from: ADDRESSES,
        }),
      ])
      for (const [what, { latenciesMs, answers }] of Object.entries({ alone, beside }))
        console.log(
          `good requests ${what}: p50 ${percentile(latenciesMs, 50).toFixed(1)} ms, p99 ${percentile(latenciesMs, 99).toFixed(1)} ms, ${JSON.stringify(answers)}`,
        )
      console.log(`bad requests: ${JSON.stringify(bad.answers)} in ${bad.seconds.toFixed(1)} s`)
      expect(beside.answers.ok).toBeGreaterThan(0.9 * GOOD_PER_SECOND * SECONDS)
      for (const answer of Object.keys(bad.answers)) {
        const [kind, error] = answer.split(': ') as [keyof typeof EXPECTED, string]
        expect([...EXPECTED[kind], ...AT_ANY_TIME], answer).toContain(error)
      }
    } finally {
      await net.close()
    }
  },
  TIMEOUT_MS,
)
