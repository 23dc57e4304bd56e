import { expect, test } from 'vitest'
import { idToString, toLatin1 } from '../../../../src/engine/state/flatKeys.ts'
import {
  decodeAccountRow,
  encodeAccountRow,
  encodeSlotRow,
  slotLeafValue,
  slotRowSlot,
  slotRowValue,
} from '../../../../src/engine/state/flatRows.ts'
import { hexToBytes } from '../../../../src/primitives/hex.ts'
import {
  EMPTY_CODE_HASH,
  EMPTY_TRIE_ROOT,
  keccak256,
  keccak256Hex,
} from '../../../../src/primitives/keccak.ts'
import { encodeRlp } from '../../../../src/primitives/rlp.ts'
import { addressOf, slotOf } from '../../../support/stateBlocks.ts'
import { createTestChain } from '../../../support/stateChain.ts'

test('accounts go into a row and come out, plain ones in a few bytes', () => {
  const plain = { nonce: 7n, balance: 10n ** 18n, storageRoot: EMPTY_TRIE_ROOT, codeHash: EMPTY_CODE_HASH }
  const contract = {
    ...plain,
    storageRoot: keccak256Hex(Uint8Array.of(1)),
    codeHash: keccak256Hex(Uint8Array.of(2)),
  }
  for (const [state, storageId] of [
    [plain, 0],
    [contract, 1],
    [contract, 2 ** 32 - 1],
  ] as const) {
    const row = { address: addressOf(5), state, storageId }
    expect(decodeAccountRow(encodeAccountRow(row))).toEqual(row)
  }
  expect(encodeAccountRow({ address: addressOf(5), state: plain, storageId: 0 })).toHaveLength(20 + 13)
})

test('slots go into a row and come out, and their leaf is the RLP of the value', () => {
  for (const value of [
    Uint8Array.of(1),
    Uint8Array.of(0x7f),
    Uint8Array.of(0x80),
    new Uint8Array(32).fill(255),
  ]) {
    for (const slot of [slotOf(0), slotOf(255), slotOf(256), keccak256Hex(value)]) {
      const row = encodeSlotRow(slot, value)
      expect(slotRowSlot(row)).toBe(slot)
      expect(slotRowValue(row)).toEqual(value)
      expect(slotLeafValue(row)).toEqual(encodeRlp(value))
    }
  }
})

test('a value with leading zeros, or longer than a word, is refused', () => {
  expect(() => encodeSlotRow(slotOf(1), Uint8Array.of(0, 1))).toThrow(/leading zeros/)
  expect(() => encodeSlotRow(slotOf(1), new Uint8Array(33).fill(1))).toThrow(/more than 32 bytes/)
})

test('every row of a state names the address or slot its key is the hash of', async () => {
  const chain = await createTestChain({
    seed: 71,
    shape: { accounts: 40, slots: 30, touches: 20, deletes: 20 },
  })
  await chain.grow(10)
  for (const { k, v } of await chain.store.all('SELECT k, v FROM state_flat')) {
    const [key, row] = [k as Uint8Array, v as Uint8Array]
    const isAccount = toLatin1(key).startsWith(idToString(0))
    const preimage = isAccount ? decodeAccountRow(row).address : slotRowSlot(row)
    expect(keccak256(hexToBytes(preimage))).toEqual(key.slice(4))
  }
  await chain.close()
})
