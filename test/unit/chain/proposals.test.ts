/** Ids of proposals begin anew with an inbox: Pacaya counts batches, the forks before it blocks, and Shasta from 1 again. */
import { afterEach, expect, test } from 'vitest'
import type { BlockOrigin, StoredProposal } from '../../../src/chain/chain.ts'
import { findLandedBy, readLanded } from '../../../src/preconf/promises/landed.ts'
import { ZERO_HASH } from '../../../src/primitives/hex.ts'
import { orderingProviderJson } from '../../../src/rpc/based/ordering.ts'
import { emptyBlock, emptyBlocks } from '../../support/rpcFakes.ts'
import { createTestChain, type TestChain, testSpec } from '../../support/rpcServer.ts'

const FORKS = ['ontake', 'pacaya', 'shasta'] as const
const proposerOf = (number: bigint) => `0x${`0${number}`.repeat(20)}` as const

/** Proposal 1 of three forks, one after the other; each makes one block. */
const proposals = FORKS.map((fork, index): StoredProposal => {
  const number = BigInt(index + 1)
  return {
    ...{ id: 1n, fork, hash: ZERO_HASH, proposer: proposerOf(number), timestamp: 100n * number },
    l1: { blockNumber: 10n * number, blockHash: ZERO_HASH, transactionHash: ZERO_HASH, logIndex: 0 },
    ...{ firstBlock: number, lastBlock: number },
    sources: [{ isForcedInclusion: false, blobHashes: [], offset: 0 }],
  }
})

const originOf = ({ fork }: StoredProposal): BlockOrigin => ({
  ...{ fork, proposalId: 1n, sourceIndex: 0, isForcedInclusion: false, indexInSource: 0 },
  anchorBlock: { number: 1n, hash: ZERO_HASH, parentHash: ZERO_HASH, timestamp: 0n, stateRoot: ZERO_HASH },
  ...{ listed: [], dropped: [] },
})

let open: TestChain | undefined
afterEach(() => open?.close())

test('a block of an older fork is of its own proposal, not of the newest with its number', async () => {
  const genesis = emptyBlock(0n)
  open = await createTestChain(genesis)
  const { chain, commit } = open
  const origins = new Map(proposals.map((proposal) => [proposal.firstBlock, originOf(proposal)]))
  await commit({ blocks: emptyBlocks(1n, 3, genesis.hash), origins, proposals })
  expect((await chain.proposal(1n))?.fork).toBe('shasta')
  for (const [index, fork] of FORKS.entries()) {
    const number = BigInt(index + 1)
    expect((await chain.proposal(1n, number))?.fork).toBe(fork)
    expect((await readLanded(chain, number))?.landed.proposer).toBe(proposerOf(number))
    const said = await orderingProviderJson({ chain, spec: testSpec(1n) }, number)
    expect(said).toMatchObject({ proposer: proposerOf(number) })
  }
  expect(await chain.proposal(1n, 0n)).toBeUndefined()
  expect([await findLandedBy(chain, 250n), await findLandedBy(chain, 150n)]).toEqual([2n, 1n])
})
