import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Hash } from '../../../src/primitives/hex.ts'
import {
  type AccountFacts,
  certainlyFitsZkGas,
  type Excuse,
  judgeInclusion,
  type ListedTransaction,
  type WindowFacts,
} from '../../../src/promise/inclusionRule.ts'
import { UNZEN_ZK_SCHEDULE } from '../../../src/spec/zkSchedule.ts'
import { measureZkGas } from '../../support/zkGas.ts'

const UNLIMITED = { ...UNZEN_ZK_SCHEDULE, blockMax: Number.MAX_SAFE_INTEGER }

const hashOf = (byte: string): Hash => `0x${byte.repeat(32)}`
const ACCOUNT: AccountFacts = { nonce: 5n, balance: 1_000n, hasCode: false }
/** As little as is enough in every respect. */
const FACTS: WindowFacts = {
  isIncluded: false,
  gasLeft: 21_000n,
  baseFeePerGas: 7n,
  account: ACCOUNT,
  fitsZkGas: async () => true,
}
const TRANSACTION: ListedTransaction = {
  hash: hashOf('aa'),
  sender: `0x${'11'.repeat(20)}`,
  nonce: 5n,
  gasLimit: 21_000n,
  gasToRun: 0n,
  maxFeePerGas: 7n,
  maxCostWei: 1_000n,
}

test('a transaction that could just have been appended is a violation', async () => {
  expect(await judgeInclusion(TRANSACTION, FACTS)).toEqual({ type: 'violated' })
})

test('a transaction anywhere in the window is included, whatever the state after it', async () => {
  const facts = { ...FACTS, isIncluded: true, gasLeft: 0n }
  expect(await judgeInclusion(TRANSACTION, facts)).toEqual({ type: 'included' })
})

test.each([
  ['feeTooLow', { baseFeePerGas: 8n }, {}],
  ['gasTooHigh', { gasLeft: 20_999n }, {}],
  ['senderHasCode', {}, { hasCode: true }],
  ['nonceTooLow', {}, { nonce: 6n }],
  ['nonceTooHigh', {}, { nonce: 4n }],
  ['balanceTooLow', {}, { balance: 999n }],
  ['zkGasTooHigh', { fitsZkGas: async () => false }, {}],
] satisfies [Excuse, Partial<WindowFacts>, Partial<AccountFacts>][])(
  '%s excuses',
  async (excuse, facts, account) => {
    const judged = await judgeInclusion(TRANSACTION, {
      ...FACTS,
      ...facts,
      account: { ...ACCOUNT, ...account },
    })
    expect(judged).toEqual({ type: 'excused', excuse })
  },
)

test('is not executed when anything else excuses it', async () => {
  const fitsZkGas = () => Promise.reject(new Error('executed'))
  const facts = { ...FACTS, baseFeePerGas: 8n, fitsZkGas }
  expect(await judgeInclusion(TRANSACTION, facts)).toEqual({ type: 'excused', excuse: 'feeTooLow' })
})

// D-92: 100,000,000 a block, 243,000 a transaction, at most 65,535 for a unit of gas.
describe('zk gas certainly fits', () => {
  test.each([
    [0n, 99_757_000n, true],
    [0n, 99_757_001n, false],
    [1n, 99_691_465n, true],
    [1n, 99_691_466n, false],
    // Before Unzen.
    [16_000_000n, 0n, true],
  ])('%d gas to run, behind a block of %d: %s', (gasToRun, zkGasUsed, fits) => {
    expect(certainlyFitsZkGas({ gasToRun }, zkGasUsed)).toBe(fits)
  })

  /** Bytes that are likely to do something: dear ones, frames into precompiles and into the code itself. */
  const piece = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 4 }),
    fc.constantFrom(
      ...['4b', 'e6', 'e8', '0c', 'b0', '5f5f5f5f5f', '600a', '6108ff', '5b', '5f56', '09', '1b'].map(
        fromHex,
      ),
    ),
    fc
      .tuple(fc.constantFrom('5f5f5f5f5f', '5f5f5f5f6001'), fc.integer({ min: 0, max: 0x101 }), fc.boolean())
      .map(([head, to, isStatic]) =>
        fromHex(`${head}61${to.toString(16).padStart(4, '0')}5a${isStatic ? 'fa' : 'f1'}`),
      ),
    fc.constantFrom(...['5f5f5f305af4', '5f5f5f5f5f305af1', '5f5f5ff0', '5f5f5f5ff5'].map(fromHex)),
  )

  test('of nothing that uses more than it says, whatever runs', async () => {
    let mostPerGas = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1, maxLength: 30 }),
        fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 60_000 })),
        async (pieces, gasToRun) => {
          const code = Buffer.concat(pieces).toString('hex')
          const { used } = await measureZkGas(code, { gas: BigInt(gasToRun), schedule: UNLIMITED })
          expect(used).toBeLessThanOrEqual(65_535 * gasToRun)
          if (gasToRun > 0) mostPerGas = Math.max(mostPerGas, used / gasToRun)
        },
      ),
      { numRuns: 1000 },
    )
    // Else nothing dear came up.
    expect(mostPerGas).toBeGreaterThan(1000)
  })
})

function fromHex(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}
