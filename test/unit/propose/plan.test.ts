import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { chooseGasLimit, createWindow, planBlocks } from '../../../src/propose/plan.ts'
import type { ManifestBlock, ParentContext, Proposal } from '../../../src/protocol/protocol.ts'
import { checkSource, gasLimitWithoutAnchor } from '../../../src/protocol/shasta/rules.ts'
import { createDevnetSpec } from '../../../src/spec/devnet.ts'

const SPEC = createDevnetSpec({
  l1ChainId: 1n,
  l2ChainId: 1670042n,
  inbox: ZERO_ADDRESS,
  startBlock: 0n,
  genesisTime: 0n,
  secondsPerSlot: 12n,
  genesis: { hash: ZERO_HASH, stateRoot: ZERO_HASH },
})

const DEFAULT: ManifestBlock = {
  timestamp: 0n,
  coinbase: ZERO_ADDRESS,
  anchorBlockNumber: 0n,
  gasLimit: 0n,
  transactions: [],
}

function proposalAt(timestamp: bigint, originBlockNumber: bigint, forced: number): Proposal {
  const blobSlice = { blobHashes: [ZERO_HASH], offset: 0, timestamp }
  return {
    fork: 'shasta',
    id: 1n,
    proposer: ZERO_ADDRESS,
    timestamp,
    originBlockNumber,
    originBlockHash: ZERO_HASH,
    basefeeSharingPctg: 75,
    sources: [
      ...Array.from({ length: forced }, () => ({ isForcedInclusion: true, blobSlice })),
      { isForcedInclusion: false, blobSlice },
    ],
    hash: ZERO_HASH,
    l1: { blockNumber: 0n, blockHash: ZERO_HASH, transactionHash: ZERO_HASH, logIndex: 0 },
    details: undefined,
  }
}

/** Parent after the forced sources, each of which makes one block. */
function afterForced(proposal: Proposal, parent: ParentContext): ParentContext {
  let rolled = parent
  for (const [sourceIndex, { isForcedInclusion }] of proposal.sources.entries()) {
    if (!isForcedInclusion) continue
    const decoded = { blocks: [DEFAULT] }
    const { blocks } = checkSource({ spec: SPEC, proposal, sourceIndex, decoded, parent: rolled })
    const [block] = blocks
    rolled = {
      ...rolled,
      number: rolled.number + 1n,
      timestamp: block!.timestamp,
      gasLimit: block!.gasLimit + 1_000_000n,
    }
  }
  return rolled
}

const arbitrary = fc.record({
  l1HeadNumber: fc.bigInt(1n, 500n),
  /** Seconds by which the parent block is behind L1's head; negative when default blocks have run ahead. */
  parentAge: fc.bigInt(-30n, 3000n),
  anchorAge: fc.bigInt(0n, 300n),
  parentNumber: fc.bigInt(0n, 3n),
  gasLimit: fc.bigInt(9_000_000n, 46_000_000n),
  gasTarget: fc.bigInt(5_000_000n, 60_000_000n),
  slots: fc.bigInt(0n, 64n),
  forcedBlocks: fc.integer({ min: 0, max: 10 }),
  wantedBlocks: fc.integer({ min: 1, max: 192 }),
  blockTime: fc.bigInt(1n, 12n),
  anchorLag: fc.bigInt(0n, 10n),
})

test('what is planned is accepted in every slot of the window, whatever the parent', () => {
  let planned = 0
  fc.assert(
    fc.property(arbitrary, (input) => {
      const headTime = 10_000n + input.l1HeadNumber * 12n
      const window = createWindow(SPEC, headTime, input.slots)
      const parent = {
        number: input.parentNumber,
        hash: ZERO_HASH,
        timestamp: headTime - input.parentAge,
        gasLimit: input.gasLimit,
        anchorBlockNumber: input.l1HeadNumber > input.anchorAge ? input.l1HeadNumber - input.anchorAge : 0n,
      } as ParentContext
      const plan = planBlocks({ spec: SPEC, window, parent, ...input })
      if (plan.type === 'wait') {
        // Only ever because of time or anchor, and never for a parent that is a slot behind in both.
        expect(input.parentAge <= BigInt(input.forcedBlocks) - 12n || input.anchorAge === 0n).toBe(true)
        return
      }
      planned++
      expect(plan.timestamps.length).toBeLessThanOrEqual(input.wantedBlocks)
      for (let delay = 0n; delay <= input.slots; delay++) {
        const timestamp = window.earliest + delay * 12n
        const proposal = proposalAt(timestamp, input.l1HeadNumber + delay, input.forcedBlocks)
        const rolled = afterForced(proposal, parent)
        let gasLimit = gasLimitWithoutAnchor(rolled)
        const blocks = plan.timestamps.map((timestamp) => {
          gasLimit = chooseGasLimit(gasLimit, input.gasTarget)
          return { ...DEFAULT, timestamp, anchorBlockNumber: plan.anchorBlockNumber, gasLimit }
        })
        const checked = checkSource({
          spec: SPEC,
          proposal,
          sourceIndex: input.forcedBlocks,
          decoded: { blocks },
          parent: rolled,
        })
        expect(checked).toEqual({ blocks })
      }
    }),
    { numRuns: 400 },
  )
  expect(planned).toBeGreaterThan(200)
})

test('the gas limit moves towards the target as fast as the rules allow', () => {
  let gasLimit = 15_000_000n
  for (let i = 0; i < 5; i++) gasLimit = chooseGasLimit(gasLimit, 30_000_000n)
  expect(gasLimit).toBe(15_015_004n)
  expect(chooseGasLimit(44_999_999n, 60_000_000n)).toBe(45_000_000n)
  expect(chooseGasLimit(15_000_000n, 15_000_001n)).toBe(15_000_001n)
})
