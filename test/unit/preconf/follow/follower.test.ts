/** Followers on real connections: what a sequencer publishes becomes their chain, and their followers' chain. */
import { afterEach, expect, test, vi } from 'vitest'
import { createStreamWorld, type StreamNode, type StreamWorld } from '../../../support/preconfStream.ts'

let world: StreamWorld
afterEach(() => world?.close())

const expectLatest = (node: StreamNode, hash: string) =>
  vi.waitFor(() => expect(node.chain.heads().latest.hash).toBe(hash), { timeout: 10_000, interval: 5 })

test.each(['SSE', 'WebSocket'])(
  'a follower over %s, and a follower of the follower, execute what is sealed',
  async (how) => {
    world = await createStreamWorld({ seed: `follow-${how}` })
    const urlOf = ({ url, wsUrl }: StreamNode) => (how === 'SSE' ? url : wsUrl)
    const key = world.keyNow()
    const sequencer = await world.openNode('sequencer', { key })
    const follower = await world.openNode('follower', { sources: [urlOf(sequencer)] })
    const second = await world.openNode('second', { sources: [urlOf(follower)] })
    const author = world.createAuthor(sequencer, key)
    const [a, b, c] = world.transfers
    const first = await author.build({ transactions: [a!] })
    await expectLatest(second, first.hash)
    await author.build({ transactions: [b!, c!] })
    const last = await author.build({})
    await expectLatest(follower, last.hash)
    await expectLatest(second, last.hash)
    expect(second.chain.heads().safe.number).toBe(0n)
    expect((await second.chain.blockByNumber(2n))?.transactions.length).toBe(3)
    expect(await second.chain.unsafeOrigin(1n)).toEqual(await sequencer.chain.unsafeOrigin(1n))
  },
)
