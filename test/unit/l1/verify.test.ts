/** JSON of real blocks, true and tampered with, against the commitments in their headers. */
import { describe, expect, test } from 'vitest'
import { encodeTransaction, verifyTransactions } from '../../../src/l1/rpcBody.ts'
import { toL1Header, verifyHeader } from '../../../src/l1/rpcHeader.ts'
import { logsOfReceipts, verifyReceipts } from '../../../src/l1/rpcReceipts.ts'
import { createWatch } from '../../../src/l1/watch.ts'
import { WrongDataError } from '../../../src/l1/wrongData.ts'
import { TemporaryError } from '../../../src/primitives/errors.ts'
import type { BlockHeader } from '../../../src/primitives/header.ts'
import { headerHash } from '../../../src/primitives/header.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { decodeReceipt, encodeReceipt } from '../../../src/primitives/receipt.ts'
import { hasSharedFixture, readSharedText } from '../../support/fixtures.ts'

type Json = Record<string, unknown>

const TAMPER = 'op/l1-tamper'
const APIS = 'execution-apis'
const absent = (path: string) =>
  hasSharedFixture(path) ? '' : ` (skipped: ../shared/fixtures/${path} is absent)`

function verifyAll(json: Json): void {
  verifyTransactions(json, verifyHeader(json, { hash: json.hash as Hash }))
}

describe.skipIf(!hasSharedFixture(TAMPER))(`Goerli block of OP's tests${absent(TAMPER)}`, () => {
  const read = (name: string): Json => JSON.parse(readSharedText(`${TAMPER}/post-shanghai-${name}_data.json`))

  test('the true block passes', () => expect(() => verifyAll(read('success'))).not.toThrow())
  test.each([
    ['bad-receipts-hash', /header hashes to/],
    ['bad-transactions-hash', /header hashes to/],
    ['bad-withdrawals-hash', /header hashes to/],
    ['bad-transactions', /^transactions of block 8656414 have root/],
    ['bad-transactions-nil', /a transaction is not an object/],
    ['bad-withdrawals', /^withdrawals of block 8656414/],
    ['bad-withdrawals-nil', /a withdrawal is not an object/],
  ])('%s is caught', (name, reason) => {
    const attempt = () => verifyAll(read(name))
    expect(attempt).toThrow(WrongDataError)
    expect(attempt).toThrow(reason)
  })
})

test('a transaction of a type to come is nobody’s lie, one of a type that cannot be is', () => {
  const attempt = (type: string) => () => encodeTransaction({ type, whatever: '0x1' })
  expect(attempt('0x5')).toThrow(TemporaryError)
  expect(attempt('0x7f')).toThrow(
    /^L1 has a transaction of type 127, which this version of Plumbline does not/,
  )
  expect(attempt('0x80')).toThrow(WrongDataError)
  expect(attempt('0x4')).toThrow(WrongDataError)
})

describe.skipIf(!hasSharedFixture(APIS))(`blocks of the execution-apis chain${absent(APIS)}`, () => {
  const answer = (name: string): Json => {
    const lines = readSharedText(`${APIS}/${name}.io`).trim().split('\n')
    return JSON.parse(lines.at(-1)!.slice('<< '.length)).result
  }
  const BLOCKS = [
    'eth_getBlockByNumber/get-genesis',
    'eth_getBlockByNumber/get-block-london-fork',
    'eth_getBlockByNumber/get-block-prague-fork',
    'eth_getBlockByNumber/get-latest',
    'eth_getBlockByHash/get-block-by-hash',
  ]
  test.each(BLOCKS)('%s hashes to its hash, and any changed field is caught', (name) => {
    const block = answer(name)
    const { header, hash } = verifyHeader(block, { number: BigInt(block.number as string) })
    expect(hash).toBe(block.hash)
    for (const field of Object.keys(block)) {
      if (['size', 'totalDifficulty', 'transactions', 'uncles', 'withdrawals'].includes(field)) continue
      const text = block[field] as string
      const changed = text.slice(0, -1) + (text.endsWith('1') ? '2' : '1')
      if (text === '0x') continue
      expect(() => verifyHeader({ ...block, [field]: changed }, {}), field).toThrow(WrongDataError)
    }
    expect(headerHash(header)).toBe(hash)
  })

  test.each([
    ['get-legacy-tx', 0],
    ['get-access-list', 1],
    ['get-legacy-create', 0],
    ['get-setcode-tx', 4],
  ])('the transaction of %s hashes to its hash', (name, type) => {
    const json = answer(`eth_getTransactionByHash/${name}`)
    expect(Number(json.type)).toBe(type)
    expect(keccak256Hex(encodeTransaction(json))).toBe(json.hash)
    expect(keccak256Hex(encodeTransaction({ ...json, gas: '0x1' }))).not.toBe(json.hash)
  })

  test('receipts make the receipts root, and no other list does', () => {
    const block = verifyHeader(answer('eth_getBlockByNumber/get-latest'), {})
    const receipts = answer('eth_getBlockReceipts/get-block-receipts-latest') as unknown as Json[]
    const verified = verifyReceipts(receipts, block)
    const hashes = receipts.map(({ transactionHash }) => transactionHash as Hash)
    const logs = logsOfReceipts(verified, block, hashes)
    expect(logs.map(({ logIndex }) => logIndex)).toEqual(
      receipts.flatMap(({ logs }) => (logs as Json[]).map(({ logIndex }) => Number(logIndex))),
    )
    for (const receipt of verified) expect(decodeReceipt(encodeReceipt(receipt))).toEqual(receipt)
    expect(() => verifyReceipts(receipts.slice(1), block)).toThrow(WrongDataError)
    expect(() => verifyReceipts([...receipts].reverse(), block)).toThrow(WrongDataError)
    expect(() => logsOfReceipts(verified, block, hashes.slice(1))).toThrow(WrongDataError)
    const watch = createWatch(logs.map(({ address }) => ({ address })))
    for (const log of logs) expect(watch.wants(log)).toBe(true)
    expect(watch.mayHold(block.header)).toBe(logs.length > 0)
  })
})

const HEADER: BlockHeader = {
  parentHash: `0x${'11'.repeat(32)}`,
  ommersHash: `0x${'22'.repeat(32)}`,
  coinbase: `0x${'33'.repeat(20)}`,
  stateRoot: `0x${'44'.repeat(32)}`,
  transactionsRoot: `0x${'55'.repeat(32)}`,
  receiptsRoot: `0x${'66'.repeat(32)}`,
  logsBloom: new Uint8Array(256),
  difficulty: 0n,
  number: 7n,
  gasLimit: 1n,
  gasUsed: 0n,
  timestamp: 12n,
  extraData: new Uint8Array(0),
  mixHash: `0x${'77'.repeat(32)}`,
  nonce: new Uint8Array(8),
}
const JSON_OF_HEADER = {
  parentHash: HEADER.parentHash,
  sha3Uncles: HEADER.ommersHash,
  miner: HEADER.coinbase,
  stateRoot: HEADER.stateRoot,
  transactionsRoot: HEADER.transactionsRoot,
  receiptsRoot: HEADER.receiptsRoot,
  logsBloom: `0x${'00'.repeat(256)}`,
  difficulty: '0x0',
  number: '0x7',
  gasLimit: '0x1',
  gasUsed: '0x0',
  timestamp: '0xc',
  extraData: '0x',
  mixHash: HEADER.mixHash,
  nonce: '0x0000000000000000',
}

test('a header field of a fork to come is named, and what to do about it', () => {
  const future = {
    ...JSON_OF_HEADER,
    hash: `0x${'99'.repeat(32)}`,
    blockAccessListHash: `0x${'88'.repeat(32)}`,
  }
  expect(() => verifyHeader(future, {})).toThrow(
    /it has fields this version does not know \(blockAccessListHash\): if every provider says so, L1 has forked/,
  )
  // A field of the server's own, beside a header that hashes well, is nobody's concern.
  const chatty = { ...JSON_OF_HEADER, hash: headerHash(HEADER), serverMood: 'good' }
  expect(verifyHeader(chatty, {})).toEqual(toL1Header(HEADER, headerHash(HEADER)))
})

test('another block than the one asked for is refused', () => {
  const block = { ...JSON_OF_HEADER, hash: headerHash(HEADER) }
  expect(() => verifyHeader(block, { hash: `0x${'99'.repeat(32)}` })).toThrow(/^asked for block 0x99/)
  expect(() => verifyHeader(block, { number: 8n })).toThrow(/^asked for block number 8, got 7/)
})

test.each([
  ['null', null],
  ['a list', []],
  ['a missing field', { ...JSON_OF_HEADER, hash: headerHash(HEADER), stateRoot: undefined }],
  ['a short hash', { ...JSON_OF_HEADER, hash: headerHash(HEADER), stateRoot: '0x12' }],
  ['a number for a quantity', { ...JSON_OF_HEADER, hash: headerHash(HEADER), number: 7 }],
  ['an endless quantity', { ...JSON_OF_HEADER, hash: headerHash(HEADER), number: `0x${'1'.repeat(65)}` }],
])('%s in place of a block is wrong data, not a crash', (_, json) => {
  expect(() => verifyHeader(json, {})).toThrow(WrongDataError)
})
