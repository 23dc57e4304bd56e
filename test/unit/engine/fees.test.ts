import { beforeEach, describe, expect, test, vi } from 'vitest'
import { messageOf } from '../../../src/engine/message.ts'
import { splitFees } from '../../../src/engine/rules/fees.ts'
import { createWitnessState } from '../../../src/engine/state/witness.ts'
import { createEngine } from '../../../src/engine/vm.ts'
import { GOLDEN_TOUCH_ADDRESS } from '../../../src/protocol/goldenTouch.ts'
import {
  attributesFor,
  BASE_FEE,
  balanceIn,
  CHAIN_ID,
  COINBASE,
  ETHER,
  executeOn,
  SPEC,
  stateWith,
} from '../../support/engineChain.ts'
import { type EngineCase, hasGuestInputs, loadGuestInput } from '../../support/engineFixtures.ts'
import { signTransaction, testAddress } from '../../support/proposeTransactions.ts'

// The rules stay what they are unless a test puts a wrong one in their place.
vi.mock('../../../src/engine/rules/fees.ts', async (original) => {
  const real = await original<typeof import('../../../src/engine/rules/fees.ts')>()
  return { splitFees: vi.fn(real.splitFees) }
})
vi.mock('../../../src/engine/message.ts', async (original) => {
  const real = await original<typeof import('../../../src/engine/message.ts')>()
  return { ...real, messageOf: vi.fn(real.messageOf) }
})
const realFees = await vi.importActual<typeof import('../../../src/engine/rules/fees.ts')>(
  '../../../src/engine/rules/fees.ts',
)
const realMessage = await vi.importActual<typeof import('../../../src/engine/message.ts')>(
  '../../../src/engine/message.ts',
)

beforeEach(() => {
  vi.mocked(splitFees).mockImplementation(realFees.splitFees)
  vi.mocked(messageOf).mockImplementation(realMessage.messageOf)
})

const chainId = Number(CHAIN_ID)
const ALICE = testAddress(1)
const TREASURY = SPEC.l2.anchor

describe('the split of a base fee (D-71)', () => {
  const share = { gasUsed: 21_001n, baseFeePerGas: 7n, tipPerGas: 3n }

  test('rounds the coinbase down, once for the whole transaction', () => {
    // 147,007 · 75 / 100 = 110,255.25
    expect(splitFees({ ...share, basefeeSharingPctg: 75 })).toEqual({
      coinbase: 110_255n + 63_003n,
      treasury: 147_007n - 110_255n,
    })
  })

  test('gives everything to the treasury at 0 % and to the coinbase at 100 %', () => {
    expect(splitFees({ ...share, basefeeSharingPctg: 0 })).toEqual({ coinbase: 63_003n, treasury: 147_007n })
    expect(splitFees({ ...share, basefeeSharingPctg: 100 })).toEqual({ coinbase: 210_010n, treasury: 0n })
  })
})

test('what the sender pays is what coinbase and treasury receive', async () => {
  const state = stateWith({ [ALICE]: { balance: ETHER } })
  const raw = await signTransaction(1, {
    chainId,
    maxFeePerGas: BASE_FEE + 5n,
    maxPriorityFeePerGas: 2n,
    gas: 50_000n,
    value: 0n,
  })
  const { changes, transactions } = await executeOn(state, [raw])
  const after = state.after(changes)
  expect(transactions[1]!.effectiveGasPrice).toBe(BASE_FEE + 2n)
  const baseFee = 21_000n * BASE_FEE
  expect(await balanceIn(after, ALICE)).toBe(ETHER - 21_000n * (BASE_FEE + 2n))
  expect(await balanceIn(after, COINBASE)).toBe((baseFee * 75n) / 100n + 42_000n)
  expect(await balanceIn(after, TREASURY)).toBe(baseFee - (baseFee * 75n) / 100n)
})

test('a credit of zero creates no account', async () => {
  const state = stateWith({ [ALICE]: { balance: ETHER } })
  const raw = await signTransaction(1, { chainId, maxFeePerGas: BASE_FEE, maxPriorityFeePerGas: 0n })
  const none = state.after((await executeOn(state, [])).changes)
  expect(await none.account(COINBASE)).toBeNull()
  const toTreasury = state.after((await executeOn(state, [raw], { basefeeSharingPctg: 0 })).changes)
  expect(await toTreasury.account(COINBASE)).toBeNull()
  const toCoinbase = state.after((await executeOn(state, [raw], { basefeeSharingPctg: 100 })).changes)
  expect(await toCoinbase.account(TREASURY)).toBeNull()
})

test('a reverted transaction pays the same', async () => {
  const reverting = `0x${'99'.repeat(20)}` as const
  const state = stateWith({ [ALICE]: { balance: ETHER }, [reverting]: { code: '0x5f5ffd' } })
  const raw = await signTransaction(1, { chainId, to: reverting, gas: 60_000n, value: 0n })
  const { changes, transactions } = await executeOn(state, [raw])
  const { receipt, gasUsed, effectiveGasPrice } = transactions[1]!
  expect(receipt.succeeded).toBe(false)
  const after = state.after(changes)
  const sum = (await balanceIn(after, COINBASE))! + (await balanceIn(after, TREASURY))!
  expect(sum).toBe(gasUsed * effectiveGasPrice)
  expect(await balanceIn(after, ALICE)).toBe(ETHER - sum)
})

test('a coinbase that destroys itself loses what the transaction paid it', async () => {
  // SELFDESTRUCT to the zero address; Shanghai deletes the account at the end of the transaction.
  const state = stateWith({
    [ALICE]: { balance: ETHER },
    [COINBASE]: { balance: 5n, nonce: 1n, code: '0x5fff' },
  })
  const raw = await signTransaction(1, { chainId, to: COINBASE, gas: 100_000n, value: 0n })
  const { changes, transactions } = await executeOn(state, [raw])
  const after = state.after(changes)
  expect(await after.account(COINBASE)).toBeNull()
  expect(await balanceIn(after, `0x${'00'.repeat(20)}`)).toBe(5n)
  const baseFee = transactions[1]!.gasUsed * BASE_FEE
  expect(await balanceIn(after, TREASURY)).toBe(baseFee - (baseFee * 75n) / 100n)
})

describe('the anchor transaction (D-70)', () => {
  test('counts its gas, and neither pays nor moves a fee', async () => {
    const state = stateWith({ [GOLDEN_TOUCH_ADDRESS]: { balance: 77n, nonce: 3n } })
    const { header, changes, transactions } = await executeOn(state, [], { anchorNonce: 3n })
    const after = state.after(changes)
    expect(header.gasUsed).toBe(21_000n)
    expect(transactions[0]!.receipt.cumulativeGasUsed).toBe(21_000n)
    expect(transactions[0]).not.toHaveProperty('listedIndex')
    expect(await after.account(GOLDEN_TOUCH_ADDRESS)).toMatchObject({ balance: 77n, nonce: 4n })
    expect(await after.account(COINBASE)).toBeNull()
    expect(await after.account(TREASURY)).toBeNull()
  })

  test('sees the base fee as its gas price, and its own balance untouched', async () => {
    // Stores GASPRICE, BASEFEE and the caller's balance.
    const code = '0x3a5f55486001553331600255' as const
    const state = stateWith({
      [GOLDEN_TOUCH_ADDRESS]: { balance: 77n },
      [SPEC.l2.anchor]: { code },
    })
    const after = state.after((await executeOn(state, [])).changes)
    const slot = async (index: number) =>
      BigInt(
        `0x${Buffer.from(await after.storage(SPEC.l2.anchor, `0x${'00'.repeat(31)}0${index}`)).toString('hex')}`,
      )
    expect([await slot(0), await slot(1), await slot(2)]).toEqual([BASE_FEE, BASE_FEE, 77n])
  })

  test('with a wrong nonce is our own mistake and stops the node', async () => {
    await expect(executeOn(stateWith({}), [], { anchorNonce: 1n })).rejects.toThrow(
      'the anchor transaction of block 300 is invalid (nonce 1 is above 0)',
    )
  })

  test('may revert: its gas counts, its receipt says so, and the block goes on', async () => {
    const state = stateWith({ [SPEC.l2.anchor]: { code: '0x5f5ffd' }, [ALICE]: { balance: ETHER } })
    const block = await executeOn(state, [await signTransaction(1, { chainId })])
    expect(block.transactions.map(({ receipt }) => receipt.succeeded)).toEqual([false, true])
    expect(block.transactions[0]!.gasUsed).toBeGreaterThan(21_000n)
    expect(block.transactions[1]!.receipt.cumulativeGasUsed).toBe(block.header.gasUsed)
  })

  test('listed a second time, it is a transaction like any other and must pay', async () => {
    const block = await executeOn(stateWith({}), [attributesFor([]).anchorTransaction])
    expect(block.dropped.map(({ rule }) => rule)).toEqual(['D-82'])
  })
})

describe.skipIf(!hasGuestInputs)('a wrong rule does not go unnoticed (execution-proof.md §2)', () => {
  const hekla = hasGuestInputs ? loadGuestInput('hekla')[0]! : ({} as EngineCase)
  const hashOf = async ({ spec, witness, attributes, ancestorHash }: EngineCase) =>
    (await createEngine({ spec }).execute({ attributes, state: createWitnessState(witness), ancestorHash }))
      .header.stateRoot

  test('the right ones give the state root', async () => {
    expect(await hashOf(hekla)).toBe(hekla.expected.stateRoot)
  })

  const wrongSplits: Readonly<Record<string, typeof splitFees>> = {
    'the base fee burnt': ({ gasUsed, tipPerGas }) => ({ coinbase: gasUsed * tipPerGas, treasury: 0n }),
    'everything to the treasury': (fees) => realFees.splitFees({ ...fees, basefeeSharingPctg: 0 }),
    'everything to the coinbase': (fees) => realFees.splitFees({ ...fees, basefeeSharingPctg: 100 }),
    'the share rounded down per gas': ({ gasUsed, baseFeePerGas, tipPerGas, basefeeSharingPctg }) => {
      const perGas = (baseFeePerGas * BigInt(basefeeSharingPctg)) / 100n
      return { coinbase: gasUsed * (perGas + tipPerGas), treasury: gasUsed * (baseFeePerGas - perGas) }
    },
    'the share rounded up': (fees) => {
      const { coinbase, treasury } = realFees.splitFees(fees)
      return { coinbase: coinbase + 1n, treasury: treasury - 1n }
    },
  }
  test.each(Object.entries(wrongSplits))('%s', async (_, wrong) => {
    vi.mocked(splitFees).mockImplementation(wrong)
    expect(await hashOf(hekla)).not.toBe(hekla.expected.stateRoot)
  })

  test('the anchor transaction charged', async () => {
    vi.mocked(messageOf).mockImplementation((admitted, price, options) =>
      realMessage.messageOf(admitted, price, { ...options, isCharged: true }),
    )
    expect(await hashOf(hekla)).not.toBe(hekla.expected.stateRoot)
  })

  test('listed transactions not charged', async () => {
    vi.mocked(messageOf).mockImplementation((admitted, price, options) =>
      realMessage.messageOf(admitted, price, { ...options, isCharged: false }),
    )
    expect(await hashOf(hekla)).not.toBe(hekla.expected.stateRoot)
  })
})
