/** The transaction filter: what is refused by which rule, and that it leaves no trace. INV-5. */
import { beforeAll, describe, expect, test } from 'vitest'
import { admitTransaction } from '../../../src/engine/admission.ts'
import { createRunContext, type RunContext } from '../../../src/engine/evm.ts'
import { ethereumRules } from '../../../src/engine/rules/evmRules.ts'
import { checkStateless } from '../../../src/engine/rules/filter.ts'
import { createSenderPool } from '../../../src/engine/senderPool.ts'
import { OverlayState } from '../../../src/engine/state/overlay.ts'
import { MissingStateError, type StateSource } from '../../../src/engine/state/source.ts'
import { decodeTransaction, type Transaction } from '../../../src/engine/transaction.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { type Address, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { decodeRlp, encodeRlp, type RlpItem } from '../../../src/primitives/rlp.ts'
import type { EthereumFork } from '../../../src/spec/ethereumSpec.ts'
import {
  ancestorHash,
  attributesFor,
  BASE_FEE,
  CHAIN_ID,
  ETHER,
  executeOn,
  stateWith,
  type TestAccount,
} from '../../support/engineChain.ts'
import { SINK, signTransaction, testAddress } from '../../support/proposeTransactions.ts'

const chainId = Number(CHAIN_ID)
const SENDER = testAddress(1)
const RICH: Readonly<Record<Address, TestAccount>> = {
  [SENDER]: { balance: 10n * ETHER, nonce: 5n },
  [testAddress(2)]: { balance: 10n * ETHER },
  // Signs nothing valid in the tables below: it has code.
  [testAddress(3)]: { balance: 10n * ETHER, code: '0x00' },
  [testAddress(4)]: { balance: 21_000n * BASE_FEE },
}

/** The raw transaction with one field of its list replaced. */
function withField(raw: Uint8Array, index: number, item: RlpItem): Uint8Array {
  const isTyped = raw[0]! < 0xc0
  const fields = [...(decodeRlp(isTyped ? raw.subarray(1) : raw, 4) as RlpItem[])]
  fields[index] = item
  return isTyped ? concatBytes(raw.subarray(0, 1), encodeRlp(fields)) : encodeRlp(fields)
}

type Bad = { readonly name: string; readonly rule: string; readonly raw: Uint8Array }
let good: Uint8Array
let bad: Bad[]

beforeAll(async () => {
  const sign = (fields: Parameters<typeof signTransaction>[1] | object, index = 1) =>
    signTransaction(index, { chainId, nonce: 5, ...fields } as Parameters<typeof signTransaction>[1])
  good = await sign({})
  const legacy = await sign({ type: 'legacy' })
  bad = [
    { name: 'no bytes', rule: 'D-73', raw: new Uint8Array(0) },
    { name: 'an unknown type', rule: 'D-73', raw: concatBytes(Uint8Array.of(5), good.subarray(1)) },
    { name: 'trailing bytes', rule: 'D-73', raw: concatBytes(good, Uint8Array.of(0)) },
    { name: 'an integer with a leading zero', rule: 'D-73', raw: withField(good, 6, Uint8Array.of(0, 1)) },
    { name: 'a recipient of 19 bytes', rule: 'D-73', raw: withField(good, 5, new Uint8Array(19).fill(1)) },
    { name: 'a nonce of nine bytes', rule: 'D-73', raw: withField(good, 1, new Uint8Array(9).fill(1)) },
    { name: 'a y parity of 2', rule: 'D-74', raw: withField(good, 9, Uint8Array.of(2)) },
    { name: 'a legacy v of 29', rule: 'D-74', raw: withField(legacy, 6, Uint8Array.of(29)) },
    { name: 'r = 0', rule: 'D-74', raw: withField(good, 10, new Uint8Array(0)) },
    {
      name: 'r at the order of the curve and above',
      rule: 'D-74',
      raw: withField(good, 10, new Uint8Array(32).fill(255)),
    },
    { name: 's in the upper half', rule: 'D-74', raw: withField(good, 11, new Uint8Array(32).fill(0xf0)) },
    // Five is no x coordinate of secp256k1.
    { name: 'r off the curve', rule: 'D-74', raw: withField(good, 10, Uint8Array.of(5)) },
    { name: 'a foreign chain id', rule: 'D-75', raw: await sign({ chainId: chainId + 1 }) },
    {
      name: 'a legacy foreign chain id',
      rule: 'D-75',
      raw: await sign({ type: 'legacy', chainId: chainId + 1 }),
    },
    {
      name: 'a blob transaction',
      rule: 'D-76',
      raw: await sign({
        type: 'eip4844',
        maxFeePerBlobGas: 1n,
        blobVersionedHashes: [`0x01${'00'.repeat(31)}`],
      }),
    },
    {
      name: 'a set-code transaction before Osaka',
      rule: 'D-76',
      raw: await sign({
        type: 'eip7702',
        authorizationList: [
          {
            chainId: 1,
            address: SINK,
            nonce: 0,
            r: `0x${'01'.repeat(32)}`,
            s: `0x${'01'.repeat(32)}`,
            yParity: 0,
          },
        ],
      }),
    },
    // viem refuses to sign a tip above the fee, so the field is replaced; no signature is needed to refuse it.
    {
      name: 'a priority fee above the max fee',
      rule: 'D-77',
      raw: withField(good, 2, hexToBytes('0xffffffffff')),
    },
    {
      name: 'a max fee below the base fee',
      rule: 'D-78',
      raw: await sign({ maxFeePerGas: BASE_FEE - 1n, maxPriorityFeePerGas: 0n }),
    },
    {
      name: 'a gas price below the base fee',
      rule: 'D-78',
      raw: await sign({ type: 'legacy', gasPrice: BASE_FEE - 1n }),
    },
    { name: 'a gas limit below the intrinsic', rule: 'D-79', raw: await sign({ gas: 20_999n }) },
    {
      name: 'an access list that the gas limit forgets',
      rule: 'D-79',
      raw: await sign({ accessList: [{ address: SINK, storageKeys: [] }] }),
    },
    { name: 'more gas than the block has left', rule: 'D-80', raw: await sign({ gas: 31_000_000n }) },
    { name: 'a sender with code', rule: 'D-81', raw: await sign({ nonce: 0 }, 3) },
    { name: 'a nonce too low', rule: 'D-82', raw: await sign({ nonce: 4 }) },
    { name: 'a nonce too high', rule: 'D-83', raw: await sign({ nonce: 7 }) },
    { name: 'a balance below gas and value', rule: 'D-84', raw: await sign({ value: 10n * ETHER }) },
    { name: 'a sender that does not exist', rule: 'D-84', raw: await sign({ nonce: 0 }, 9) },
    {
      name: 'initcode above its limit',
      rule: 'D-85',
      raw: await sign({ to: undefined, gas: 10_000_000n, data: `0x${'00'.repeat(49_153)}` }),
    },
    { name: 'the highest nonce', rule: 'D-88', raw: withField(good, 1, new Uint8Array(8).fill(255)) },
    { name: 'a value near 2^256', rule: 'D-84', raw: await sign({ value: 2n ** 256n - 1n }) },
    {
      name: 'a gas limit whose price overflows',
      rule: 'D-89',
      raw: withField(good, 3, new Uint8Array(32).fill(255)),
    },
  ]
})

test('every class of bad transaction has its rule', async () => {
  const block = await executeOn(stateWith(RICH), [...bad.map(({ raw }) => raw), good])
  expect(block.dropped.map(({ listedIndex, rule }) => `${bad[listedIndex]!.name}: ${rule}`)).toEqual(
    bad.map(({ name, rule }) => `${name}: ${rule}`),
  )
  expect(block.transactions).toHaveLength(2)
})

/** Reads and rewrites slot 0, sets and clears it (refunds), logs: a warm slot or a refund left behind would change its gas. */
const WITNESS_CONTRACT: Address = `0x${'77'.repeat(20)}`
const CODE: Hex = '0x5f545f5560015f555f5f555f5fa000'

describe('a skipped transaction leaves no trace', () => {
  const state = stateWith({
    ...RICH,
    [WITNESS_CONTRACT]: { code: CODE, storage: { [`0x${'00'.repeat(32)}`]: '0x05' } },
  })
  const outcomeOf = ({ header, transactions, changes }: Awaited<ReturnType<typeof executeOn>>) => ({
    header,
    changes,
    transactions: transactions.map(({ listedIndex: _, ...rest }) => rest),
  })

  test('[bad, good], [good, bad] and [good, bad, good] equal the lists without it', {
    timeout: 120_000,
  }, async () => {
    const to = WITNESS_CONTRACT
    const first = await signTransaction(2, { chainId, to, gas: 100_000n, value: 0n })
    const second = await signTransaction(2, { chainId, to, gas: 100_000n, value: 0n, nonce: 1 })
    const one = outcomeOf(await executeOn(state, [first]))
    const two = outcomeOf(await executeOn(state, [first, second]))
    expect(one.transactions[1]!.receipt.succeeded).toBe(true)
    expect(one.transactions[1]!.receipt.logs).toHaveLength(1)
    for (const { name, raw, rule } of bad) {
      const around = [
        [[raw, first], one],
        [[first, raw], one],
        [[first, raw, second], two],
      ] as const
      for (const [list, expected] of around) {
        const block = await executeOn(state, list)
        expect(
          block.dropped.map((drop) => drop.rule),
          name,
        ).toEqual([rule])
        expect(outcomeOf(block), name).toEqual(expected)
      }
    }
  })
})

async function contextOn(source: StateSource, fork: EthereumFork = 'shanghai'): Promise<RunContext> {
  return createRunContext({
    chainId: CHAIN_ID,
    rules: ethereumRules(fork),
    state: new OverlayState(source),
    info: attributesFor([]),
    ancestorHash,
  })
}

test('what needs no state is refused before the sender is read', async () => {
  const blind: StateSource = {
    ...stateWith({}),
    account: () => {
      throw new MissingStateError({ what: 'everything' })
    },
  }
  const needsState = ['D-81', 'D-82', 'D-83', 'D-84']
  for (const { name, rule, raw } of bad) {
    const context = await contextOn(blind)
    const admission = admitTransaction(context, createSenderPool(0), raw, 30_000_000n)
    if (needsState.includes(rule)) await expect(admission, name).rejects.toThrow(MissingStateError)
    else expect(await admission, name).toMatchObject({ type: 'refused', refusal: { rule } })
  }
})

test('D-86: a signer of zero is skipped, should a signature ever recover to it', async () => {
  const nobody = { senderOf: () => new Uint8Array(20) }
  const admission = await admitTransaction(await contextOn(stateWith(RICH)), nobody, good, 30_000_000n)
  expect(admission).toMatchObject({ type: 'refused', refusal: { rule: 'D-86' } })
})

test('D-87: a gas limit above 2^24 is refused from Osaka on only', async () => {
  const { transaction } = decodeTransaction(
    await signTransaction(1, { chainId, nonce: 5, gas: 2n ** 24n + 1n }),
  ) as { transaction: Transaction }
  const under = (fork: EthereumFork) =>
    checkStateless(transaction, {
      chainId: CHAIN_ID,
      rules: ethereumRules(fork),
      baseFeePerGas: BASE_FEE,
      gasLeft: 30_000_000n,
    })
  expect(under('osaka')).toMatchObject({ rule: 'D-87' })
  expect(under('prague')).toBeNull()
})

test('D-80 counts the gas that earlier transactions used, not the gas they might have used', async () => {
  const transfer = (nonce: number, gas: bigint) => signTransaction(2, { chainId, nonce, gas })
  const list = [await transfer(0, 500_000n), await transfer(1, 500_000n), await transfer(2, 500_000n)]
  // The anchor uses 21,000 here, each transfer as much: the third may still ask for what is left, and not for one more.
  const gasLimit = 500_000n + 3n * 21_000n
  const block = await executeOn(stateWith(RICH), list, { gasLimit: gasLimit + 1_000_000n })
  expect(block.dropped).toEqual([])
  const short = await executeOn(stateWith(RICH), list, { gasLimit: 1_000_000n })
  expect(short.header.gasUsed).toBe(4n * 21_000n)
  const shorter = await executeOn(
    stateWith(RICH),
    [await transfer(0, 979_000n), await transfer(1, 958_001n)],
    {
      gasLimit: 1_000_000n,
    },
  )
  expect(shorter.dropped.map(({ rule }) => rule)).toEqual(['D-80'])
})

test('D-84 asks for the whole gas limit at the max fee, to the wei', async () => {
  const at = (maxFeePerGas: bigint, value: bigint) =>
    signTransaction(4, { chainId, maxFeePerGas, maxPriorityFeePerGas: 0n, value })
  const exact = await executeOn(stateWith(RICH), [await at(BASE_FEE, 0n)])
  expect(exact.dropped).toEqual([])
  const oneMore = await executeOn(stateWith(RICH), [await at(BASE_FEE, 1n), await at(BASE_FEE + 1n, 0n)])
  expect(oneMore.dropped.map(({ rule }) => rule)).toEqual(['D-84', 'D-84'])
})

test('a legacy transaction without a chain id executes', async () => {
  const raw = await signTransaction(1, { type: 'legacy', chainId: undefined, nonce: 5 } as never)
  const block = await executeOn(stateWith(RICH), [raw])
  expect(block.dropped).toEqual([])
  expect(block.transactions[1]!.sender).toBe(SENDER)
})
