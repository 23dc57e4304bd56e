/** Fabric's figures for a request and its commitment (preconf.md §1.5), and the encodings by viem's. */
import fc from 'fast-check'
import { encodeAbiParameters } from 'viem'
import { expect, test } from 'vitest'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { commitmentRoot, requestHash } from '../../../src/promise/commitment.ts'
import { committerOf, recoverCommitter, signHash } from '../../../src/promise/signature.ts'
import { signingDomainOf } from '../../../src/promise/signingRoot.ts'
import {
  commitmentHash,
  decodeTransactionExecution,
  decodeTransactionRequest,
  encodeTransactionExecution,
  encodeTransactionRequest,
  executionCommitment,
  executionHash,
  inclusionCommitment,
  inclusionHash,
  type TransactionExecution,
} from '../../../src/promise/transactionPromise.ts'

const DOMAIN = {
  l1ChainId: 560_048n,
  domain: signingDomainOf('0x10000910'),
  signingId: '0x6a33a23ef26a4836979edff86c493a69b26ccf0b4a16491a815a13787657431b',
  slasher: '0x1234567890123456789012345678901234567890',
} as const
const KEY = hexToBytes('0x88bcd6672d95bcba0d52a3146494ed4d37675af4ed2206905eb161aa99a6c0d1')

const viemRequest = (slot: bigint, transaction: Hex) =>
  encodeAbiParameters(
    [{ type: 'tuple', components: [{ type: 'uint64' }, { type: 'bytes' }] }],
    [[slot, transaction]],
  )

test('a request, its commitment and the signature are those of the reference implementation', () => {
  const payload = bytesToHex(encodeTransactionRequest({ slot: 12_345n, transaction: hexToBytes('0x02f8') }))
  const request = { commitmentType: 1n, payload, slasher: DOMAIN.slasher }
  expect(requestHash(request)).toBe('0x0eeea77fcc6045cb9cf74956be1f894e8c880d166ef4b77ac98f8fc32f994f41')
  const commitment = inclusionCommitment(request)
  expect(commitmentRoot(commitment)).toBe(
    '0x2dccf4f24a9b4c2bbbc3e23acfd293e315e7488c85e4fdbdba6aca0afc18a1fd',
  )
  const hash = inclusionHash(request, DOMAIN)
  expect(hash).toBe('0xc497f12abc8a05582760bcc94b8673ad481842eaf04733c1fbb09cb2939d0fc5')
  expect(commitmentHash(commitment, DOMAIN)).toBe(hash)
  expect(signHash(hash, KEY)).toBe(
    '0x688963a00133fc7550dc205cbd7a9448406265096ebf10c17294f15e9f2655292d5f13d581c22fd9f03060f21c9c3c3bba28bb3dda55a0c3a7f53fdc90fa3fc21c',
  )
})

test('a request is encoded as the ABI says, and read back', () => {
  fc.assert(
    fc.property(
      fc.bigInt(1n, 2n ** 64n - 1n),
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      (slot, bytes) => {
        const transaction = Uint8Array.from(bytes)
        const encoded = encodeTransactionRequest({ slot, transaction })
        expect(bytesToHex(encoded)).toBe(viemRequest(slot, bytesToHex(transaction)))
        expect(decodeTransactionRequest(encoded)).toEqual({ type: 'decoded', value: { slot, transaction } })
      },
    ),
  )
  expect(() => encodeTransactionRequest({ slot: 2n ** 64n, transaction: Uint8Array.of(1) })).toThrow(
    RangeError,
  )
})

test('a payload that is not exactly one request is none', () => {
  const good = encodeTransactionRequest({ slot: 7n, transaction: new Uint8Array(40).fill(9) })
  const change = (at: number, value: number) => {
    const bad = good.slice()
    bad[at] = value
    return decodeTransactionRequest(bad)
  }
  const fault = (name: string) => ({ type: 'fault', fault: name })
  expect(decodeTransactionRequest(new Uint8Array(0))).toEqual(fault('wrongSize'))
  expect(decodeTransactionRequest(good.subarray(0, -32))).toEqual(fault('wrongSize'))
  expect(decodeTransactionRequest(Uint8Array.of(...good, 0))).toEqual(fault('wrongSize'))
  expect(change(31, 0x40)).toEqual(fault('outOfRange'))
  expect(change(95, 0x60)).toEqual(fault('outOfRange'))
  expect(change(40, 1)).toEqual(fault('outOfRange'))
  expect(change(127, 80)).toEqual(fault('wrongSize'))
  expect(change(100, 1)).toEqual(fault('outOfRange'))
  expect(change(good.length - 1, 1)).toEqual(fault('outOfRange'))
  // One byte less, whose place then has to be zero.
  expect(change(127, 39)).toEqual(fault('outOfRange'))
  expect(decodeTransactionRequest(hexToBytes(viemRequest(0n, '0x01')))).toEqual(fault('zeroField'))
  expect(decodeTransactionRequest(hexToBytes(viemRequest(1n, '0x')))).toEqual(fault('zeroField'))
})

test('whatever decodes has the encoding it was decoded from', () => {
  const good = encodeTransactionRequest({ slot: 7n, transaction: new Uint8Array(70).fill(9) })
  const byte = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), byte), { maxLength: 4 }), (changes) => {
      const payload = good.slice()
      for (const [at, value] of changes) payload[at] = value
      const decoded = decodeTransactionRequest(payload)
      if (decoded.type === 'decoded') expect(encodeTransactionRequest(decoded.value)).toEqual(payload)
    }),
  )
})

const EXECUTION: TransactionExecution = {
  l2ChainId: 167n,
  blockNumber: 100n,
  parentBlockHash: `0x${'a1'.repeat(32)}`,
  transactionIndex: 3,
  transactionHash: `0x${'b2'.repeat(32)}`,
  receiptHash: `0x${'c3'.repeat(32)}`,
  windowEnd: 1_700_000_012n,
}

test('an execution is encoded as the ABI says, and read back', () => {
  const encoded = encodeTransactionExecution(EXECUTION)
  const {
    l2ChainId,
    blockNumber,
    parentBlockHash,
    transactionIndex,
    transactionHash,
    receiptHash,
    windowEnd,
  } = EXECUTION
  expect(bytesToHex(encoded)).toBe(
    encodeAbiParameters(
      ['uint64', 'uint48', 'bytes32', 'uint32', 'bytes32', 'bytes32', 'uint48'].map((type) => ({ type })),
      [
        l2ChainId,
        Number(blockNumber),
        parentBlockHash,
        transactionIndex,
        transactionHash,
        receiptHash,
        Number(windowEnd),
      ],
    ),
  )
  expect(decodeTransactionExecution(encoded)).toEqual({ type: 'decoded', value: EXECUTION })
})

test('a payload that is not exactly one execution is none', () => {
  const faultOf = (change: Partial<TransactionExecution>) =>
    decodeTransactionExecution(encodeTransactionExecution({ ...EXECUTION, ...change }))
  const zero: Hash = `0x${'00'.repeat(32)}`
  for (const change of [
    { l2ChainId: 0n },
    { blockNumber: 0n },
    { parentBlockHash: zero },
    { transactionHash: zero },
    { receiptHash: zero },
    { windowEnd: 0n },
  ])
    expect(faultOf(change)).toEqual({ type: 'fault', fault: 'zeroField' })
  expect(faultOf({ transactionIndex: 0 }).type).toBe('decoded')
  const encoded = encodeTransactionExecution(EXECUTION)
  for (const at of [0, 32 + 25, 3 * 32 + 27, 6 * 32]) {
    const bad = encoded.slice()
    bad[at] = 1
    expect(decodeTransactionExecution(bad)).toEqual({ type: 'fault', fault: 'outOfRange' })
  }
  expect(decodeTransactionExecution(encoded.subarray(1))).toEqual({ type: 'fault', fault: 'wrongSize' })
  for (const change of [{ l2ChainId: 2n ** 64n }, { blockNumber: 2n ** 48n }, { transactionIndex: 2 ** 32 }])
    expect(() => encodeTransactionExecution({ ...EXECUTION, ...change })).toThrow(RangeError)
})

test('an execution is signed with the hash of the request that it answers', () => {
  const payload = bytesToHex(encodeTransactionRequest({ slot: 9n, transaction: Uint8Array.of(2, 1) }))
  const request = { commitmentType: 5n, payload, slasher: DOMAIN.slasher }
  const commitment = executionCommitment(request, EXECUTION)
  expect(commitment).toEqual({
    commitmentType: 5n,
    payload: bytesToHex(encodeTransactionExecution(EXECUTION)),
    requestHash: requestHash(request),
    slasher: DOMAIN.slasher,
  })
  const hash = executionHash(request, EXECUTION, DOMAIN)
  expect(hash).toBe(commitmentHash(commitment, DOMAIN))
  expect(recoverCommitter(hash, signHash(hash, KEY))).toBe(committerOf(KEY))
  const later = {
    ...request,
    payload: bytesToHex(encodeTransactionRequest({ slot: 10n, transaction: Uint8Array.of(2, 1) })),
  }
  expect(executionHash(later, EXECUTION, DOMAIN)).not.toBe(hash)
})
