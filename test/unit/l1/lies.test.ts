/** One provider lies or fails, and is the preferred one; an honest one carries on, and the consumer never sees the lie. */
import { expect, test } from 'vitest'
import { FAULTS, findFault, isAboutTransactions } from '../../support/l1/faults/index.ts'
import { createLyingProvider } from '../../support/l1/faults/lyingProvider.ts'
import { createRandom } from '../../support/l1/random.ts'
import {
  buildLongChain,
  connect,
  createFollower,
  endpointOf,
  positionOf,
  truthBetween,
} from '../../support/l1Room.ts'

const chain = buildLongChain('lies')
chain.setFinalized(220)
const truth = truthBetween(chain, 0)
const start = positionOf(chain.blockAt(0))
/** Nobody waits for a server that hangs longer than this. */
const TIMEOUT_MS = 40

const l1Faults = FAULTS.filter(({ type, name }) => type !== 'blobs' && name !== 'chain-id-of-another-network')

for (const fault of l1Faults) {
  test(`${fault.name} (${fault.remedy}) does not reach the consumer`, async () => {
    const isRare = fault.type === 'block' || fault.type === 'transport'
    const liar = createLyingProvider(chain, fault, createRandom('liar'), { rate: isRare ? 0.3 : 1 })
    const isVote = fault.remedy === 'outvote'
    const l1 = await connect(chain, {
      endpoints: [
        endpointOf('liar', liar, TIMEOUT_MS),
        endpointOf('honest', chain),
        // Which of two coherent chains is the canonical one takes a third opinion.
        ...(isVote ? [endpointOf('third', chain)] : []),
      ],
      quorum: isVote ? 2 : 1,
      historyProof: isAboutTransactions(fault.name) ? 'receipts' : 'hash-chain',
    })
    const follower = createFollower(l1, chain, start)
    await follower.run()
    expect(follower.blocks).toEqual(truth)
    expect(follower.finalized).toEqual(positionOf(chain.blockAt(220)))
    expect(liar.told()).toBeGreaterThan(0)
    const [ofLiar, ...others] = l1.status().providers
    if (fault.remedy === 'refute') {
      expect(ofLiar!.demotions).toBeGreaterThan(0)
      expect(ofLiar!.lastError).toMatch(/^liar gave wrong data/)
    }
    expect(others.map(({ demotions }) => demotions)).toEqual(others.map(() => 0))
    await l1.close()
  })
}

test('chain-id-of-another-network stops the start, with a sentence', async () => {
  const liar = createLyingProvider(chain, findFault('chain-id-of-another-network'), createRandom('liar'))
  const endpoints = [endpointOf('honest', chain), endpointOf('liar', liar)]
  await expect(connect(chain, { endpoints })).rejects.toThrow(
    /^L1 provider liar is on chain 1, but devnet lives on L1 chain 31337; check --l1.rpc$/,
  )
})
