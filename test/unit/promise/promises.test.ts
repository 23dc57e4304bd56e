/** The same figures as contracts/test/l1/preconf/Promises.t.sol: promises mean the same on both sides. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import {
  type BlockCommitment,
  blockCommitmentHash,
  blockCommitmentObjectRoot,
  decodeBlockCommitment,
  encodeBlockCommitment,
  isBlockEquivocation,
} from '../../../src/promise/blockCommitment.ts'
import type { PromiseDomain } from '../../../src/promise/domain.ts'
import {
  decodeInclusionList,
  decodeListed,
  encodeInclusionList,
  encodeListed,
  hashListed,
  inclusionListHash,
  inclusionListObjectRoot,
  isListEquivocation,
  LISTED_BYTES_MAX,
} from '../../../src/promise/inclusionList.ts'
import { committerOf, recoverCommitter, signHash } from '../../../src/promise/signature.ts'
import { signingDomainOf, signingIdOf } from '../../../src/promise/signingRoot.ts'
import { promiseVectors as vectors } from '../../support/promiseVectors.ts'

/** preconf.md §1.5. */
const COMMITTER_KEY = hexToBytes('0x88bcd6672d95bcba0d52a3146494ed4d37675af4ed2206905eb161aa99a6c0d1')
const COMMITTER = vectors.committer.toLowerCase() as Hex
const DOMAIN: PromiseDomain = {
  l1ChainId: BigInt(vectors.l1ChainId),
  domain: vectors.domain,
  signingId: vectors.signingId,
  slasher: vectors.slasher,
}

const commitments = vectors.blockCommitments.map((vector) => ({
  vector,
  commitment: {
    l2ChainId: BigInt(vector.l2ChainId),
    blockNumber: BigInt(vector.blockNumber),
    parentCommitmentHash: vector.parentCommitmentHash,
    parentBlockHash: vector.parentBlockHash,
    transactionsRoot: vector.transactionsRoot,
    anchorBlockNumber: BigInt(vector.anchorBlockNumber),
    windowEnd: BigInt(vector.windowEnd),
    isEndOfWindow: vector.isEndOfWindow,
  } satisfies BlockCommitment,
}))

test('the domain is that of the chain and the registry', () => {
  expect(signingDomainOf('0x10000910')).toBe(vectors.domain)
  expect(signingIdOf(BigInt(vectors.l1ChainId), vectors.registry)).toBe(vectors.signingId)
})

test.each(commitments)(
  'a block commitment has one encoding and one hash, $vector.hash',
  ({ vector, commitment }) => {
    expect(bytesToHex(encodeBlockCommitment(commitment))).toBe(vector.payload)
    expect(decodeBlockCommitment(hexToBytes(vector.payload))).toEqual({ type: 'decoded', value: commitment })
    expect(blockCommitmentObjectRoot(commitment, DOMAIN.slasher)).toBe(vector.objectRoot)
    expect(blockCommitmentHash(commitment, DOMAIN)).toBe(vector.hash)
  },
)

test('a payload that is not exactly one commitment is none', () => {
  const faults = vectors.badBlockPayloads.map((payload) => decodeBlockCommitment(hexToBytes(payload)))
  const count = { wrongSize: 0, zeroField: 0, outOfRange: 0, wrongTransactions: 0 }
  for (const result of faults) if (result.type === 'fault') count[result.fault]++
  expect(count).toEqual({ wrongSize: 4, zeroField: 5, outOfRange: 7, wrongTransactions: 0 })
})

test('a number that does not fit its field is not encoded', () => {
  const { commitment } = commitments[0]!
  for (const field of ['l2ChainId', 'blockNumber', 'anchorBlockNumber', 'windowEnd'] as const) {
    for (const value of [1n << 64n, -1n])
      expect(() => encodeBlockCommitment({ ...commitment, [field]: value })).toThrow(RangeError)
  }
})

test('whatever decodes has the encoding it was decoded from', () => {
  const byte = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(255), byte), { maxLength: 6 }), (changes) => {
      const payload = hexToBytes(vectors.blockCommitments[1]!.payload)
      for (const [at, value] of changes) payload[at] = value
      const decoded = decodeBlockCommitment(payload)
      if (decoded.type === 'decoded') expect(encodeBlockCommitment(decoded.value)).toEqual(payload)
    }),
  )
})

test('any difference at one position is equivocation, and nothing at another', () => {
  const a = commitments[0]!.commitment
  const other: Hash = `0x${'77'.repeat(32)}`
  for (const change of [
    { transactionsRoot: other },
    { parentCommitmentHash: other },
    { anchorBlockNumber: 8n },
    { windowEnd: a.windowEnd + 12n },
    { isEndOfWindow: true },
  ])
    expect(isBlockEquivocation(a, { ...a, ...change })).toBe(true)
  for (const change of [{}, { blockNumber: 2n }, { parentBlockHash: other }, { l2ChainId: 1n }])
    expect(isBlockEquivocation(a, { ...a, ...change, anchorBlockNumber: a.anchorBlockNumber })).toBe(false)
})

test.each(vectors.inclusionLists)('an inclusion list has one encoding and one hash, $hash', (vector) => {
  const list = {
    l2ChainId: BigInt(vector.l2ChainId),
    windowEnd: BigInt(vector.windowEnd),
    transactionsHash: vector.transactionsHash,
  }
  const transactions = vector.transactions.map(hexToBytes)
  expect(bytesToHex(encodeListed(transactions))).toBe(vector.encoded)
  expect(hashListed(hexToBytes(vector.encoded))).toBe(vector.transactionsHash)
  expect(decodeListed(hexToBytes(vector.encoded))).toEqual({ type: 'decoded', value: transactions })
  expect(bytesToHex(encodeInclusionList(list))).toBe(vector.payload)
  expect(decodeInclusionList(hexToBytes(vector.payload))).toEqual({ type: 'decoded', value: list })
  expect(inclusionListObjectRoot(list, DOMAIN.slasher)).toBe(vector.objectRoot)
  expect(inclusionListHash(list, DOMAIN)).toBe(vector.hash)
  expect(isListEquivocation(list, list)).toBe(false)
  expect(isListEquivocation(list, { ...list, transactionsHash: vector.payload })).toBe(true)
  expect(isListEquivocation(list, { ...list, windowEnd: 1n, transactionsHash: vector.payload })).toBe(false)
})

test('a payload that is not exactly one inclusion list is none', () => {
  const faults = vectors.badListPayloads.map((payload) => decodeInclusionList(hexToBytes(payload)).type)
  expect(faults).toEqual(vectors.badListPayloads.map(() => 'fault'))
})

test('a list has no blob transactions and at most 8192 bytes', () => {
  const typed = hexToBytes(vectors.inclusionLists[1]!.transactions[0]!)
  const blob = typed.slice()
  blob[0] = 3
  expect(() => encodeListed([typed, blob])).toThrow('wrongTransactions')

  const full = new Uint8Array(LISTED_BYTES_MAX - 3 - 3).fill(2)
  expect(encodeListed([full])).toHaveLength(LISTED_BYTES_MAX)
  expect(() => encodeListed([new Uint8Array(full.length + 1).fill(2)])).toThrow('wrongSize')
  expect(decodeListed(new Uint8Array(LISTED_BYTES_MAX + 1))).toEqual({ type: 'fault', fault: 'wrongSize' })
})

test('bytes that are no list of transactions are none', () => {
  const encoded = vectors.inclusionLists[2]!.encoded
  const nested = `0x${'c1'.repeat(5000)}c0`
  for (const bytes of ['0x', '0x80', `${encoded}00`, encoded.slice(0, -2), '0xc180', '0xc102', nested])
    expect(decodeListed(hexToBytes(bytes))).toEqual({ type: 'fault', fault: 'wrongTransactions' })
})

test('signatures are those of the registry, and name the committer', () => {
  expect(committerOf(COMMITTER_KEY)).toBe(COMMITTER)
  for (const { hash, signature } of [...vectors.blockCommitments, ...vectors.inclusionLists]) {
    expect(signHash(hash, COMMITTER_KEY)).toBe(signature)
    expect(recoverCommitter(hash, signature)).toBe(COMMITTER)
  }
})

test('a signature in another form than contracts accept names nobody', () => {
  const { hash, signature } = vectors.blockCommitments[0]!
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  const r = signature.slice(0, 66)
  const s = BigInt(`0x${signature.slice(66, 130)}`)
  const v = signature.slice(130)
  const highS = (order - s).toString(16).padStart(64, '0')
  const refused: Hex[] = [
    '0x',
    signature.slice(0, -2) as Hex,
    `${signature}00`,
    `${signature.slice(0, -2)}00` as Hex,
    `${signature.slice(0, -2)}01` as Hex,
    `${signature.slice(0, -2)}1d` as Hex,
    `${r}${highS}${v === '1b' ? '1c' : '1b'}` as Hex,
    `0x${'00'.repeat(64)}1b`,
    `0x${'ff'.repeat(64)}1b`,
    `0x${'zz'.repeat(65)}`,
  ]
  expect(refused.map((bytes) => recoverCommitter(hash, bytes))).toEqual(refused.map(() => undefined))
})
