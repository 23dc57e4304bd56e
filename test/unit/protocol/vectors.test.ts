/** The vectors of taiko.md §8, by number. 29 (genesis) is the engine's, 24's and 12's captured halves are in derivation.test.ts. */
import { createHash } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, test } from 'vitest'
import { concatBytes, toWord } from '../../../src/primitives/bytes.ts'
import { bytesToHex, type Hash, hexToBytes, ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { keccak256, keccak256Hex } from '../../../src/primitives/keccak.ts'
import { orderedTrieRoot } from '../../../src/primitives/orderedTrie.ts'
import { buildAnchorTransaction } from '../../../src/protocol/anchorTransaction.ts'
import { decodeBlob, decodeBlobs, encodeBlob, encodeBlobs } from '../../../src/protocol/blobCodec.ts'
import {
  GOLDEN_TOUCH_ADDRESS,
  isOfGoldenTouch,
  signGoldenTouch,
  signGoldenTouchWithSecondNonce,
} from '../../../src/protocol/goldenTouch.ts'
import { legacyMixHash } from '../../../src/protocol/legacy/attributes.ts'
import { bondingCurveBaseFee, spotPrice } from '../../../src/protocol/legacy/baseFee.ts'
import { hashBatchInfo, hashBatchMetadata, hashTransactions } from '../../../src/protocol/pacaya/proposals.ts'
import { decodeAnchorBlockNumber, encodeAnchorV4 } from '../../../src/protocol/shasta/anchor.ts'
import { shastaExtraData, shastaMixHash } from '../../../src/protocol/shasta/attributes.ts'
import { nextBaseFee } from '../../../src/protocol/shasta/baseFee.ts'
import { encodeManifestRlp } from '../../../src/protocol/shasta/encodeManifest.ts'
import { forcedInclusionFee } from '../../../src/protocol/shasta/forcedInclusions.ts'
import { DEFAULT_BLOCK, decodeManifest } from '../../../src/protocol/shasta/manifest.ts'
import { hashProposal } from '../../../src/protocol/shasta/proposals.ts'
import { decodeProposeInput, encodeProposeInput } from '../../../src/protocol/shasta/proposeInput.ts'
import { checkSource, timestampLowerBound } from '../../../src/protocol/shasta/rules.ts'
import { anchorAddressOf } from '../../../src/spec/address.ts'
import { taikoHoodi } from '../../../src/spec/networks/taikoHoodi.ts'
import { taikoMainnet } from '../../../src/spec/networks/taikoMainnet.ts'
import { createManifest, createParent, createProposal } from '../../support/protocolBuilders.ts'
import {
  HEKLA,
  hasFixture,
  type Json,
  readJsonFixture,
  SHASTA_HEADER,
  SURGE,
} from '../../support/protocolFixtures.ts'

const HALF_N = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

function recoverAddress(hash: string, signature: { r: bigint; s: bigint; yParity: number }): string {
  const point = new secp256k1.Signature(signature.r, signature.s, signature.yParity).recoverPublicKey(
    hexToBytes(hash),
  )
  return bytesToHex(keccak256(point.toBytes(false).subarray(1)).subarray(12))
}

describe('golden touch', () => {
  test('1: the key belongs to the address', () => {
    const key = hexToBytes('0x92954368afd3caa1f3ce3ead0069c1af414054aefe1ef9aeacc1bf426222ce38')
    const point = secp256k1.getPublicKey(key, false).subarray(1)
    expect(bytesToHex(keccak256(point).subarray(12))).toBe(GOLDEN_TOUCH_ADDRESS)
  })

  const second = '0xc6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5'
  test.each([
    {
      vector: 2,
      hash: '0x44943399d1507f3ce7525e9be2f987c3db9136dc759cb7f92f742154196868b9',
      s: '0x38940d69b21d5b088beb706e9ebabe6422307e12863997a44239774467e240d5',
      yParity: 1,
    },
    {
      vector: 3,
      hash: '0x663d210fa6dba171546498489de1ba024b89db49e21662f91bf83cdffe788820',
      s: '0x5840695138a83611aa9dac67beb95aba7323429787a78df993f1c5c7f2c0ef7f',
      yParity: 0,
    },
  ])('$vector: signs with k = 2', ({ hash, s, yParity }) => {
    const signature = signGoldenTouchWithSecondNonce(hexToBytes(hash))
    expect(signature).toEqual({ r: BigInt(second), s: BigInt(s), yParity })
    expect(recoverAddress(hash, signature!)).toBe(GOLDEN_TOUCH_ADDRESS)
  })

  const first = '0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
  test.each([
    {
      vector: 4,
      hash: '0x9088ad43faa193a76b6fb98af27f470e0855a57752461dd269cc3046816cf8a0',
      s: '0x2c35a4c65dddb7b01b56b2e535e085f9cbf2eaf1b7aec147825199d22565b77f',
    },
    {
      vector: 6,
      hash: '0xa5d6bf407fd5f91f32e9e4c49e3da8f7294fb53ebe8f66286f35f8fde9b65293',
      s: '0x16e792c9d8a9523853dc87ab8a222410aaf8db2a4b6578f17ce7d11abd1c5d8c',
    },
  ])('$vector: signs with k = 1', ({ hash, s }) => {
    const signature = signGoldenTouch(hexToBytes(hash))
    expect(signature).toEqual({ r: BigInt(first), s: BigInt(s), yParity: 1 })
    expect(recoverAddress(hash, signature)).toBe(GOLDEN_TOUCH_ADDRESS)
  })

  test('every signature is low and recovers to the address', () => {
    for (let i = 0n; i < 50n; i++) {
      const hash = keccak256Hex(toWord(i))
      const signature = signGoldenTouch(hexToBytes(hash))
      expect(signature.s <= HALF_N).toBe(true)
      expect(isOfGoldenTouch(hexToBytes(hash), signature)).toBe(true)
      const other = { ...signature, s: signature.s ^ 1n }
      expect(isOfGoldenTouch(hexToBytes(hash), other)).toBe(false)
      expect(isOfGoldenTouch(hexToBytes(keccak256Hex(toWord(i + 1n))), signature)).toBe(false)
      expect(recoverAddress(hash, signature)).toBe(GOLDEN_TOUCH_ADDRESS)
    }
  })

  test('falls back to k = 2 for the one hash where k = 1 gives s = 0', () => {
    const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const key = 0x92954368afd3caa1f3ce3ead0069c1af414054aefe1ef9aeacc1bf426222ce38n
    const hash = bytesToHex(toWord(n - ((BigInt(first) * key) % n)))
    const signature = signGoldenTouch(hexToBytes(hash))
    expect(signature.r).toBe(BigInt(second))
    expect(recoverAddress(hash, signature)).toBe(GOLDEN_TOUCH_ADDRESS)
  })
})

test.skipIf(!hasFixture(SHASTA_HEADER))(
  '4, 5: rebuilds the anchor transaction of mainnet block 6444570',
  () => {
    const json = readJsonFixture(SHASTA_HEADER)
    const data = hexToBytes(`0x${json.rawAnchorTx.slice(json.rawAnchorTx.indexOf('523e6854')).slice(0, 200)}`)
    expect(decodeAnchorBlockNumber(data)).toBe(25_042_690n)
    const anchor = buildAnchorTransaction({
      chainId: 167_000n,
      nonce: 6_444_658n,
      gasLimit: 1_000_000n,
      baseFeePerGas: 10_000_000n,
      to: taikoMainnet.l2.anchor,
      data,
    })
    expect(bytesToHex(anchor)).toBe(json.rawAnchorTx)
    expect(keccak256Hex(anchor)).toBe('0xab29730d620058ee73d4495d3e652c7a0a70169aaec7552773b9b6a22e6f9d9e')
    expect(orderedTrieRoot([anchor])).toBe(
      '0xe7451255288a5f7a2103eab1339f53eae9f5d7810946dd0ab184b0aa942f51bb',
    )
  },
)

describe('hashes and header fields', () => {
  test('7, 8: Shasta mix hash', () => {
    expect(shastaMixHash(0n, 6_444_570n)).toBe(
      '0x28c0cc52efee5bffa50e3f6a5e8e9269f4cb5cea1a52e924cd843822ddd34182',
    )
    expect(shastaMixHash(0n, 1n)).toBe('0xa6eef7e35abe7026729641147f7915573c7e97b47efa546f5f6e3230263bcb49')
  })

  test('9: Pacaya and Ontake mix hash', () => {
    expect(legacyMixHash(1_166_000n)).toBe(
      '0x78b7ff115aecd9156f45466b1e005cb65167f673800e4f3f69cd2d59e3b98192',
    )
    expect(legacyMixHash(538_304n)).toBe('0x6a3b1a9731c1e3eabc48733c0b426d800f74fb494df92385cb40d7a8963d2c75')
    expect(legacyMixHash(780_758n)).toBe('0x5aaeb47eb024d0d78b8b44b980204371f1d5b513f7ede0492f2f19da19605949')
  })

  test('10: extra data', () => {
    expect(bytesToHex(shastaExtraData(75, 7857n))).toBe('0x4b000000001eb1')
    expect(bytesToHex(shastaExtraData(75, 1n))).toBe('0x4b000000000001')
  })

  const genesis = {
    id: 0n,
    timestamp: 0n,
    endOfSubmissionWindowTimestamp: 0n,
    proposer: ZERO_ADDRESS,
    parentHash: ZERO_HASH,
    originBlockNumber: 0n,
    originBlockHash: ZERO_HASH,
    basefeeSharingPctg: 0,
    sources: [],
  }

  test('11: hash of the zero proposal', () => {
    expect(hashProposal(genesis)).toBe('0x33f24551a517a7ba147890b98c4a2bceece321d529229377a7e34668acd8fa83')
  })

  test('12: hash of Surge proposal 1', () => {
    const blobHash: Hash = '0x017f1fcbe1aaf003f442eef5af082ce5eb90cded27e0f1b94006dffa6226081a'
    const timestamp = 0x69aafd76n
    const hash = hashProposal({
      ...genesis,
      id: 1n,
      timestamp,
      proposer: '0x5918b2e647464d4743601a865753e64c8059dc4f',
      parentHash: hashProposal(genesis),
      originBlockNumber: 0x80n,
      originBlockHash: '0x875ac6ce4f5b514342c2ad7ebc10f361b3cd9c5a7ddcc41ffd77676a6042d8a1',
      basefeeSharingPctg: 75,
      sources: [{ isForcedInclusion: false, blobSlice: { blobHashes: [blobHash], offset: 0, timestamp } }],
    })
    expect(hash).toBe('0xc91ffb9ceafbc1f413c1925264f9df1ccab2b246c0658829465583cbc5438342')
  })

  test('13: propose input', () => {
    const input = { deadline: 1_234_567n, blobStartIndex: 5, numBlobs: 2, offset: 99, numForcedInclusions: 7 }
    expect(bytesToHex(encodeProposeInput(input))).toBe('0x00000012d687000500020000630007')
    expect(decodeProposeInput(encodeProposeInput(input))).toEqual(input)
    expect(decodeProposeInput(new Uint8Array(14))).toBeUndefined()
  })

  test('14: default manifest', () => {
    const block = { ...DEFAULT_BLOCK, transactions: [] }
    expect(bytesToHex(encodeManifestRlp([block]))).toBe(
      '0xdbdad9809400000000000000000000000000000000000000008080c0',
    )
  })
})

describe('blobs and manifests', () => {
  const SURGE_PAYLOAD = concatBytes(
    toWord(1n),
    toWord(0x52n),
    hexToBytes(
      '0x789cfbc918fe9331e4614be6aadfd3a6444a6c7ae6eee6ebee9c20d5161efccca721f28e7f480be3c9c30d07c02ae61054b188a08a150455ac23a8620b4115bb08aa384050c531822acee05301009986a944',
    ),
  )

  test('15: Surge proposal 1 is a manifest of ten anchor-only blocks', () => {
    const manifest = decodeManifest(SURGE_PAYLOAD, 0, { blocksMax: 192, isForcedInclusion: false })
    if (manifest.type === 'fault') throw new Error(manifest.fault.detail)
    expect(manifest.value).toHaveLength(10)
    expect(manifest.value[0]).toEqual({
      timestamp: 0x69aafb96n,
      coinbase: '0x5918b2e647464d4743601a865753e64c8059dc4f',
      anchorBlockNumber: 0x54n,
      gasLimit: 30_000_000n,
      transactions: [],
    })
    for (const [i, block] of manifest.value.entries())
      expect(block.timestamp).toBe(0x69aafb96n + 6n * BigInt(i))
  })

  test('16: and its blob begins as published', () => {
    const [blob] = encodeBlobs(SURGE_PAYLOAD)
    const element = (index: number) => bytesToHex(blob!.subarray(32 * index, 32 * index + 32))
    expect(element(0)).toMatch(/^0x0000000092(00)+$/)
    expect(element(1)).toMatch(/^0x0000000001(00)+$/)
    expect(element(2)).toBe('0x1500000052789cfbc918fe9331e4614be6aadfd3a6444a6c7ae6eee6ebee9c20')
    expect(element(3)).toBe('0x30161efccca721f28e7f480be3c9c30d07c02ae61054b188a08a150455ac23a8')
    expect(element(4)).toBe('0x00620b4115bb08aa384050c531822acee05301009986a9440000000000000000')
    expect(blob!.subarray(160).every((byte) => byte === 0)).toBe(true)
  })

  test.skipIf(!hasFixture(SURGE))('16: and is byte for byte the captured one', () => {
    const captured = Uint8Array.from(readJsonFixture(SURGE).taiko.data_sources[0].tx_data_from_blob[0])
    expect(decodeBlobs([captured])).toEqual({ type: 'ok', value: SURGE_PAYLOAD })
    const encoded = encodeBlobs(SURGE_PAYLOAD)
    expect(encoded).toHaveLength(1)
    expect(Buffer.compare(encoded[0]!, captured)).toBe(0)
  })

  test('17: the four elements of the first round', () => {
    const payload = Uint8Array.from({ length: 130 }, (_, i) => (i % 255) + 1)
    const blob = encodeBlob(payload)
    expect(bytesToHex(blob.subarray(0, 8))).toBe('0x1c00000082010203')
    expect(bytesToHex(blob.subarray(32, 35))).toBe('0x0c1d1e')
    expect(bytesToHex(blob.subarray(64, 67))).toBe('0x1c3d3e')
    expect(bytesToHex(blob.subarray(96, 99))).toBe('0x135d5e')
    expect(bytesToHex(blob.subarray(128, 137))).toBe('0x007c7d7e7f80818200')
    expect(keccak256Hex(blob.subarray(0, 256))).toBe(
      '0x1a474730453dedcd933d3c0b0efb0699b16f68ff1d8902c3798e6779d074ccb3',
    )
    expect(decodeBlob(blob)).toEqual({ type: 'ok', value: payload })
  })

  test('18: a stray byte after an empty payload makes the blob undecodable', () => {
    const blob = new Uint8Array(131_072)
    blob[6] = 2
    expect(decodeBlob(blob)).toMatchObject({ fault: { name: 'blobTrailingData', rule: 'D-13' } })
  })

  const limits = { blocksMax: 192, isForcedInclusion: false }
  const name = (payload: Uint8Array, rest: Partial<typeof limits> = {}) => {
    const manifest = decodeManifest(payload, 0, { ...limits, ...rest })
    return manifest.type === 'fault' ? manifest.fault.name : `${manifest.value.length} blocks`
  }

  test('19: version word', () => {
    const withVersion = (version: bigint) => concatBytes(toWord(version), createManifest(1).subarray(32))
    expect(name(withVersion(2n ** 32n + 1n))).toBe('1 blocks')
    expect(name(withVersion(2n ** 63n + 1n))).toBe('1 blocks')
    for (const version of [0n, 2n, 2n ** 32n, 2n ** 64n + 1n, 2n ** 256n - 1n])
      expect(name(withVersion(version))).toBe('manifestVersion')
  })

  test('19: size word', () => {
    const manifest = createManifest(1)
    const size = BigInt(manifest.length - 64)
    const withSize = (value: bigint) =>
      concatBytes(manifest.subarray(0, 32), toWord(value), manifest.subarray(64))
    expect(name(withSize(size + 2n ** 64n))).toBe('1 blocks')
    for (const value of [
      size + 1n,
      2n ** 31n - 1n,
      2n ** 32n - 1n,
      2n ** 53n,
      2n ** 64n - 1n,
      2n ** 256n - 1n,
    ])
      expect(name(withSize(value))).toBe('manifestSize')
    for (const value of [0n, size - 1n]) expect(name(withSize(value))).toBe('manifestInflate')
  })

  test('19: number of blocks', () => {
    expect(name(createManifest(192))).toBe('192 blocks')
    expect(name(createManifest(193))).toBe('tooManyBlocks')
    expect(name(createManifest(768), { blocksMax: 768 })).toBe('768 blocks')
    expect(name(createManifest(769), { blocksMax: 768 })).toBe('tooManyBlocks')
    expect(name(createManifest(2), { isForcedInclusion: true })).toBe('forcedBlockCount')
  })
})

describe('20, 21: base fee after EIP-4396', () => {
  const parent = {
    number: 1n,
    gasLimit: 30_000_000n,
    gasUsed: 15_000_000n,
    baseFeePerGas: 900_000_000n,
    timestamp: 2n,
    grandparentTimestamp: 0n,
  }
  test.each([
    [{}, 900_000_000n],
    [{ gasUsed: 20_000_000n }, 937_500_000n],
    [{ gasUsed: 10_000_000n }, 862_500_000n],
    [{ gasUsed: 0n }, 787_500_000n],
    [{ gasUsed: 16_000_000n }, 907_500_000n],
    [{ timestamp: 1n }, 956_250_000n],
    [{ timestamp: 4n }, 798_750_000n],
    [{ baseFeePerGas: 1_000_000_000n, gasUsed: 16_000_000n }, 1_000_000_000n],
    [{ baseFeePerGas: 5_000_000n, gasUsed: 14_000_000n }, 5_000_000n],
    [{ number: 0n }, 25_000_000n],
  ])('%o → %s', (change, expected) => {
    expect(nextBaseFee({ ...parent, ...change }, 5_000_000n)).toBe(expected)
  })

  test('mainnet has a higher floor', () => {
    expect(nextBaseFee({ ...parent, baseFeePerGas: 5_000_000n, gasUsed: 0n }, 10_000_000n)).toBe(10_000_000n)
  })

  test('follows six consecutive Surge blocks', () => {
    const gasUsed = [182_453n, 70_938n, 71_114n, 71_290n, 71_466n, 71_642n]
    const expected = [19_099_285n, 14_574_132n, 11_121_134n, 8_486_259n, 6_475_664n, 5_000_000n]
    let baseFeePerGas = 25_000_000n
    for (const [i, used] of gasUsed.entries()) {
      const block = { ...parent, gasLimit: 31_000_000n, gasUsed: used, baseFeePerGas, timestamp: 6n }
      // The first block's parent is genesis, whose timestamp is 0.
      const timestamp = i === 0 ? 1_772_813_206n : 6n
      baseFeePerGas = nextBaseFee({ ...block, timestamp }, 5_000_000n)
      expect(baseFeePerGas).toBe(expected[i])
    }
  })
})

describe('22, 23: base fee on the bonding curve', () => {
  test.each([
    [1_340_000_000n, 8_847_185n],
    [1_344_899_430n, 10_000_000n],
    [1_346_486_548n, 10_404_757n],
    [1_435_929_923n, 97_353_385n],
    [1_500_000_000n, 483_039_982n],
    [1_000_000_000n, 1_800n],
  ])('excess %s → %s', (excess, expected) => {
    expect(spotPrice(40_000_000n, excess)).toBe(expected)
  })

  test('mainnet 780758: no issuance within one second', () => {
    const baseFee = bondingCurveBaseFee({
      slot: {
        parentGasExcess: 1_340_000_000n,
        parentTimestamp: 1_737_448_355n,
        parentGasTarget: 40_000_000n,
      },
      config: {
        adjustmentQuotient: 8n,
        sharingPctg: 75,
        gasIssuancePerSecond: 5_000_000n,
        minGasExcess: 1_340_000_000n,
        maxGasIssuancePerBlock: 600_000_000n,
      },
      timestamp: 1_737_448_355n,
      parentGasUsed: 95_929_923n,
    })
    expect(baseFee).toBe(97_353_385n)
  })
})

test.skipIf(!hasFixture(HEKLA))('24: hashes of Hekla batch 1306738', () => {
  const { info, meta, txList } = readJsonFixture(HEKLA).taiko.batch_proposed.Pacaya
  const big = (object: Json, ...keys: string[]) => ({
    ...object,
    ...Object.fromEntries(keys.map((key) => [key, BigInt(object[key])])),
  })
  const typed = big(info, 'proposedIn', 'blobCreatedIn', 'lastBlockId', 'lastBlockTimestamp', 'anchorBlockId')
  typed.baseFeeConfig = big(info.baseFeeConfig, 'minGasExcess')
  expect(hashBatchInfo(typed)).toBe('0x343cd4c51adc3f54ef5e3529a94a0ca17c624ebcf15fd33343d992cb6672625e')
  expect(hashBatchMetadata(big(meta, 'batchId', 'proposedAt'))).toBe(
    '0x0ca951f33fbd5f5aeaccf7c017715688dd221d7357b68c92306390e8fb68875c',
  )
  expect(hashTransactions(hexToBytes(txList), info.blobHashes)).toBe(info.txsHash)
  expect(info.txsHash).toMatch(/^0xef4b0579.*ea0f$/)
})

test.skipIf(!hasFixture(HEKLA))('24: its blob decodes, and its commitment gives the versioned hash', () => {
  const { tx_data_from_blob, blob_commitments, batch_proposed } = readJsonFixture(HEKLA).taiko
  const payload = decodeBlob(Uint8Array.from(tx_data_from_blob[0]))
  if (payload.type === 'fault') throw new Error(payload.fault.detail)
  expect(payload.value).toHaveLength(265)
  expect(bytesToHex(payload.value.subarray(0, 10))).toBe('0x789cfac914f493c9bf49')
  expect(bytesToHex(inflateSync(payload.value).subarray(0, 18))).toBe(
    '0xf90252f9024f822a3384067ce051830164bf',
  )
  const commitment = createHash('sha256').update(Uint8Array.from(blob_commitments[0])).digest('hex')
  expect(batch_proposed.Pacaya.info.blobHashes).toEqual([`0x01${commitment.slice(2)}`])
})

test('25: forced-inclusion fee', () => {
  const base = 10_000_000n
  for (const [pending, tenths] of [
    [0n, 10n],
    [50n, 15n],
    [100n, 20n],
    [150n, 25n],
    [200n, 30n],
  ] as const)
    expect(forcedInclusionFee({ baseFeeInGwei: base, doubleThreshold: 100n, pending })).toBe(
      (base * tenths) / 10n,
    )
})

describe('26: lowest timestamp', () => {
  const hoodi = (shasta: bigint) => ({
    ...taikoHoodi,
    forks: [{ name: 'shasta' as const, activation: { type: 'timestamp' as const, timestamp: shasta } }],
  })
  const mainnet = { ...hoodi(0n), shasta: taikoMainnet.shasta }
  test.each([
    [hoodi(1500n), 1000n, 2000n, 1500n],
    [hoodi(1200n), 1000n, 1100n, 1200n],
    [mainnet, 100n, 10_000n, 3856n],
    [hoodi(0n), 100n, 10_000n, 8464n],
  ])('%#', (spec, parentTimestamp, proposalTimestamp, expected) => {
    expect(timestampLowerBound({ spec, parentTimestamp, proposalTimestamp })).toBe(expected)
  })
})

describe('27: anchors', () => {
  const check = (anchorBlockNumber: bigint, isForcedInclusion: boolean) => {
    const proposal = createProposal({ originBlockNumber: 100n, forced: [isForcedInclusion] })
    const parent = createParent({ anchorBlockNumber: 60n })
    const block = {
      timestamp: proposal.timestamp,
      coinbase: ZERO_ADDRESS,
      anchorBlockNumber,
      gasLimit: 30_000_000n,
      transactions: [],
    }
    return checkSource({ spec: taikoHoodi, proposal, sourceIndex: 0, decoded: { blocks: [block] }, parent })
      .fault?.name
  }
  test('behind the parent, advancing, standing still', () => {
    expect(check(50n, false)).toBe('anchorDecreases')
    expect(check(80n, false)).toBeUndefined()
    expect(check(60n, false)).toBe('anchorStagnates')
    expect(check(60n, true)).toBeUndefined()
  })
})

test('28: anchor and treasury address', () => {
  expect(anchorAddressOf(167_000n)).toBe('0x1670000000000000000000000000000000010001')
  expect(anchorAddressOf(763_374n)).toBe('0x7633740000000000000000000000000000010001')
})

test('anchorV4 calldata says number, hash and state root', () => {
  const hash: Hash = `0x${'ab'.repeat(32)}`
  const stateRoot: Hash = `0x${'cd'.repeat(32)}`
  const calldata = encodeAnchorV4({ number: 7n, hash, stateRoot })
  expect(bytesToHex(calldata)).toBe(`0x523e6854${'00'.repeat(31)}07${'ab'.repeat(32)}${'cd'.repeat(32)}`)
  expect(decodeAnchorBlockNumber(calldata)).toBe(7n)
})
