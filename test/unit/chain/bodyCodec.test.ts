import { expect, test } from 'vitest'
import { decodeBody, encodeBody } from '../../../src/chain/bodyCodec.ts'
import type { StoredTransaction } from '../../../src/chain/chain.ts'
import { EMPTY_OMMERS_HASH } from '../../../src/primitives/header.ts'
import { ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'

const transaction: StoredTransaction = {
  raw: Uint8Array.of(0xc0),
  hash: ZERO_HASH,
  sender: ZERO_ADDRESS,
  to: null,
  gasUsed: 21_000n,
  effectiveGasPrice: 7n,
  createdContract: ZERO_ADDRESS,
  receipt: {
    type: 0,
    succeeded: true,
    cumulativeGasUsed: 21_000n,
    logs: [{ address: ZERO_ADDRESS, topics: [ZERO_HASH], data: Uint8Array.of(1, 2) }],
  },
  listedIndex: 0,
}
const ommer = {
  parentHash: ZERO_HASH,
  ommersHash: EMPTY_OMMERS_HASH,
  coinbase: ZERO_ADDRESS,
  stateRoot: ZERO_HASH,
  transactionsRoot: ZERO_HASH,
  receiptsRoot: ZERO_HASH,
  logsBloom: new Uint8Array(256),
  difficulty: 131_072n,
  number: 4n,
  gasLimit: 5000n,
  gasUsed: 0n,
  timestamp: 9n,
  extraData: new Uint8Array(0),
  mixHash: ZERO_HASH,
  nonce: new Uint8Array(8),
}
const withdrawal = { index: 3n, validatorIndex: 0n, address: ZERO_ADDRESS, amount: 5n }

test('a body of transactions alone is a plain list, as it was before there were others', () => {
  const body = encodeBody({ transactions: [transaction] })
  expect(body[0]).toBeGreaterThanOrEqual(0xc0)
  expect(decodeBody(body)).toEqual({ transactions: [transaction] })
  expect(encodeBody({ transactions: [] })).toEqual(encodeRlp([]))
})

test.each([
  [{ transactions: [transaction], ommers: [ommer, ommer] }],
  [{ transactions: [], ommers: [], withdrawals: [] }],
  [{ transactions: [transaction], ommers: [], withdrawals: [withdrawal] }],
])('ommers and withdrawals come back as they were', (body) => {
  expect(decodeBody(encodeBody(body))).toEqual(body)
})

test('a receipt keeps its state root', () => {
  const receipt = { ...transaction.receipt, stateRoot: `0x${'ab'.repeat(32)}` as const }
  const body = { transactions: [{ ...transaction, receipt }] }
  expect(decodeBody(encodeBody(body))).toEqual(body)
})

test('bytes of neither form are an error', () => {
  expect(() => decodeBody(Uint8Array.of(2, 0xc0))).toThrow()
  expect(() => decodeBody(Uint8Array.of(1))).toThrow()
})
