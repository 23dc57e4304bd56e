/**
 * The place of the next fork: a made-up one is a row of spec/forks.ts and a line of a chain's spec, and nothing else is touched. It takes two
 * blocks a source instead of Unzen's 768, from a moment on. docs/networks.md.
 */
import { afterEach, expect, test, vi } from 'vitest'
import { type ForkName, forkAt, type RollupSpec } from '../../src/spec/rollupSpec.ts'
import { parseRollupSpec, serializeRollupSpec } from '../../src/spec/specFile.ts'
import { connectL1, type Harness, openHarness, specOf } from '../support/derive/harness.ts'
import { payloadAfter } from '../support/derive/payload.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'

vi.mock(import('../../src/spec/forks.ts'), async (importOriginal) => {
  const { FORKS } = await importOriginal()
  return { FORKS: { ...FORKS, madeUp: { ...FORKS.unzen, blocksPerSourceMax: 2 } } } as never
})

const MADE_UP = 'madeUp' as ForkName

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function startNode(sim: SimulatedL1, spec: RollupSpec): Promise<Harness> {
  const l1 = await connectL1(sim, { spec })
  closing.push(l1.close)
  const node = await openHarness({ sim, l1, spec, path: ':memory:' })
  closing.push(node.close)
  return node
}

function specWith(sim: SimulatedL1, timestamp: bigint): RollupSpec {
  const spec = specOf(sim)
  return {
    ...spec,
    forks: [...spec.forks, { name: MADE_UP, activation: { type: 'timestamp', timestamp } }],
  }
}

test('proposals and blocks are of the new fork from its time on, and by its rule', async () => {
  const sim = createSimulatedL1({ seed: 'next fork' })
  sim.mine()
  const propose = (blocks: number) => sim.propose({ payload: payloadAfter(sim, { blocks }) }).block
  propose(3)
  // Its blocks are older than the proposal, so of Unzen still.
  const begins = sim.head().header.timestamp + 2n * sim.config.secondsPerSlot
  const node = await startNode(sim, specWith(sim, begins))
  sim.mine()
  propose(3)
  sim.mine()
  propose(2)
  await node.sync()
  const faultsOf = async (id: bigint) =>
    (await node.chain.proposal(id))!.sources.map(({ fault }) => fault?.name)
  expect([await faultsOf(1n), await faultsOf(2n), await faultsOf(3n)]).toEqual([
    [undefined],
    ['tooManyBlocks'],
    [undefined],
  ])
  const proposals = await Promise.all([1n, 2n, 3n].map((id) => node.chain.proposal(id)))
  expect(proposals.map((proposal) => proposal!.fork)).toEqual(['unzen', 'madeUp', 'madeUp'])
  const { latest } = node.chain.heads()
  const { header } = (await node.chain.headerByNumber(latest.number))!
  expect(forkAt(node.spec, header)).toBe('madeUp')
  // Executed by the table its row names: metered, as under Unzen.
  expect(header.difficulty).toBeGreaterThan(0n)
})

test('a chain names it in its configuration file', () => {
  const spec = specWith(createSimulatedL1({ seed: 'file' }), 5n)
  expect(parseRollupSpec(JSON.parse(serializeRollupSpec(spec)))).toEqual(spec)
  const atBlock = spec.forks.map((fork) =>
    fork.name === MADE_UP ? { ...fork, activation: { type: 'block' as const, number: 1n } } : fork,
  )
  expect(() => parseRollupSpec(JSON.parse(serializeRollupSpec({ ...spec, forks: atBlock })))).toThrow(
    /madeUp activates by timestamp/,
  )
})
