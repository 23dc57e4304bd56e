import { expect, test } from 'vitest'
import type { Hash } from '../../../src/primitives/hex.ts'
import {
  type AccountFacts,
  type Excuse,
  judgeInclusion,
  type ListedTransaction,
  type WindowFacts,
} from '../../../src/promise/inclusionRule.ts'

const hashOf = (byte: string): Hash => `0x${byte.repeat(32)}`
const ACCOUNT: AccountFacts = { nonce: 5n, balance: 1_000n, hasCode: false }
/** As little as is enough in every respect. */
const FACTS: WindowFacts = {
  included: new Set(),
  gasLeft: 21_000n,
  baseFeePerGas: 7n,
  accountOf: () => ACCOUNT,
}
const TRANSACTION: ListedTransaction = {
  hash: hashOf('aa'),
  sender: `0x${'11'.repeat(20)}`,
  nonce: 5n,
  gasLimit: 21_000n,
  maxFeePerGas: 7n,
  maxCostWei: 1_000n,
}

test('a transaction that could just have been appended is a violation', () => {
  expect(judgeInclusion(TRANSACTION, FACTS)).toEqual({ type: 'violated' })
})

test('a transaction anywhere in the window is included, whatever the state after it', () => {
  const facts = { ...FACTS, included: new Set([TRANSACTION.hash]), gasLeft: 0n }
  expect(judgeInclusion(TRANSACTION, facts)).toEqual({ type: 'included' })
})

test.each([
  ['feeTooLow', { baseFeePerGas: 8n }, {}],
  ['gasTooHigh', { gasLeft: 20_999n }, {}],
  ['senderHasCode', {}, { hasCode: true }],
  ['nonceTooLow', {}, { nonce: 6n }],
  ['nonceTooHigh', {}, { nonce: 4n }],
  ['balanceTooLow', {}, { balance: 999n }],
] satisfies [Excuse, Partial<WindowFacts>, Partial<AccountFacts>][])(
  '%s excuses',
  (excuse, facts, account) => {
    const judged = judgeInclusion(TRANSACTION, {
      ...FACTS,
      ...facts,
      accountOf: () => ({ ...ACCOUNT, ...account }),
    })
    expect(judged).toEqual({ type: 'excused', excuse })
  },
)
