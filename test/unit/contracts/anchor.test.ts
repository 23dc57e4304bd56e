/**
 * Our anchor against live chains: on the state before a captured block it must find, in the slot the chain's own contract
 * wrote, the ancestors hash it computes itself. And on our devnet's genesis, as block 1 finds it.
 */
import { decodeErrorResult, encodeErrorResult } from 'viem'
import { expect, test } from 'vitest'
import type { CallResult, StateOverrides } from '../../../src/engine/engine.ts'
import { buildGenesis } from '../../../src/engine/genesis.ts'
import { createEmptyState, createWitnessState } from '../../../src/engine/state/witness.ts'
import { createEngine } from '../../../src/engine/vm.ts'
import { bytesToBigint } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { GOLDEN_TOUCH_ADDRESS } from '../../../src/protocol/goldenTouch.ts'
import { encodeAnchorV4 } from '../../../src/protocol/shasta/anchor.ts'
import { anchorAddressOf } from '../../../src/spec/address.ts'
import { createDevnetSpec } from '../../../src/spec/devnet.ts'
import { readArtifact, readGenesis } from '../../support/contracts/artifacts.ts'
import { type EngineCase, hasGuestInputs, loadGuestInput } from '../../support/engineFixtures.ts'

const { abi } = readArtifact('Anchor')
const genesisFile = readGenesis()
const chainId = BigInt(genesisFile.config.chainId)
const anchorAddress = anchorAddressOf(chainId)
const anchorCode = hexToBytes(genesisFile.alloc[anchorAddress]!.code!)
const storeAddress: Address = `${anchorAddress.slice(0, -5) as Hex}00005`

const slot = (number: bigint): Hash => `0x${number.toString(16).padStart(64, '0')}`
/** Where Anchor.sol, as the live one, keeps the anchor's number and the ancestors hash. */
const ANCHOR_NUMBER_SLOT = slot(256n)
const ANCESTORS_HASH_SLOT = slot(257n)
/** Where the anchor of Ontake kept the same hash (`publicInputHash`). */
const PUBLIC_INPUT_HASH_SLOT = slot(252n)

/** Block 0 is newer than no block, so nothing is saved and the call is about the ancestors alone. */
const ANCHOR_NOTHING = encodeAnchorV4({ number: 0n, hash: slot(1n), stateRoot: slot(1n) })
const MISMATCH = encodeErrorResult({ abi, errorName: 'AncestorsHashMismatch' })

function anchorOn(block: EngineCase, stateDiff: ReadonlyMap<Hex, Uint8Array>): Promise<CallResult> {
  const overrides: StateOverrides = new Map([[block.spec.l2.anchor, { code: anchorCode, stateDiff }]])
  return createEngine({ spec: block.spec }).call({
    request: { from: GOLDEN_TOUCH_ADDRESS, to: block.spec.l2.anchor, data: ANCHOR_NOTHING },
    header: block.expected,
    state: createWitnessState(block.witness),
    ancestorHash: block.ancestorHash,
    overrides,
  })
}

test.skipIf(!hasGuestInputs)('continues a live Shasta chain on its own storage, block by block', async () => {
  for (const block of loadGuestInput('surge')) {
    expect(await anchorOn(block, new Map())).toMatchObject({ succeeded: true })
    const wrong = await anchorOn(block, new Map([[ANCESTORS_HASH_SLOT, hexToBytes(slot(7n))]]))
    expect(bytesToHex(wrong.returnData)).toBe(MISMATCH)
  }
})

test.skipIf(!hasGuestInputs)('computes the hash over 255 ancestors that mainnet holds', async () => {
  const [block] = loadGuestInput('ontake')
  const state = createWitnessState(block!.witness)
  const mainnetHash = await state.storage(block!.spec.l2.anchor, PUBLIC_INPUT_HASH_SLOT)
  expect(mainnetHash).toHaveLength(32)
  const zero = hexToBytes(slot(0n))
  const given = (ancestorsHash: Uint8Array) =>
    new Map([
      [ANCHOR_NUMBER_SLOT, zero],
      [ANCESTORS_HASH_SLOT, ancestorsHash],
    ])
  expect(await anchorOn(block!, given(mainnetHash))).toMatchObject({ succeeded: true })
  const flipped = Uint8Array.from(mainnetHash, (byte, i) => (i === 31 ? byte ^ 1 : byte))
  expect(bytesToHex((await anchorOn(block!, given(flipped))).returnData)).toBe(MISMATCH)
})

test('the devnet genesis has the root its file says, and predeploys that know each other', async () => {
  const genesis = buildGenesis(genesisFile)
  expect(genesis.stateRoot).toBe(genesisFile.stateRoot)
  expect(genesis.header).toMatchObject({ number: 0n, timestamp: 0n, gasLimit: 15_000_000n })
  expect(genesis.header.baseFeePerGas).toBe(10_000_000n)

  const call = devnetCaller(genesis)
  const wordOf = async (to: Address, signature: Hex) => {
    const { succeeded, returnData } = await call(0n, { to, data: hexToBytes(signature) })
    expect(succeeded).toBe(true)
    return bytesToBigint(returnData)
  }
  // checkpointStore() of the anchor, writer() of the store.
  expect(await wordOf(anchorAddress, '0x955a7244')).toBe(BigInt(storeAddress))
  expect(await wordOf(storeAddress, '0x453a2abc')).toBe(BigInt(anchorAddress))
})

test('block 1 anchors on the devnet genesis within its gas, and nobody else can', async () => {
  const call = devnetCaller(buildGenesis(genesisFile))
  const data = encodeAnchorV4({ number: 84n, hash: slot(5n), stateRoot: slot(6n) })
  const anchored = await call(1n, { from: GOLDEN_TOUCH_ADDRESS, to: anchorAddress, data, gas: 1_000_000n })
  expect(anchored).toMatchObject({ succeeded: true })
  const refused = await call(1n, { from: storeAddress, to: anchorAddress, data, gas: 1_000_000n })
  expect(decodeErrorResult({ abi, data: bytesToHex(refused.returnData) }).errorName).toBe('InvalidSender')
})

function devnetCaller({ changes, header, hash, stateRoot }: ReturnType<typeof buildGenesis>) {
  const spec = createDevnetSpec({
    l1ChainId: 31337n,
    l2ChainId: chainId,
    inbox: slot(1n).slice(0, 42) as Address,
    startBlock: 0n,
    genesisTime: 0n,
    secondsPerSlot: 12n,
    genesis: { hash, stateRoot },
  })
  const engine = createEngine({ spec })
  const state = createEmptyState().after(changes)
  return (
    number: bigint,
    request: { from?: Address; to: Address; data: Uint8Array; gas?: bigint },
  ): Promise<CallResult> =>
    engine.call({ request, header: { ...header, number }, state, ancestorHash: () => hash })
}
