import { describe, expect, test } from 'vitest'
import type { CallRequest, StateOverrides } from '../../../src/engine/engine.ts'
import { createEngine } from '../../../src/engine/vm.ts'
import { bytesToBigint, toWord } from '../../../src/primitives/bytes.ts'
import { type BlockHeader, EMPTY_OMMERS_HASH } from '../../../src/primitives/header.ts'
import { type Address, type Hex, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../../src/primitives/keccak.ts'
import { ancestorHash, BASE_FEE, COINBASE, ETHER, SPEC, stateWith } from '../../support/engineChain.ts'

const ALICE: Address = `0x${'a1'.repeat(20)}`
const CONTRACT: Address = `0x${'cc'.repeat(20)}`
const SLOT_0: Hex = ZERO_HASH

const header: BlockHeader = {
  parentHash: `0x${'aa'.repeat(32)}`,
  ommersHash: EMPTY_OMMERS_HASH,
  coinbase: COINBASE,
  stateRoot: ZERO_HASH,
  transactionsRoot: EMPTY_TRIE_ROOT,
  receiptsRoot: EMPTY_TRIE_ROOT,
  logsBloom: new Uint8Array(256),
  difficulty: 0n,
  number: 300n,
  gasLimit: 30_000_000n,
  gasUsed: 0n,
  timestamp: 1_800_000_000n,
  extraData: new Uint8Array(0),
  mixHash: `0x${'bb'.repeat(32)}`,
  nonce: new Uint8Array(8),
  baseFeePerGas: BASE_FEE,
}

/** Runs `code` as a contract and reads what it returns. */
async function call(code: string, request: CallRequest = {}, overrides?: StateOverrides) {
  const state = stateWith({
    [ALICE]: { balance: ETHER, nonce: 7n, code: '0x00' },
    [CONTRACT]: { code: `0x${code}`, storage: { [SLOT_0]: '0x05' } },
  })
  const before = state.stateRoot
  const result = await createEngine({ spec: SPEC }).call({
    request: { to: CONTRACT, ...request },
    header,
    state,
    ancestorHash,
    ...(overrides !== undefined && { overrides }),
  })
  expect(state.stateRoot).toBe(before)
  return result
}

/** PUSH0 MSTORE, PUSH1 32 PUSH0 RETURN: returns the top of the stack as a word. */
const RETURN_TOP = '5f5260205ff3'
const word = async (code: string, request?: CallRequest, overrides?: StateOverrides) => {
  const { succeeded, returnData } = await call(code + RETURN_TOP, request, overrides)
  expect(succeeded).toBe(true)
  return bytesToBigint(returnData)
}

test('sees the block of the header it is asked at', async () => {
  expect(await word('43')).toBe(300n)
  expect(await word('42')).toBe(1_800_000_000n)
  expect(await word('41')).toBe(bytesToBigint(hexToBytes(COINBASE)))
  expect(await word('45')).toBe(30_000_000n)
  expect(await word('44')).toBe(BigInt(`0x${'bb'.repeat(32)}`))
  expect(await word('46')).toBe(SPEC.l2.chainId)
})

test('block hashes: the parent from the header, 256 ancestors, zero beyond', async () => {
  expect(await word('61012b40')).toBe(BigInt(header.parentHash))
  expect(await word('602c40')).toBe(44n)
  expect(await word('602b40')).toBe(0n)
  expect(await word('61012c40')).toBe(0n)
})

describe('gas price', () => {
  test('a call that offers none runs at price and base fee zero', async () => {
    expect(await word('3a')).toBe(0n)
    expect(await word('48')).toBe(0n)
  })

  test('one that offers a price sees it and the base fee, and its sender has paid the gas limit ahead', async () => {
    const request = { from: ALICE, gas: 100_000n, gasPrice: BASE_FEE + 1n }
    expect(await word('3a', request)).toBe(BASE_FEE + 1n)
    expect(await word('48', request)).toBe(BASE_FEE)
    expect(await word('3331', request)).toBe(ETHER - 100_000n * (BASE_FEE + 1n))
    const capped = { from: ALICE, gas: 100_000n, maxFeePerGas: BASE_FEE + 5n, maxPriorityFeePerGas: 2n }
    expect(await word('3a', capped)).toBe(BASE_FEE + 2n)
  })

  test.each([
    ['a fee below the base fee', { gasPrice: BASE_FEE - 1n }, 'max fee per gas less than block base fee'],
    [
      'a tip above the fee',
      { maxFeePerGas: BASE_FEE, maxPriorityFeePerGas: BASE_FEE + 1n },
      'max priority fee per gas higher',
    ],
    [
      'a balance below gas and value',
      { gasPrice: BASE_FEE, gas: 10n ** 10n },
      'insufficient funds for gas * price + value',
    ],
    ['a balance below the value', { value: 2n * ETHER }, 'insufficient funds for gas * price + value'],
    ['a gas limit below the intrinsic', { gas: 20_999n }, 'intrinsic gas too low: have 20999, want 21000'],
  ] satisfies [string, CallRequest, string][])('%s is refused before it runs', async (_, request, reason) => {
    const result = await call('00', { from: ALICE, ...request })
    expect(result).toMatchObject({ succeeded: false, gasUsed: 0n })
    expect(result.error).toContain(reason)
  })
})

test('nonce and code of the sender never stop a call', async () => {
  expect(await word('33', { from: ALICE })).toBe(bytesToBigint(hexToBytes(ALICE)))
})

test('a revert carries its data, other failures their name', async () => {
  const reverted = await call('602a5f5260205ffd')
  expect(reverted).toMatchObject({ succeeded: false, error: 'revert', returnData: toWord(42n) })
  expect(reverted.gasUsed).toBeGreaterThan(21_000n)
  expect(await call('fe')).toMatchObject({ succeeded: false, error: 'invalid opcode' })
  expect(await call('5b5f56', { gas: 30_000n })).toMatchObject({ error: 'out of gas', gasUsed: 30_000n })
})

test('a creation answers the code it would leave', async () => {
  const state = stateWith({})
  const engine = createEngine({ spec: SPEC })
  // Returns one byte of code, 0xfe.
  const request = { data: hexToBytes('0x60fe5f5360015ff3') }
  const created = await engine.call({ request, header, state, ancestorHash })
  expect(created).toMatchObject({ succeeded: true, returnData: Uint8Array.of(0xfe) })
  const tooLarge = await engine.call({
    request: { data: new Uint8Array(49_153) },
    header,
    state,
    ancestorHash,
  })
  expect(tooLarge.error).toBe('max initcode size exceeded: code size 49153 limit 49152')
})

test('overrides change what is read, of accounts that exist and that do not', async () => {
  const overrides: StateOverrides = new Map<Address, object>([
    [CONTRACT, { stateDiff: new Map([[SLOT_0, toWord(77n)]]), balance: 3n }],
    [`0x${'ee'.repeat(20)}`, { code: hexToBytes('0xfefefe'), nonce: 9n }],
  ])
  expect(await word('5f54')).toBe(5n)
  expect(await word('5f54', {}, overrides)).toBe(77n)
  expect(await word('47', {}, overrides)).toBe(3n)
  expect(await word(`73${'ee'.repeat(20)}3b`, {}, overrides)).toBe(3n)
})
