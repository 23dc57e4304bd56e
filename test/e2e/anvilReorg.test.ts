/**
 * Reorgs of a real execution client, as a smoke test of what the simulated L1 proves at length: a node that has followed
 * them holds the blocks of one that has seen only the outcome.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Node } from '../../src/node.ts'
import type { Address } from '../../src/primitives/hex.ts'
import { encodeManifest } from '../../src/protocol/shasta/encodeManifest.ts'
import { signTransfer } from '../support/derive/payload.ts'
import { isBuilt } from '../support/e2e.ts'
import { type HandDrivenL1, hashesOf, startHandDrivenL1 } from '../support/e2eAnvil.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 180_000
const COINBASE: Address = '0x00000000000000000000000000000000c01bbace'

// The worker behind eth_call is a compiled one.
describe.skipIf(!isBuilt)('anvil', () => {
  let l1: HandDrivenL1
  let node: Node
  beforeAll(async () => {
    l1 = await startHandDrivenL1()
    node = await l1.startNode()
  }, TIMEOUT_MS)
  afterAll(() => l1?.close())

  /** Two blocks anchored at the head of L1, a transfer in the first. */
  async function signProposal(nonce: number) {
    const head = await l1.head()
    const blocks = [await signTransfer(nonce), undefined].map((transaction, i) => ({
      timestamp: head.timestamp - 1n + BigInt(i),
      coinbase: COINBASE,
      anchorBlockNumber: head.number,
      gasLimit: 15_000_000n,
      transactions: transaction === undefined ? [] : [transaction],
    }))
    return l1.signProposal(encodeManifest(blocks))
  }
  async function expectAsFresh(): Promise<readonly string[]> {
    await l1.reached(node)
    const fresh = await l1.startNode()
    await l1.reached(fresh)
    const hashes = await hashesOf(node)
    expect(hashes).toEqual(await hashesOf(fresh))
    return hashes
  }
  const faultsOf = async (proposalId: bigint) =>
    (await node.chain.proposal(proposalId))?.sources.map(({ fault }) => fault?.name)

  test(
    'follows three reorgs to the blocks a fresh node derives',
    async () => {
      const proposals: `0x${string}`[] = []
      for (let nonce = 0; nonce < 3; nonce++) {
        const proposal = await signProposal(nonce)
        proposals.push(proposal)
        await l1.send(proposal)
        await l1.mine(2)
      }
      const before = await expectAsFresh()
      expect(before).toHaveLength(7)
      expect(await Promise.all([1n, 2n, 3n].map(faultsOf))).toEqual([[undefined], [undefined], [undefined]])

      // The last proposal goes, and comes back three blocks later: anchored below the reorg, it makes the same blocks of L2.
      const l1Block = (await node.chain.proposal(3n))!.l1.blockNumber
      await l1.request('anvil_reorg', [2, []])
      await l1.reached(node)
      expect(await hashesOf(node)).toEqual(before.slice(0, 5))
      await l1.mine()
      await l1.send(proposals[2]!)
      await l1.mine()
      expect(await expectAsFresh()).toEqual(before)
      expect((await node.chain.proposal(3n))!.l1.blockNumber).toBe(l1Block + 3n)

      // Deeper: the last two come back late, and what the third is anchored to is another block of L1 now.
      await l1.request('anvil_reorg', [6, []])
      await l1.send(proposals[1]!)
      await l1.mine()
      await l1.send(proposals[2]!)
      await l1.mine()
      const late = await expectAsFresh()
      expect(late).toHaveLength(7)
      expect(late.slice(0, 5)).toEqual(before.slice(0, 5))
      expect(late.slice(5)).not.toEqual(before.slice(5))

      // And once more, for good: nothing comes back.
      await l1.request('anvil_reorg', [2, []])
      await l1.mine(3)
      expect(await expectAsFresh()).toEqual(before.slice(0, 3))
      expect(node.chain.heads().finalized.number).toBe(0n)
    },
    TIMEOUT_MS,
  )
})
