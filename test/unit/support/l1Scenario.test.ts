/** Random life on the simulated L1 stays a chain, and a seed repeats it. */
import { describe, expect, test } from 'vitest'
import { headerHash } from '../../../src/primitives/header.ts'
import { proposalHash } from '../../support/l1/inboxState.ts'
import { createRandom } from '../../support/l1/random.ts'
import { createScenario } from '../../support/l1/scenario.ts'
import { createSimulatedL1 } from '../../support/l1/simulatedL1.ts'

function live(seed: number, steps: number) {
  const l1 = createSimulatedL1({ seed, forcedInclusionDelay: 24n })
  const step = createScenario(l1, createRandom(`scenario ${seed}`))
  return { l1, story: Array.from({ length: steps }, step) }
}

describe('a scenario', () => {
  const { l1, story } = live(1, 600)

  test('leaves a linked chain whose inbox is a hash chain from activation to head', () => {
    let proposals = l1.head().inbox.proposals
    for (let block = l1.head(); block !== l1.tree.genesis; block = l1.tree.block(block.header.parentHash)!) {
      expect(headerHash(block.header)).toBe(block.hash)
      expect(l1.view.isCanonical(block)).toBe(true)
      expect(block.header.timestamp).toBeGreaterThan(l1.tree.block(block.header.parentHash)!.header.timestamp)
    }
    while (proposals?.previous !== undefined) {
      expect(proposals.proposal.parentProposalHash).toBe(proposalHash(proposals.previous.proposal))
      expect(proposals.proposal.id).toBe(proposals.previous.proposal.id + 1n)
      proposals = proposals.previous
    }
    expect(proposals?.proposal.id).toBe(0n)
  })

  test('has everything in it', () => {
    for (const what of [
      'mine',
      'propose',
      'save',
      'prove',
      'reorg',
      'finalize',
      'missed slots',
      'reorg back',
      'are due',
    ])
      expect(story.filter((step) => step.includes(what)).length, what).toBeGreaterThan(0)
    const depths = story.map((step) => Number(/reorg (\d+)/.exec(step)?.[1] ?? 0))
    expect(Math.max(...depths)).toBeGreaterThan(10)
    const forced = l1.proposals().filter(({ sources }) => sources.length > 1)
    expect(forced.length).toBeGreaterThan(0)
    expect(l1.tree.size()).toBeGreaterThan(Number(l1.head().header.number) + 100)
  })

  test('repeats from its seed, word for word and hash for hash', () => {
    const again = live(1, 600)
    expect(again.story).toEqual(story)
    expect(again.l1.snapshot()).toEqual(l1.snapshot())
    expect(live(2, 50).story).not.toEqual(story.slice(0, 50))
  })
})

describe('random streams', () => {
  test('are set by their seed, and forks by their label', () => {
    const draw = (random = createRandom(1)) => Array.from({ length: 5 }, random.uint32)
    expect(draw()).toEqual(draw())
    expect(draw(createRandom(2))).not.toEqual(draw())
    const parent = createRandom(1)
    const before = draw(parent.fork('a'))
    parent.uint32()
    expect(draw(parent.fork('a'))).toEqual(before)
    expect(draw(parent.fork('b'))).not.toEqual(before)
  })

  test('are even, and shuffles keep every item', () => {
    const random = createRandom(3)
    const counts = [0, 0, 0, 0, 0]
    for (let i = 0; i < 10_000; i++) counts[random.below(5)]! += 1
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200)
    const items = Array.from({ length: 50 }, (_, i) => i)
    expect([...random.shuffle(items)].sort((a, b) => a - b)).toEqual(items)
    expect(random.bytes(7)).toHaveLength(7)
  })
})
