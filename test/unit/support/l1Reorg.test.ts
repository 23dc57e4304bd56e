/** Branches of the simulated L1: both stay reachable, and the inbox of each is its own. */
import { describe, expect, test } from 'vitest'
import type { Hash } from '../../../src/primitives/hex.ts'
import type { L1Block } from '../../support/l1/block.ts'
import { createSimulatedL1, type SimulatedL1 } from '../../support/l1/simulatedL1.ts'

function chainOfProposals(count = 4): SimulatedL1 {
  const l1 = createSimulatedL1({ seed: 1 })
  for (let i = 1; i <= count; i++) l1.propose({ payload: Uint8Array.of(i) })
  return l1
}

const blockOf = (l1: SimulatedL1, hash: Hash) => l1.request('eth_getBlockByHash', [hash, false])
const hashAt = async (l1: SimulatedL1, number: number) =>
  ((await l1.request('eth_getBlockByNumber', [`0x${number.toString(16)}`, false])) as { hash: Hash } | null)
    ?.hash
const blobHashes = (l1: SimulatedL1) =>
  l1.proposals().map(({ sources }) => sources.at(-1)!.blobSlice.blobHashes[0])

function expectLinked(l1: SimulatedL1) {
  for (let at: L1Block = l1.head(); at !== l1.tree.genesis; ) {
    const parent = l1.tree.block(at.header.parentHash)!
    expect(l1.blockAt(Number(parent.header.number))).toBe(parent)
    at = parent
  }
}

describe('a reorg', () => {
  test('replaces the last blocks by one more, and keeps the old ones reachable by hash only', async () => {
    const l1 = chainOfProposals()
    const old = l1.head()
    const { ancestor, removed, added } = l1.reorg({ depth: 2 })
    expect([removed.length, added.length]).toEqual([2, 3])
    expect(added[0]!.header.parentHash).toBe(ancestor.hash)
    expect(await l1.request('eth_blockNumber')).toBe('0x6')
    expect(await blockOf(l1, old.hash)).toMatchObject({ number: '0x5' })
    expect(await blockOf(l1, added[2]!.hash)).toMatchObject({ number: '0x6' })
    expect(await hashAt(l1, 5)).toBe(added[1]!.hash)
    expectLinked(l1)
  })

  test('by a shorter chain takes the numbers above away', async () => {
    const l1 = chainOfProposals()
    l1.reorg({ depth: 3, length: 1 })
    expect(await hashAt(l1, 3)).toBe(l1.head().hash)
    expect(await hashAt(l1, 4)).toBeUndefined()
  })

  test('may keep, delay, shuffle or drop the transactions', async () => {
    const fates = ['keep', 'delay', 'shuffle', 'drop'] as const
    for (const transactions of fates) {
      const l1 = chainOfProposals()
      const before = blobHashes(l1)
      const { removed, added } = l1.reorg({ depth: 3, length: 6, transactions })
      const places = (blocks: readonly L1Block[]) => blocks.map((block) => block.transactions.length)
      const expected = { keep: [1, 1, 1, 0, 0, 0], delay: [0, 1, 1, 1, 0, 0], drop: [0, 0, 0, 0, 0, 0] }
      if (transactions === 'shuffle') expect(added.flatMap((block) => block.transactions)).toHaveLength(3)
      else expect(places(added)).toEqual(expected[transactions])
      if (transactions === 'keep') expect(blobHashes(l1)).toEqual(before)
      if (transactions === 'drop') expect(blobHashes(l1)).toEqual(before.slice(0, 1))
      // The same signed transaction is found where it now is.
      const { hash } = removed[0]!.transactions[0]!
      const found = (await l1.request('eth_getTransactionByHash', [hash])) as { blockHash: Hash } | null
      expect(found?.blockHash).toBe(
        added.find((block) => block.transactions.some((tx) => tx.hash === hash))?.hash,
      )
    }
  })

  test('gives re-included proposals other origins, hashes and perhaps ids', () => {
    const l1 = chainOfProposals(2)
    const [first, second] = [l1.blockAt(2), l1.blockAt(3)].map((block) => block.transactions[0]!)
    const before = l1.proposals()
    l1.reorg({ depth: 2, blocks: [{ transactions: [second!] }, { transactions: [first!], missedSlots: 1 }] })
    const after = l1.proposals()
    expect(after.map(({ id }) => id)).toEqual([1n, 2n])
    expect(after.map(({ sources }) => sources[0]!.blobSlice.blobHashes)).toEqual(
      [...before].reverse().map(({ sources }) => sources[0]!.blobSlice.blobHashes),
    )
    expect(after[1]!.originBlockHash).toBe(l1.blockAt(2).hash)
    expect(after[1]!.timestamp).toBe(before[1]!.timestamp + 12n)
    expect(after[1]!.parentProposalHash).not.toBe(before[1]!.parentProposalHash)
  })

  test('across a saved forced inclusion puts the queue back', () => {
    const l1 = chainOfProposals(1)
    l1.saveForcedInclusion({ payload: Uint8Array.of(7) })
    expect(l1.propose({ payload: Uint8Array.of(8) }).proposal.sources).toHaveLength(2)
    l1.reorg({ depth: 1, length: 1, transactions: 'drop' })
    expect(l1.head().inbox.forcedInclusions).toHaveLength(1)
    l1.reorg({ depth: 2, length: 1, transactions: 'drop' })
    expect(l1.head().inbox.forcedInclusions).toEqual([])
  })

  test('back to the old branch restores it exactly', async () => {
    const l1 = chainOfProposals()
    const old = l1.head()
    const proposals = l1.proposals()
    l1.reorg({ depth: 3, transactions: 'drop' })
    l1.setHead(old.hash)
    expect(l1.proposals()).toEqual(proposals)
    expect(await hashAt(l1, 6)).toBeUndefined()
    expectLinked(l1)
  })

  test('below the finalized block needs force, and takes finality back', () => {
    const l1 = chainOfProposals()
    l1.setFinalized(4)
    expect(() => l1.reorg({ depth: 2 })).toThrow('would undo the finalized block')
    const { ancestor } = l1.reorg({ depth: 2, force: true })
    expect(l1.view.finalized()).toBe(ancestor)
    expect(l1.reorg({ depth: 1 }).removed).toHaveLength(1)
  })
})

test('a branch grows beside the canonical chain until it becomes the head', async () => {
  const l1 = chainOfProposals()
  const head = l1.head()
  const branch = l1.fork(3)
  branch.propose({ payload: Uint8Array.of(50) })
  branch.mine({ missedSlots: 2 })
  expect(l1.head()).toBe(head)
  expect(await blockOf(l1, branch.tip().hash)).toMatchObject({ number: '0x5' })
  l1.setHead(branch.tip().hash)
  expect(l1.head()).toBe(branch.tip())
  expect(l1.proposals().map(({ id }) => id)).toEqual([1n, 2n, 3n])
  expectLinked(l1)
})

test('a snapshot brings head, safe and finalized back', () => {
  const l1 = chainOfProposals()
  l1.setFinalized(2)
  l1.setSafe(3)
  const snapshot = l1.snapshot()
  l1.mine()
  l1.setFinalized(5)
  l1.restore(snapshot)
  expect(l1.snapshot()).toEqual(snapshot)
  expect(l1.blockAt(3)).toBe(l1.view.safe())
})
