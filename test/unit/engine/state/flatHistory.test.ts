import { verifyMerkleProof } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { describe, expect, test } from 'vitest'
import { MissingStateError, type StateSource } from '../../../../src/engine/state/source.ts'
import { bytesToHex, hexToBytes } from '../../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../../../../src/primitives/keccak.ts'
import {
  addressOf,
  cloneModel,
  createRandom,
  type ModelState,
  modelRoot,
  randomBlock,
  slotOf,
} from '../../../support/stateBlocks.ts'
import { createTestChain, type TestChain } from '../../../support/stateChain.ts'

const SHAPE = { accounts: 40, slots: 25, touches: 9, deletes: 35 }
const ALL_ADDRESSES = Array.from({ length: SHAPE.accounts + 2 }, (_, i) => addressOf(i))
const NOTHING = { accounts: new Map(), storage: new Map(), code: new Map() }
const ALL_SLOTS = Array.from({ length: SHAPE.slots + 2 }, (_, i) => slotOf(i))

async function expectState(source: StateSource, model: ModelState): Promise<void> {
  for (const address of ALL_ADDRESSES) {
    const account = await source.account(address)
    const expected = model.get(address)
    if (expected === undefined) expect(account).toBe(null)
    else {
      const { nonce, balance, codeHash } = expected
      expect(account).toMatchObject({ nonce, balance, codeHash })
      expect((await source.code(codeHash)).length > 0).toBe(codeHash !== EMPTY_CODE_HASH)
    }
    for (const slot of ALL_SLOTS)
      expect(bytesToHex(await source.storage(address, slot))).toBe(
        bytesToHex(expected?.storage.get(slot) ?? new Uint8Array(0)),
      )
  }
}

describe('the state after every block of the past', () => {
  for (const seed of [31, 32]) {
    test(`reads as it was recorded, seed ${seed}`, async () => {
      const chain = await createTestChain({ seed, shape: SHAPE, state: { nodeWindowBlocks: 5 } })
      await chain.grow(25)
      await chain.rewind(20)
      await chain.grow(8)
      for (const [number, model] of chain.models.entries()) {
        const source = await chain.state.at(BigInt(number))
        expect(source.stateRoot).toBe(await modelRoot(model))
        await expectState(source, model)
      }
      await chain.close()
    })
  }

  test('goes on reading the same while the head moves', async () => {
    const chain = await createTestChain({ seed: 33, shape: SHAPE })
    await chain.grow(5)
    const source = await chain.state.at(5n)
    const model = chain.models[5]!
    await chain.grow(10)
    await expectState(source, model)
    await chain.close()
  })

  for (const seed of [34, 35]) {
    test(`has the root that other changes would make of it, seed ${seed}`, async () => {
      const chain = await createTestChain({ seed, shape: SHAPE, state: { nodeWindowBlocks: 12 } })
      await chain.grow(20)
      await chain.rewind(17)
      await chain.grow(3)
      for (const number of [20, 19, 14, 9]) {
        const model = cloneModel(chain.models[number]!)
        const changes = randomBlock(createRandom(number * 7), model, SHAPE)
        const source = await chain.state.at(BigInt(number))
        expect(await source.rootAfter(changes)).toBe(await modelRoot(model))
      }
      const old = await chain.state.at(3n)
      await expect(old.rootAfter(NOTHING)).rejects.toThrow(MissingStateError)
      await chain.close()
    })
  }

  test('is not there for blocks that are not', async () => {
    const chain = await createTestChain({ seed: 34, shape: SHAPE })
    await chain.grow(2)
    for (const number of [-1n, 3n]) await expect(chain.state.at(number)).rejects.toThrow(MissingStateError)
    await chain.close()
  })
})

/** Every address and slot, there or not, proven and checked against the root by @ethereumjs/mpt. */
async function expectProofs(chain: TestChain, number: number): Promise<void> {
  const model = chain.models[number]!
  const root = hexToBytes(await modelRoot(model))
  for (const address of ALL_ADDRESSES) {
    const proof = await chain.state.proof(address, ALL_SLOTS, BigInt(number))
    const leaf = await verifyMerkleProof(hexToBytes(address), [...proof.accountProof], {
      root,
      useKeyHashing: true,
    })
    const expected = model.get(address)
    expect(leaf === null).toBe(expected === undefined)
    expect(proof.account === null).toBe(expected === undefined)
    if (leaf === null || proof.account === null) continue
    const storageRoot = (RLP.decode(leaf) as Uint8Array[])[2]!
    expect(bytesToHex(storageRoot)).toBe(proof.account.storageRoot)
    for (const { slot, value, proof: nodes } of proof.storageProofs) {
      expect(bytesToHex(value)).toBe(bytesToHex(expected?.storage.get(slot) ?? new Uint8Array(0)))
      if (proof.account.storageRoot === EMPTY_TRIE_ROOT) {
        expect(nodes).toEqual([])
        continue
      }
      const stored = await verifyMerkleProof(hexToBytes(slot), [...nodes], {
        root: storageRoot,
        useKeyHashing: true,
      })
      expect(stored === null ? '0x' : bytesToHex(RLP.decode(stored) as Uint8Array)).toBe(bytesToHex(value))
    }
  }
}

describe('proofs', () => {
  for (const seed of [41, 42]) {
    test(`of every account and slot, at the head and in the window, verify against the root, seed ${seed}`, async () => {
      const chain = await createTestChain({ seed, shape: SHAPE, state: { nodeWindowBlocks: 8 } })
      await chain.grow(20)
      for (const number of [20, 19, 16, 12]) await expectProofs(chain, number)
      await chain.rewind(17)
      await chain.grow(2)
      for (const number of [19, 17, 14]) await expectProofs(chain, number)
      await chain.close()
    })
  }

  test('older than the window are refused, and the window starts anew behind a rewind past it', async () => {
    const chain = await createTestChain({ seed: 43, shape: SHAPE, state: { nodeWindowBlocks: 8 } })
    await chain.grow(20)
    await expect(chain.state.proof(addressOf(1), [], 11n)).rejects.toThrow(/older than those kept for proofs/)
    await chain.rewind(4)
    await chain.grow(3)
    for (const number of [4, 5, 7]) await expectProofs(chain, number)
    await expect(chain.state.proof(addressOf(1), [], 3n)).rejects.toThrow(/older than those kept for proofs/)
    await chain.close()
  })

  test('of a state without accounts are empty', async () => {
    const chain = await createTestChain({ seed: 44, shape: { ...SHAPE, touches: 0 } })
    expect(await chain.state.proof(addressOf(1), [slotOf(1)], 0n)).toEqual({
      account: null,
      accountProof: [],
      storageProofs: [{ slot: slotOf(1), value: new Uint8Array(0), proof: [] }],
    })
    await chain.close()
  })
})
