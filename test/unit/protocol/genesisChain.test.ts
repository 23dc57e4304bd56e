/**
 * The first blocks on mainnet's genesis, with the contracts that mainnet began with: the anchor contract itself checks the base
 * fee, the ancestors and the parent's gas, and reverts on a difference.
 */
import { describe, expect, test } from 'vitest'
import {
  buildBlock,
  type DerivationContext,
  type ParentBlock,
  readParentContext,
} from '../../../src/derive/blocks.ts'
import { readContractBaseFee, readFeeSlot } from '../../../src/engine/anchorState.ts'
import { buildGenesis } from '../../../src/engine/genesis.ts'
import { createEmptyState, createWitnessState, type WitnessState } from '../../../src/engine/state/witness.ts'
import { createEngine } from '../../../src/engine/vm.ts'
import { bigintToBytes } from '../../../src/primitives/bytes.ts'
import { type Hash, type Hex, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { toProposal } from '../../../src/protocol/genesis/proposals.ts'
import type { L1BlockRef } from '../../../src/protocol/protocol.ts'
import { taikoMainnet as spec } from '../../../src/spec/networks/taikoMainnet.ts'
import { type EngineCase, hasGuestInputs, loadGuestInput } from '../../support/engineFixtures.ts'
import { hasFixture, readJsonFixture, UNKNOWN_L1 } from '../../support/protocolFixtures.ts'

const GENESIS = 'taiko/taiko-mainnet-genesis.json'
/** Gas excess in the lowest 64 bits, then the newest L1 block. */
const FEE_SLOT: Hex = `0x${253n.toString(16).padStart(64, '0')}`
const L1_START = 19_923_613n
const COINBASE = '0xd8da6bf26964af9d7eed9e03e53415d37aa96045'

function l1Block(number: bigint): L1BlockRef {
  const hash: Hash = `0x${number.toString(16).padStart(64, '0')}`
  return { number, hash, parentHash: ZERO_HASH, timestamp: 1_716_600_000n, stateRoot: hash }
}

function proposalOf(id: bigint, l1Height: bigint) {
  const meta = {
    l1Hash: l1Block(l1Height).hash,
    difficulty: `0x${'0d'.repeat(32)}`,
    blobHash: ZERO_HASH,
    extraData: ZERO_HASH,
    depositsHash: ZERO_HASH,
    coinbase: COINBASE,
    id,
    gasLimit: 240_000_000,
    timestamp: 1_716_600_000n + id * 12n,
    l1Height,
    minTier: 200,
    blobUsed: true,
    parentMetaHash: ZERO_HASH,
    sender: COINBASE,
  } as const
  return toProposal({ meta, deposits: 0, timestamp: meta.timestamp, l1: UNKNOWN_L1 })
}

function openGenesis() {
  const genesis = buildGenesis(readJsonFixture(GENESIS))
  const state = createEmptyState().after(genesis.changes)
  return { genesis, state, engine: createEngine({ spec }) }
}

/** A state like `state` whose anchor contract remembers this. */
function remembering(state: WitnessState, excess: bigint, lastSyncedBlock: bigint): WitnessState {
  const value = bigintToBytes(excess | (lastSyncedBlock << 64n))
  const slots = new Map([[FEE_SLOT, value]])
  return state.after({
    accounts: new Map(),
    storage: new Map([[spec.l2.anchor, { cleared: false, slots }]]),
    code: new Map(),
  })
}

describe.skipIf(!hasFixture(GENESIS))("on mainnet's genesis", () => {
  test('every block tells the anchor contract what it wants to hear', async () => {
    const { genesis, engine } = openGenesis()
    let { state } = openGenesis()
    const hashes = new Map([[0n, genesis.hash]])
    let parent: ParentBlock = { header: genesis.header, hash: genesis.hash, grandparentTimestamp: 0n }
    const gasUsed: bigint[] = []
    // The second and third block share an L1 block, as blocks proposed together did.
    for (const [index, l1Height] of [L1_START, L1_START + 2n, L1_START + 2n, L1_START + 5n].entries()) {
      const here = state
      const context: DerivationContext = {
        spec,
        engine,
        stateAfter: () => here,
        anchorBlock: async (_, number) => l1Block(number),
        ancestorHash: (number) => hashes.get(number)!,
      }
      const id = BigInt(index + 1)
      const proposal = proposalOf(id, l1Height)
      const { executed, attributes } = await buildBlock(context, {
        proposal,
        manifest: {
          timestamp: proposal.timestamp,
          coinbase: COINBASE,
          anchorBlockNumber: l1Height,
          gasLimit: 240_000_000n,
          transactions: [],
        },
        blockIndex: 0,
        parent,
        parentContext: await readParentContext(context, proposal, parent, undefined),
      })
      expect(executed.transactions.map(({ receipt }) => receipt.succeeded)).toEqual([true])
      expect(attributes).toMatchObject({ fork: 'genesis', baseFeePerGas: 1n, gasLimit: 240_250_000n })
      state = here.after(executed.changes)
      parent = {
        header: executed.header,
        hash: executed.hash,
        grandparentTimestamp: parent.header.timestamp,
      }
      hashes.set(id, executed.hash)
      gasUsed.push(executed.header.gasUsed)
    }
    expect(parent.header.number).toBe(4n)
    // taiko-geth gives it 250,000 (`AnchorGasLimit`).
    for (const gas of gasUsed) expect(gas).toBeLessThan(250_000n)
  })

  test('a base fee that is not the contract’s does not pass it', async () => {
    const { genesis, state, engine } = openGenesis()
    const parent: ParentBlock = { header: genesis.header, hash: genesis.hash, grandparentTimestamp: 0n }
    const context: DerivationContext = {
      spec,
      engine,
      stateAfter: () => state,
      anchorBlock: async (_, number) => l1Block(number),
      ancestorHash: () => genesis.hash,
    }
    const proposal = proposalOf(1n, L1_START)
    const manifest = {
      timestamp: proposal.timestamp,
      coinbase: COINBASE,
      anchorBlockNumber: L1_START,
      gasLimit: 240_000_000n,
      transactions: [],
    } as const
    const parentContext = await readParentContext(context, proposal, parent, undefined)
    const { executed } = await buildBlock(context, {
      ...{ proposal, manifest, blockIndex: 0, parent },
      parentContext: { ...parentContext, contractBaseFee: 2n },
    })
    expect(executed.transactions.map(({ receipt }) => receipt.succeeded)).toEqual([false])
  })

  // ⌊e^(excess / 480,000,000)⌋, at least 1 (an independent high-precision exponential): the curve of eip1559_on_l2.md without the
  // division that Ontake's has.
  test.each([
    [1n, 1n],
    [332_000_000n, 1n],
    [332_711_000n, 2n],
    [1_000_000_000n, 8n],
    [4_800_000_000n, 22_026n],
    [9_600_000_000n, 485_165_195n],
    [12_345_678_901n, 147_953_574_706n],
  ])('with an excess of %i gas the contract asks for %i wei', async (excess, expected) => {
    const { genesis, state, engine } = openGenesis()
    const question = { spec, engine, header: genesis.header, ancestorHash: () => genesis.hash }
    const ask = (before: bigint, anchorBlockNumber: bigint, gasUsed = 0n) =>
      readContractBaseFee({
        ...question,
        header: { ...genesis.header, gasUsed },
        state: remembering(state, before, L1_START),
        anchorBlockNumber,
      })
    expect(await ask(excess, L1_START)).toBe(expected)
    // The parent's gas adds to it; each L1 block since then issues 60,000,000.
    expect(await ask(excess + 180_000_000n - 15_000_000n, L1_START + 3n, 15_000_000n)).toBe(expected)
    expect(await ask(excess, L1_START + 1_000n)).toBe(1n)
  })
})

// The parent state of mainnet's Ontake block 780,758 holds the code that took its place shortly before Ontake (`9345f14`). The same curve,
// but divided by 480,000,000.
describe.skipIf(!hasGuestInputs)("mainnet's second anchor contract", () => {
  test.each([
    [1n, 1n],
    [9_600_000_000n, 1n],
    [12_345_678_901n, 308n],
    [19_200_000_000n, 490_385_972n],
  ])('with an excess of %i gas asks for %i wei', async (excess, expected) => {
    const [{ witness, parent, ancestorHash }] = loadGuestInput('ontake') as [EngineCase]
    const state = createWitnessState(witness)
    const newest = ((await readFeeSlot(spec, state)) >> 64n) & (2n ** 64n - 1n)
    const question = { spec, engine: createEngine({ spec }), ancestorHash }
    const ask = (before: bigint, anchorBlockNumber: bigint, gasUsed: bigint) =>
      readContractBaseFee({
        ...question,
        header: { ...parent, gasUsed },
        state: remembering(state, before, newest),
        anchorBlockNumber,
      })
    expect(await ask(excess, newest, 0n)).toBe(expected)
    expect(await ask(excess + 180_000_000n - 15_000_000n, newest + 3n, 15_000_000n)).toBe(expected)
    expect(await ask(excess, newest + 1_000n, 0n)).toBe(1n)
  })
})
