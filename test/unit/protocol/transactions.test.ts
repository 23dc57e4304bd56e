/** Which bytes are a transaction at all. D-30. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { RLP } from '@ethereumjs/rlp'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import type { RlpItem } from '../../../src/primitives/rlp.ts'
import { readRlpItem } from '../../../src/protocol/rlpGrammar.ts'
import { isListableTransaction, readTransactions } from '../../../src/protocol/transactions.ts'
import { fixturePath, hasFixture, type Json, readJsonFixture } from '../../support/protocolFixtures.ts'
import { CREATION_TRANSACTION, LEGACY_TRANSACTION, TRANSACTIONS } from '../../support/protocolTransactions.ts'

/** The transaction with field `index` of its list replaced; `length` adds or removes fields at the end. */
function withField(raw: Uint8Array, index: number, value: RlpItem): Uint8Array {
  const isLegacy = raw[0]! >= 0xc0
  const fields = [...(RLP.decode(isLegacy ? raw : raw.subarray(1)) as RlpItem[])]
  fields[index] = value
  const encoded = RLP.encode(fields as Uint8Array[])
  return isLegacy ? encoded : concatBytes(raw.subarray(0, 1), encoded)
}

const bytes = (length: number, fill = 1) => new Uint8Array(length).fill(fill)
const byType = (name: string) => TRANSACTIONS.find(([key]) => key === name)![1]
const DYNAMIC = byType('dynamic fee')
const BLOB = byType('blob')
const SET_CODE = byType('set code')

describe('decodable', () => {
  test.each(TRANSACTIONS)('%s', (_, raw) => {
    expect(isListableTransaction(raw)).toBe(true)
  })

  test('with the largest numbers that fit', () => {
    expect(isListableTransaction(withField(LEGACY_TRANSACTION, 0, bytes(8, 255)))).toBe(true)
    expect(isListableTransaction(withField(LEGACY_TRANSACTION, 1, bytes(16, 255)))).toBe(true)
    expect(isListableTransaction(withField(LEGACY_TRANSACTION, 4, bytes(32, 255)))).toBe(true)
  })

  test.each([[[]], [[1]], [[27]], [[28]], [[35]], [[255]], [bytes(16, 255)]])('legacy v of %o', (v) => {
    expect(isListableTransaction(withField(LEGACY_TRANSACTION, 6, Uint8Array.from(v)))).toBe(true)
  })

  test('with a signature that cannot be right: the filter drops that transaction alone', () => {
    expect(isListableTransaction(withField(DYNAMIC, 10, bytes(32, 255)))).toBe(true)
    expect(isListableTransaction(withField(DYNAMIC, 10, new Uint8Array(0)))).toBe(true)
  })
})

describe('not decodable', () => {
  test.each([
    ['no bytes', new Uint8Array(0)],
    ['a type alone', Uint8Array.of(2)],
    ['an unknown type', concatBytes(Uint8Array.of(5), DYNAMIC.subarray(1))],
    ['legacy fields behind a type 0', concatBytes(Uint8Array.of(0), LEGACY_TRANSACTION)],
    ['a typed transaction that is a string', Uint8Array.of(2, 0x83, 1, 2, 3)],
    ['bytes behind a typed transaction', concatBytes(DYNAMIC, bytes(1))],
    ['bytes behind a legacy transaction', concatBytes(LEGACY_TRANSACTION, bytes(1))],
    ['a cut transaction', DYNAMIC.subarray(0, DYNAMIC.length - 1)],
    ['a field too many', withField(DYNAMIC, 12, bytes(1))],
    ['fields of another type', concatBytes(Uint8Array.of(1), DYNAMIC.subarray(1))],
    ['a nonce of 65 bits', withField(LEGACY_TRANSACTION, 0, bytes(9))],
    ['a leading zero', withField(LEGACY_TRANSACTION, 0, Uint8Array.of(0, 1))],
    ['a zero that is not empty', withField(LEGACY_TRANSACTION, 0, Uint8Array.of(0))],
    ['a gas price of 129 bits', withField(LEGACY_TRANSACTION, 1, bytes(17))],
    ['a gas limit of 65 bits', withField(LEGACY_TRANSACTION, 2, bytes(9))],
    ['a value of 257 bits', withField(LEGACY_TRANSACTION, 4, bytes(33))],
    ['an address of 19 bytes', withField(LEGACY_TRANSACTION, 3, bytes(19))],
    ['an address that is a list', withField(LEGACY_TRANSACTION, 3, [])],
    ['data that is a list', withField(LEGACY_TRANSACTION, 5, [])],
    ['a legacy v of 2', withField(LEGACY_TRANSACTION, 6, Uint8Array.of(2))],
    ['a legacy v of 29', withField(LEGACY_TRANSACTION, 6, Uint8Array.of(29))],
    ['a legacy v of 34', withField(LEGACY_TRANSACTION, 6, Uint8Array.of(34))],
    ['a legacy v of 129 bits', withField(LEGACY_TRANSACTION, 6, bytes(17))],
    ['an s of 257 bits', withField(LEGACY_TRANSACTION, 8, bytes(33))],
    ['a fee of 129 bits', withField(DYNAMIC, 3, bytes(17))],
    ['a parity of 2', withField(DYNAMIC, 9, Uint8Array.of(2))],
    ['a storage key of 31 bytes', withField(DYNAMIC, 8, [[bytes(20), [bytes(31)]]])],
    ['an access list of addresses', withField(DYNAMIC, 8, [bytes(20)])],
    ['an access list that is a string', withField(DYNAMIC, 8, new Uint8Array(0))],
    ['a blob transaction that creates a contract', withField(BLOB, 5, new Uint8Array(0))],
    ['a blob hash of 31 bytes', withField(BLOB, 10, [bytes(31)])],
    [
      'a blob transaction with its sidecar',
      concatBytes(Uint8Array.of(3), RLP.encode([RLP.decode(BLOB.subarray(1)), [], [], []] as never)),
    ],
    ['a set-code transaction that creates a contract', withField(SET_CODE, 5, new Uint8Array(0))],
    [
      'an authorization of five fields',
      withField(SET_CODE, 9, [[bytes(1), bytes(20), bytes(1), bytes(1), bytes(1)]]),
    ],
  ])('%s', (_, raw) => {
    expect(isListableTransaction(raw)).toBe(false)
  })

  test('a typed transaction listed without its byte string', () => {
    const item = concatBytes(Uint8Array.of(2), DYNAMIC.subarray(1))
    const header = RLP.encode(new Uint8Array(item.length))[1]!
    const list = concatBytes(Uint8Array.of(0xf8, header), item)
    const span = readRlpItem(list, 0, list.length)
    expect(span).toBeDefined()
    expect(readTransactions(list, span!)).toBe(0)
  })
})

describe('a list', () => {
  const read = (items: readonly RlpItem[]) => {
    const list = RLP.encode(items as Uint8Array[])
    return { list, transactions: readTransactions(list, readRlpItem(list, 0, list.length)!) }
  }

  test('gives each transaction with its place in the payload', () => {
    const { list, transactions } = read([
      DYNAMIC,
      RLP.decode(LEGACY_TRANSACTION) as RlpItem,
      CREATION_TRANSACTION,
    ])
    if (typeof transactions === 'number') throw new Error(`item ${transactions}`)
    expect(transactions.map(({ raw }) => raw)).toEqual([DYNAMIC, LEGACY_TRANSACTION, CREATION_TRANSACTION])
    for (const { raw, offset } of transactions) expect(list.slice(offset, offset + raw.length)).toEqual(raw)
  })

  test('names the first item that is none', () => {
    expect(read([DYNAMIC, Uint8Array.of(9, 9), DYNAMIC]).transactions).toBe(1)
  })

  test('copies: a transaction does not keep the whole payload alive', () => {
    const { transactions } = read([DYNAMIC])
    if (typeof transactions === 'number') throw new Error(`item ${transactions}`)
    expect(transactions[0]!.raw.buffer.byteLength).toBe(DYNAMIC.length)
  })
})

const SUITE = 'suites/ethereum-tests/TransactionTests'

/** Raw transactions of the suite, with whether any fork accepts them. */
function readSuite(): { name: string; raw: Uint8Array; isValid: boolean }[] {
  return readdirSync(fixturePath(SUITE), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) => Object.entries<Json>(readJsonFixture(join(SUITE, file))))
    .map(([name, { txbytes, result }]) => ({
      name,
      raw: Uint8Array.from(Buffer.from(txbytes.slice(2), 'hex')),
      isValid: Object.values<Json>(result).some((fork) => fork.hash !== undefined),
    }))
}

describe.skipIf(!hasFixture(SUITE))('ethereum/tests TransactionTests', () => {
  /** Their fees have more than 128 bits: geth decodes that, alloy does not (D-30). No account can pay them. */
  const FEE_TOO_WIDE = ['GasLimitPriceProductOverflowtMinusOne', 'TransactionWithHighGasPrice', 'V_equals38']

  test('whatever any fork accepts is decodable, but for fees of more than 128 bits', () => {
    const valid = readSuite().filter(({ isValid }) => isValid)
    expect(valid.length).toBeGreaterThan(50)
    const refused = valid.filter(({ raw }) => !isListableTransaction(raw)).map(({ name }) => name)
    expect(refused.sort()).toEqual(FEE_TOO_WIDE)
  })

  test('wrong RLP is not', () => {
    const wrong = readSuite().filter(({ name, isValid }) => !isValid && /^(TRANSCT_|RLP)/i.test(name))
    expect(wrong.length).toBeGreaterThan(10)
    // Its r is short but canonical: decodable, and dropped for its signature.
    const accepted = wrong.filter(({ raw }) => isListableTransaction(raw)).map(({ name }) => name)
    expect(accepted).toEqual(['TRANSCT_rvalue_TooShort'])
  })
})
