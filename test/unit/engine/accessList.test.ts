import { expect, test } from 'vitest'
import { createAccessList } from '../../../src/engine/accessList.ts'
import type { CallRequest } from '../../../src/engine/engine.ts'
import { type BlockHeader, EMPTY_OMMERS_HASH } from '../../../src/primitives/header.ts'
import { type Address, bytesToHex, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../../src/primitives/keccak.ts'
import { ancestorHash, BASE_FEE, COINBASE, SPEC, stateWith } from '../../support/engineChain.ts'

const ALICE: Address = `0x${'a1'.repeat(20)}`
const CONTRACT: Address = `0x${'cc'.repeat(20)}`
const OTHER: Address = `0x${'dd'.repeat(20)}`

const header: BlockHeader = {
  ...{ parentHash: ZERO_HASH, ommersHash: EMPTY_OMMERS_HASH, coinbase: COINBASE, stateRoot: ZERO_HASH },
  ...{ transactionsRoot: EMPTY_TRIE_ROOT, receiptsRoot: EMPTY_TRIE_ROOT, logsBloom: new Uint8Array(256) },
  ...{ difficulty: 0n, number: 300n, gasLimit: 30_000_000n, gasUsed: 0n, timestamp: 1_800_000_000n },
  ...{ extraData: new Uint8Array(0), mixHash: ZERO_HASH, nonce: new Uint8Array(8), baseFeePerGas: BASE_FEE },
}

function listFor(code: string, request: CallRequest = {}, other = '') {
  return createAccessList({
    ...{ execution: { type: 'rollup', spec: SPEC }, header, ancestorHash },
    request: { from: ALICE, to: CONTRACT, ...request },
    state: stateWith({
      [CONTRACT]: { code: `0x${code}`, storage: { [ZERO_HASH]: '0x05' } },
      [OTHER]: { code: `0x${other}` },
    }),
  })
}

async function entries(...asked: Parameters<typeof listFor>) {
  const result = await listFor(...asked)
  if (result.type === 'refused') throw new Error(result.reason)
  const { list, ...rest } = result
  return { ...rest, list: list.map(({ address, slots }) => [bytesToHex(address), ...slots.map(bytesToHex)]) }
}

const slot = (digit: string) => `0x${digit.padStart(64, '0')}`
/** CALL(gas, address, 0) */
const callTo = (address: Address) => `5f5f5f5f5f73${address.slice(2)}5af150`

test('lists the slots of the receiver and the accounts that are called, sorted, without sender, precompiles and the rest that is warm', async () => {
  // SLOAD(2), SLOAD(0), BALANCE(ALICE), call of the identity precompile.
  const code = `60025450 5f5450 73${ALICE.slice(2)}3150 ${callTo(`0x${'4'.padStart(40, '0')}`)}${callTo(OTHER)}`
  const { list, error } = await entries(code.replaceAll(' ', ''), {}, '60075450')
  expect(list).toEqual([
    [CONTRACT, slot('0'), slot('2')],
    [OTHER, slot('7')],
  ])
  expect(error).toBeUndefined()
})

test('leaves out an account of the receiver’s without slots', async () => {
  expect((await entries('00')).list).toEqual([])
  expect((await entries(`73${OTHER.slice(2)}3b50`)).list).toEqual([[OTHER]])
})

test('counts the gas of the message with its list', async () => {
  // One cold SLOAD with its PUSH0: 2 + 2100 without a list; 2 + 100 with it, and 2400 + 1900 for the list.
  const { gasUsed } = await entries('5f54')
  expect(gasUsed).toBe(21_000n + 2n + 100n + 2_400n + 1_900n)
})

test('goes on until the list no longer changes: what it costs may send the message another way', async () => {
  // Reads slot 1, and slot 3 if less than 75,000 gas is left: 76,893 is without a list, 74,593 with slot 1 in it.
  const code = '600154505a620124f811600e57005b60035400'
  expect((await entries(code, { gas: 100_000n })).list).toEqual([[CONTRACT, slot('1'), slot('3')]])
})

test('says why the message fails all the same', async () => {
  const { list, error } = await entries('5f545f5ffd')
  expect(list).toEqual([[CONTRACT, slot('0')]])
  expect(error).toBe('execution reverted')
})

test('refuses a message that cannot run', async () => {
  const result = await listFor('00', { gas: 20_000n })
  expect(result).toEqual({ type: 'refused', reason: 'intrinsic gas too low: have 20000, want 21000' })
  const value = await listFor('00', { value: 1n })
  expect(value).toMatchObject({ type: 'refused', reason: expect.stringMatching(/^insufficient funds/) })
})

test('begins with the list that is given', async () => {
  const given = [{ address: hexToBytes(OTHER), slots: [hexToBytes(slot('9'))] }]
  expect((await entries('00', { accessList: given })).list).toEqual([[OTHER, slot('9')]])
})
