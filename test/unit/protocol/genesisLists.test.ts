/** Transaction lists of Ontake and before, where they differ from Pacaya's. D-18, D-31, D-32, D-38, D-39. */
import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import { encodeBlob } from '../../../src/protocol/blobCodec.ts'
import { toProposal } from '../../../src/protocol/genesis/proposals.ts'
import { PACAYA_LIST_RULES } from '../../../src/protocol/legacy/listRules.ts'
import {
  CALLDATA_LIST_BYTES_MAX,
  decodeTransactionList,
} from '../../../src/protocol/legacy/transactionList.ts'
import type { Proposal } from '../../../src/protocol/protocol.ts'
import { protocolOf } from '../../../src/protocol/protocols.ts'
import { taikoHekla } from '../../../src/spec/networks/taikoHekla.ts'
import { taikoMainnet } from '../../../src/spec/networks/taikoMainnet.ts'
import { UNKNOWN_L1 } from '../../support/protocolFixtures.ts'
import { CREATION_TRANSACTION } from '../../support/protocolTransactions.ts'

const PLACE = { timestamp: 1_721_280_683n, l1: UNKNOWN_L1 }
const META = {
  l1Hash: ZERO_HASH,
  difficulty: ZERO_HASH,
  blobHash: ZERO_HASH,
  extraData: ZERO_HASH,
  depositsHash: ZERO_HASH,
  coinbase: ZERO_ADDRESS,
  id: 1n,
  gasLimit: 240_000_000,
  timestamp: 1_721_280_683n,
  l1Height: 20_331_334n,
  minTier: 200,
  parentMetaHash: ZERO_HASH,
  sender: ZERO_ADDRESS,
}

describe('a list before Pacaya', () => {
  const raw = CREATION_TRANSACTION
  const list = encodeRlp([raw, raw])
  const compressed = deflateSync(list)
  const decode = (
    fork: 'genesis' | 'ontake',
    source: { readonly calldata: Uint8Array } | { readonly blobs: readonly Uint8Array[] },
    spec = taikoMainnet,
  ) => {
    const base = toProposal({ meta: { ...META, blobUsed: 'blobs' in source }, deposits: 0, ...PLACE })
    const sources = base.sources.map((given) => ({ ...given, ...('calldata' in source && source) }))
    const proposal: Proposal = {
      ...base,
      fork,
      sources,
      details: { ...(base.details as object), type: fork },
    }
    const blobs = 'blobs' in source ? source.blobs : []
    const { blocks, fault } = protocolOf(fork).decodeSource({ spec, proposal, sourceIndex: 0, blobs })
    expect(blocks).toHaveLength(1)
    return { count: blocks[0]!.transactions.length, fault: fault?.name }
  }

  test.each(['genesis', 'ontake'] as const)('of %s comes in a blob or in calldata', (fork) => {
    expect(decode(fork, { blobs: [encodeBlob(compressed)] })).toEqual({ count: 2, fault: undefined })
    expect(decode(fork, { calldata: compressed })).toEqual({ count: 2, fault: undefined })
    expect(decode(fork, { calldata: new Uint8Array(0) })).toEqual({ count: 0, fault: undefined })
  })

  test('makes a block without transactions where its blob is not one of ours', () => {
    const blob = encodeBlob(compressed)
    blob[1] = 1
    expect(decode('genesis', { blobs: [blob] })).toEqual({ count: 0, fault: 'blobVersion' })
  })

  // Go's reader gives what it has with io.ErrUnexpectedEOF, which the clients of that time let pass.
  test.each(['genesis', 'ontake'] as const)('of %s counts although its stream ends too early', (fork) => {
    for (const lost of [1, 4])
      expect(decode(fork, { calldata: compressed.subarray(0, -lost) })).toEqual({
        count: 2,
        fault: undefined,
      })
  })

  test('that ends before its last transaction does is empty', () => {
    expect(decode('genesis', { calldata: compressed.subarray(0, -8) })).toEqual({
      count: 0,
      fault: 'listRlp',
    })
    expect(decode('genesis', { calldata: compressed.subarray(0, 1) })).toEqual({ count: 0, fault: 'listRlp' })
  })

  test('with a wrong checksum, or no stream at all, is empty', () => {
    const wrong = Uint8Array.from(compressed)
    wrong[wrong.length - 1]! ^= 1
    expect(decode('genesis', { calldata: wrong })).toEqual({ count: 0, fault: 'listInflate' })
    expect(decode('genesis', { calldata: list })).toEqual({ count: 0, fault: 'listInflate' })
  })

  test('of Pacaya that ends too early is empty', () => {
    const calldata = compressed.subarray(0, -1)
    const source = {
      isForcedInclusion: false,
      blobSlice: { blobHashes: [], offset: 0, timestamp: 0n },
      calldata,
    }
    expect(decodeTransactionList(source, [], PACAYA_LIST_RULES)).toMatchObject({
      transactions: [],
      fault: { name: 'listInflate' },
    })
  })

  // Repeated transactions deflate to next to nothing; random bytes do not deflate at all.
  const count = Math.ceil((CALLDATA_LIST_BYTES_MAX + 1) / raw.length)
  const large = deflateSync(encodeRlp(Array.from({ length: count }, () => raw)))

  test('in calldata is bounded by its compressed bytes', () => {
    expect(large.length).toBeLessThan(CALLDATA_LIST_BYTES_MAX)
    expect(decode('genesis', { calldata: large })).toEqual({ count, fault: undefined })
    const padded = concatBytes(compressed, new Uint8Array(CALLDATA_LIST_BYTES_MAX - compressed.length))
    expect(decode('genesis', { calldata: padded })).toEqual({ count: 2, fault: undefined })
    expect(decode('genesis', { calldata: concatBytes(padded, Uint8Array.of(0)) })).toEqual({
      count: 0,
      fault: 'calldataSize',
    })
  })

  test('in calldata of Hekla by its inflated ones, whatever the compressed', () => {
    const padded = concatBytes(compressed, new Uint8Array(CALLDATA_LIST_BYTES_MAX))
    for (const fork of ['genesis', 'ontake'] as const) {
      expect(decode(fork, { calldata: large }, taikoHekla)).toEqual({ count: 0, fault: 'calldataSize' })
      expect(decode(fork, { calldata: padded }, taikoHekla)).toEqual({ count: 2, fault: undefined })
    }
    expect(decode('genesis', { blobs: [encodeBlob(large)] }, taikoHekla)).toEqual({ count, fault: undefined })
  })
})
