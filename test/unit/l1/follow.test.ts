import { expect, test } from 'vitest'
import { CriticalError, TemporaryError } from '../../../src/primitives/errors.ts'
import type { Face } from '../../support/l1/face.ts'
import { createFace } from '../../support/l1/face.ts'
import { createLoadBalancer } from '../../support/l1/faults/lyingProvider.ts'
import { createRandom } from '../../support/l1/random.ts'
import { createSimulatedL1, type SimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { createView } from '../../support/l1/tree.ts'
import {
  buildLongChain,
  connect,
  createFollower,
  endpointOf,
  positionOf,
  truthBetween,
} from '../../support/l1Room.ts'

function shortChain(seed: string, blocks = 12): SimulatedL1 {
  const chain = createSimulatedL1({ seed })
  for (let i = 0; i < blocks; i++) {
    if (i % 4 === 2) chain.propose({ payload: Uint8Array.of(i) })
    else chain.mine()
  }
  return chain
}
const genesisOf = (chain: SimulatedL1) => positionOf(chain.blockAt(0))

/** What a provider says when it sees the chain as of another head; it knows every block by hash. */
function seenFrom(chain: SimulatedL1, head: () => ReturnType<SimulatedL1['head']>): Face {
  const view = createView(chain.tree)
  const at = () => {
    view.setHead(head())
    return view
  }
  const face = () => createFace({ view: at(), config: chain.config })
  return {
    request: async (...call) => face().request(...call),
    fetch: async (...call) => face().fetch(...call),
  }
}

test('follows history and tip, every block with its logs, finality and trust', async () => {
  const chain = buildLongChain('follow')
  chain.setFinalized(200)
  const l1 = await connect(chain)
  const follower = createFollower(l1, chain, genesisOf(chain))
  await follower.run()
  expect(follower.blocks).toEqual(truthBetween(chain, 0))
  expect(follower.reorgs).toEqual([])
  expect(follower.errors).toEqual([])
  expect(follower.finalized).toEqual(positionOf(chain.blockAt(200)))
  expect(l1.status()).toMatchObject({
    head: positionOf(chain.head()),
    finalized: positionOf(chain.blockAt(200)),
    trust: 'consensus-finalized',
  })
  await l1.close()
})

test.each([1, 2, 7, 33, 65, 100])('undoes a reorg of depth %i, wherever proposals went', async (depth) => {
  const chain = buildLongChain('reorg')
  const l1 = await connect(chain)
  const follower = createFollower(l1, chain, genesisOf(chain))
  await follower.run()
  const { ancestor } = chain.reorg({ depth, transactions: 'shuffle', missedSlots: 1 })
  await follower.run()
  expect(follower.blocks).toEqual(truthBetween(chain, 0))
  expect(follower.reorgs).toEqual([positionOf(ancestor)])
  await l1.close()
})

test.each([3, 100])('finds its way after a reorg of depth %i while it was stopped', async (depth) => {
  const chain = buildLongChain('stopped')
  const before = await connect(chain)
  const follower = createFollower(before, chain, genesisOf(chain))
  await follower.run()
  await before.close()
  const { ancestor } = chain.reorg({ depth, length: depth + 200, transactions: 'delay' })
  const after = await connect(chain)
  const restarted = createFollower(after, chain, follower.positions.at(-1)!)
  restarted.positions.splice(0, 1, ...follower.positions)
  restarted.blocks.push(...follower.blocks)
  await restarted.run()
  expect(restarted.blocks).toEqual(truthBetween(chain, 0))
  expect(restarted.reorgs).toEqual([positionOf(ancestor)])
  await after.close()
})

test('a lower head is no news, a sibling is a reorg: 100, 98, 101, 101′, 99', async () => {
  const chain = shortChain('heads', 10)
  const [h8, h9, h10] = [8, 9, 10].map((number) => chain.blockAt(number)) as never as ReturnType<
    typeof chain.head
  >[]
  const sibling = chain.fork(Number(h9!.header.number))
  const s10 = sibling.mine({ missedSlots: 1 })
  let head = h9!
  const seen = endpointOf(
    'provider',
    seenFrom(chain, () => head),
  )
  const l1 = await connect(chain, { endpoints: [seen], beacons: [] })
  const follower = createFollower(l1, chain, genesisOf(chain))
  const ending = new AbortController()
  const told: string[] = []
  const heads = [h8!, h10!, s10, h8!]
  const stream = l1.follow({
    cursor: genesisOf(chain),
    knownAncestors: async () => [...follower.positions].reverse(),
    signal: ending.signal,
  })
  // The next head is shown when the stream has had time to misunderstand the last one.
  const shown = setInterval(() => {
    const next = heads.shift()
    if (next) head = next
    else ending.abort()
  }, 60)
  for await (const event of stream) {
    if (event.type === 'block') {
      told.push(`block ${event.block.number}${event.block.hash === s10.hash ? '′' : ''}`)
      follower.positions.push({ number: event.block.number, hash: event.block.hash })
    } else if (event.type === 'reorg') {
      told.push(`reorg to ${event.ancestor.number}`)
      while (follower.positions.at(-1)!.hash !== event.ancestor.hash) follower.positions.pop()
    }
  }
  clearInterval(shown)
  expect(told).toEqual([...Array.from({ length: 10 }, (_, i) => `block ${i + 1}`), 'reorg to 9', 'block 10′'])
  await l1.close()
})

test('a shorter branch is a reorg once it has been seen for a while', async () => {
  const chain = shortChain('shorter')
  const l1 = await connect(chain)
  const follower = createFollower(l1, chain, genesisOf(chain))
  await follower.run()
  chain.reorg({ depth: 4, length: 1, transactions: 'drop' })
  await follower.run()
  expect(follower.blocks).toEqual(truthBetween(chain, 0))
  await l1.close()
})

test('providers three blocks apart behind one address cost time, never truth', async () => {
  const chain = buildLongChain('balanced')
  const late = seenFrom(chain, () => chain.blockAt(Number(chain.head().header.number) - 3))
  const balanced = endpointOf('balanced', createLoadBalancer([chain, late], createRandom('balancer')))
  const l1 = await connect(chain, { endpoints: [balanced], beacons: [] })
  const follower = createFollower(l1, chain, genesisOf(chain))
  for (let i = 0; i < 15; i++) {
    await follower.run()
    chain.propose({ payload: Uint8Array.of(i) })
    chain.mine()
  }
  await follower.run()
  expect(follower.blocks).toEqual(truthBetween(chain, 0))
  expect(follower.reorgs).toEqual([])
  expect(l1.status().providers.map(({ demotions }) => demotions)).toEqual([0])
  await l1.close()
})

test('a reorg below the finalized block stops with a sentence', async () => {
  const chain = shortChain('final')
  chain.setFinalized(9)
  const l1 = await connect(chain)
  const follower = createFollower(l1, chain, genesisOf(chain))
  await follower.run()
  chain.reorg({ depth: 6, force: true })
  await expect(follower.run()).rejects.toThrow(
    /^L1 block 9 .* was final, and every provider now serves a chain without it/,
  )
  await expect(follower.run()).rejects.toBeInstanceOf(CriticalError)
  await l1.close()
})

test('one provider without the finalized block is demoted, and the other one followed', async () => {
  const chain = shortChain('half-final')
  chain.setFinalized(9)
  const broken = chain.fork(6)
  for (let i = 0; i < 9; i++) broken.mine({ missedSlots: 1 })
  const liar = endpointOf('liar', seenFrom(chain, broken.tip))
  const endpoints = [liar, endpointOf('honest', chain)]
  const l1 = await connect(chain, { endpoints, pauseScale: 1 })
  const follower = createFollower(l1, chain, genesisOf(chain))
  await follower.run()
  expect(follower.blocks).toEqual(truthBetween(chain, 0))
  expect(follower.finalized).toEqual(positionOf(chain.blockAt(9)))
  expect(l1.status().providers[0]).toMatchObject({ name: 'liar', demotions: 1 })
  await l1.close()
})

test('a trusted block that the chain lacks stops the node; one that it has is the stated trust', async () => {
  const chain = shortChain('trusted')
  const trustedBlock = positionOf(chain.blockAt(5))
  const l1 = await connect(chain, { trustedBlock, beacons: [] })
  const follower = createFollower(l1, chain, genesisOf(chain))
  await follower.run()
  expect(follower.blocks).toEqual(truthBetween(chain, 0))
  expect(l1.status().trust).toBe('trusted-hash')
  await l1.close()

  const other = await connect(chain, {
    trustedBlock: { number: 5n, hash: chain.blockAt(4).hash },
    beacons: [],
  })
  const stopped = createFollower(other, chain, genesisOf(chain))
  await expect(stopped.run()).rejects.toThrow(
    /^the trusted L1 block of the configuration, 5 \(0x.* is not on the chain/,
  )
  await other.close()
})

test('the finalized mark comes from the provider where there is no beacon node, and never goes back', async () => {
  const chain = shortChain('tag')
  chain.setFinalized(8)
  const l1 = await connect(chain, { beacons: [] })
  const follower = createFollower(l1, chain, genesisOf(chain))
  await follower.run()
  expect(follower.finalized).toEqual(positionOf(chain.blockAt(8)))
  expect(l1.status().trust).toBe('single-provider')
  chain.setFinalized(3)
  chain.mine()
  await follower.run()
  expect(follower.finalized).toEqual(positionOf(chain.blockAt(8)))
  await l1.close()
})

test('a data directory of another chain is told apart', async () => {
  const chain = shortChain('this')
  const l1 = await connect(chain)
  const follower = createFollower(l1, chain, positionOf(shortChain('other').blockAt(7)))
  await expect(follower.run()).rejects.toThrow(
    /none of the L1 blocks this node remembers .* check that the data directory/,
  )
  await l1.close()
})

test('ancestors are found by links, within a bound', async () => {
  const chain = buildLongChain('ancestors')
  const l1 = await connect(chain)
  const head = positionOf(chain.head())
  for (const number of [0n, 1n, 77n, head.number - 1n, head.number])
    expect((await l1.ancestor(head, number)).hash).toBe(chain.blockAt(Number(number)).hash)
  await expect(l1.ancestor(head, head.number + 1n)).rejects.toBeInstanceOf(CriticalError)
  const far = { number: 10_000n, hash: head.hash }
  await expect(l1.ancestor(far, 1_000n)).rejects.toThrow(/at most 8192 blocks back/)
  await expect(l1.ancestor({ number: 5n, hash: `0x${'12'.repeat(32)}` }, 5n)).rejects.toBeInstanceOf(
    TemporaryError,
  )
  await l1.close()
})

test('the stream ends quietly by its signal and by closing', async () => {
  const chain = shortChain('ends')
  const l1 = await connect(chain)
  const ending = new AbortController()
  const input = { cursor: genesisOf(chain), knownAncestors: async () => [], signal: ending.signal }
  const counts = [0, 0]
  for await (const event of l1.follow(input)) {
    counts[0]!++
    if (event.type === 'caughtUp') ending.abort()
  }
  for await (const event of l1.follow({ ...input, signal: new AbortController().signal })) {
    counts[1]!++
    if (event.type === 'caughtUp') await l1.close()
  }
  expect(counts[0]).toBeGreaterThan(10)
  expect(counts[1]).toBe(counts[0])
})

test.each([
  ['without block receipts', { code: -32601 }],
  ['with block receipts by number only', null],
])('providers with narrow limits and %s serve as well', async (_, refusal) => {
  const chain = buildLongChain('limits')
  const face = createFace({
    view: chain.view,
    config: chain.config,
    options: { logRangeMax: 40, logResultsMax: 9 },
  })
  const asked = new Set<string>()
  const l1 = await connect(chain, {
    endpoints: [
      {
        name: 'narrow',
        limits: { requestsPerSecond: 100_000 },
        request: async (method, params) => {
          asked.add(method)
          if (method !== 'eth_getBlockReceipts') return face.request(method, params)
          if (refusal === null) return null
          throw Object.assign(new Error('the method does not exist'), refusal)
        },
      },
    ],
  })
  const follower = createFollower(l1, chain, genesisOf(chain))
  await follower.run()
  expect(follower.blocks).toEqual(truthBetween(chain, 0))
  expect(follower.errors).toEqual([])
  expect(asked).toContain('eth_getTransactionReceipt')
  await l1.close()
})

test('a quorum follows only the head that enough providers name', async () => {
  const chain = shortChain('quorum')
  const agreed = chain.head()
  const forged = chain.fork(Number(agreed.header.number) - 2)
  for (let i = 0; i < 5; i++) forged.mine({ missedSlots: 1 })
  const l1 = await connect(chain, {
    quorum: 2,
    beacons: [],
    endpoints: [
      endpointOf('forger', seenFrom(chain, forged.tip)),
      endpointOf('honest', chain),
      endpointOf(
        'late',
        seenFrom(chain, () => agreed),
      ),
    ],
  })
  const follower = createFollower(l1, chain, genesisOf(chain))
  chain.mine()
  // Two of three have reached `agreed`, and only one of them the block after it.
  await follower.run(() => follower.positions.at(-1)!.hash === agreed.hash)
  expect(follower.blocks).toEqual(truthBetween(chain, 0, Number(agreed.header.number)))
  expect(l1.status()).toMatchObject({ trust: 'provider-quorum', head: positionOf(agreed) })
  await l1.close()
})

test.each(['receipts', 'hash-chain', 'proposals-only'] as const)(
  'history proven by %s',
  async (historyProof) => {
    const chain = buildLongChain('proofs')
    const asked: string[] = []
    const request: Face['request'] = async (method, params) => {
      asked.push(method)
      return chain.request(method, params)
    }
    const endpoint = { name: 'counted', request, limits: { requestsPerSecond: 100_000 } }
    const l1 = await connect(chain, { endpoints: [endpoint], historyProof })
    const follower = createFollower(l1, chain, genesisOf(chain))
    await follower.run()
    expect(follower.blocks).toEqual(truthBetween(chain, 0))
    // Of 261 blocks 44 hold a log of ours, 11 of them at the tip; a proposal in history needs no receipts of its own.
    const receipts = asked.filter((method) => method === 'eth_getBlockReceipts').length
    const hits = follower.blocks.filter(({ logs }) => logs.length > 0).length
    if (historyProof === 'receipts') expect(receipts).toBe(hits)
    else expect(receipts).toBeLessThan(hits - 10)
    await l1.close()
  },
)
