import { describe, expect, test } from 'vitest'
import type {
  AccountOverride,
  BlockOverrides,
  CallRequest,
  StateOverrides,
} from '../../../src/engine/engine.ts'
import { createEngine } from '../../../src/engine/vm.ts'
import { bytesToBigint, toWord } from '../../../src/primitives/bytes.ts'
import { type BlockHeader, EMPTY_OMMERS_HASH, headerHash } from '../../../src/primitives/header.ts'
import { type Address, bytesToHex, type Hex, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../../src/primitives/keccak.ts'
import { ancestorHash, BASE_FEE, COINBASE, ETHER, SPEC, stateWith } from '../../support/engineChain.ts'

const ALICE: Address = `0x${'a1'.repeat(20)}`
const CONTRACT: Address = `0x${'cc'.repeat(20)}`
const SLOT_0: Hex = ZERO_HASH
const SLOT_1: Hex = `0x${'1'.padStart(64, '0')}`

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

/** As `eth_call`'s third and fourth parameter. */
async function callWith(
  code: string,
  changes: { readonly overrides?: StateOverrides; readonly blockOverrides?: BlockOverrides },
  request: CallRequest = {},
) {
  const state = stateWith({
    [CONTRACT]: { code: `0x${code}`, storage: { [SLOT_0]: '0x05', [SLOT_1]: '0x06' } },
  })
  return createEngine({ spec: SPEC }).call({
    request: { to: CONTRACT, ...request },
    ...{ header, state, ancestorHash, ...changes },
  })
}

describe('state overrides', () => {
  const SUM = '60015460005401' // SLOAD(1) + SLOAD(0)

  test('replace a whole storage, or some of its slots', async () => {
    const nine = new Map([[SLOT_0, toWord(9n)]])
    const replaced = await callWith(SUM + RETURN_TOP, { overrides: new Map([[CONTRACT, { state: nine }]]) })
    expect(bytesToBigint(replaced.returnData)).toBe(9n)
    const mixed = await callWith(SUM + RETURN_TOP, { overrides: new Map([[CONTRACT, { stateDiff: nine }]]) })
    expect(bytesToBigint(mixed.returnData)).toBe(15n)
    const both = await callWith(SUM, { overrides: new Map([[CONTRACT, { state: nine, stateDiff: nine }]]) })
    expect(both.error).toBe(`account ${CONTRACT} has both 'state' and 'stateDiff'`)
  })

  const SHA256: Address = `0x${'2'.padStart(40, '0')}`
  const ELSEWHERE: Address = `0x${'e1'.repeat(20)}`
  const EMPTY_SHA256 = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

  test('move a precompile, and put code where it was', async () => {
    const code = hexToBytes(`0x602a${RETURN_TOP}`)
    const overrides = new Map([[SHA256, { movePrecompileTo: ELSEWHERE, code }]])
    const moved = await callWith('', { overrides }, { to: ELSEWHERE })
    expect(bytesToHex(moved.returnData)).toBe(EMPTY_SHA256)
    const left = await callWith('', { overrides }, { to: SHA256 })
    expect(bytesToBigint(left.returnData)).toBe(42n)
  })

  test('that contradict themselves are refused in geth’s words', async () => {
    const notOne = new Map([[ALICE, { movePrecompileTo: ELSEWHERE }]])
    expect((await callWith('', { overrides: notOne })).error).toBe(`account ${ALICE} is not a precompile`)
    const taken = new Map<Address, AccountOverride>([
      [SHA256, { movePrecompileTo: ELSEWHERE }],
      [ELSEWHERE, { balance: 1n }],
    ])
    expect((await callWith('', { overrides: taken })).error).toBe(
      `account ${ELSEWHERE} is already overridden`,
    )
  })
})

describe('block overrides', () => {
  const blockOverrides: BlockOverrides = {
    ...{ number: 302n, time: 1_900_000_000n, gasLimit: 77n, feeRecipient: ALICE },
    ...{ prevRandao: `0x${'55'.repeat(32)}`, baseFeePerGas: 9n },
  }
  const seen = async (code: string, request: CallRequest = {}) =>
    bytesToHex((await callWith(code + RETURN_TOP, { blockOverrides }, request)).returnData)
  const word = (value: bigint) => bytesToHex(toWord(value))

  test('are what the message sees', async () => {
    expect(await seen('43')).toBe(word(302n))
    expect(await seen('42')).toBe(word(1_900_000_000n))
    expect(await seen('45')).toBe(word(77n))
    expect(await seen('41')).toBe(word(BigInt(ALICE)))
    expect(await seen('44')).toBe(`0x${'55'.repeat(32)}`)
    const overrides = new Map([[ALICE, { balance: ETHER }]])
    const request = { from: ALICE, gas: 100_000n, maxFeePerGas: 20n, maxPriorityFeePerGas: 2n }
    const paying = await callWith(`48${RETURN_TOP}`, { overrides, blockOverrides }, request)
    expect(bytesToBigint(paying.returnData)).toBe(9n)
  })

  test('put the block where the hash of the one before is not known', async () => {
    expect(await seen('61012d40')).toBe(ZERO_HASH) // BLOCKHASH(301)
    expect(await seen('61012c40')).toBe(headerHash(header)) // BLOCKHASH(300)
    expect(await seen('61012b40')).toBe(await ancestorHash(299n))
  })

  test('may put the block where no number of JavaScript counts', async () => {
    const blockOverrides = { number: 2n ** 60n + 1n }
    const { returnData } = await callWith(`43${RETURN_TOP}`, { blockOverrides })
    expect(bytesToBigint(returnData)).toBe(2n ** 60n + 1n)
  })
})
