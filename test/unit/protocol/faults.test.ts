/** Every named fault, made on purpose, and what takes the place of what was faulty. INV-4. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { bigintToBytes, concatBytes, EMPTY_BYTES, toWord } from '../../../src/primitives/bytes.ts'
import { hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { encodeRlp, type RlpItem } from '../../../src/primitives/rlp.ts'
import { BYTES_PER_BLOB, encodeBlob, encodeBlobs } from '../../../src/protocol/blobCodec.ts'
import { FAULT_RULES, type FaultName } from '../../../src/protocol/faults.ts'
import { PACAYA_LIST_RULES } from '../../../src/protocol/legacy/listRules.ts'
import {
  CALLDATA_LIST_BYTES_MAX,
  decodeTransactionList,
} from '../../../src/protocol/legacy/transactionList.ts'
import type {
  CheckedSource,
  DecodedSource,
  DerivationSource,
  SourceFault,
} from '../../../src/protocol/protocol.ts'
import { protocolOf } from '../../../src/protocol/protocols.ts'
import { encodeManifest, type ManifestBlockInput } from '../../../src/protocol/shasta/encodeManifest.ts'
import { DEFAULT_BLOCK } from '../../../src/protocol/shasta/manifest.ts'
import { taikoHoodi } from '../../../src/spec/networks/taikoHoodi.ts'
import {
  COINBASE,
  createBlock,
  createManifest,
  createParent,
  createProposal,
  PROPOSED_AT,
  PROPOSER,
  wrapManifest,
} from '../../support/protocolBuilders.ts'
import { LEGACY_TRANSACTION } from '../../support/protocolTransactions.ts'

const spec = taikoHoodi
const shasta = protocolOf('shasta')

/** Decodes blobs as the only source of a proposal. */
function decode(
  blobs: readonly Uint8Array[],
  change: { forced?: boolean; offset?: number } = {},
): DecodedSource {
  const { forced = false, offset = 0 } = change
  const proposal = createProposal({
    sources: [
      {
        isForcedInclusion: forced,
        blobSlice: { blobHashes: blobs.map(() => ZERO_HASH), offset, timestamp: PROPOSED_AT },
      },
    ],
  })
  return shasta.decodeSource({ spec, proposal, sourceIndex: 0, blobs })
}

/** A blob whose payload is a good manifest, with one byte changed. */
function corruptBlob(index: number, value: number): Uint8Array {
  const blob = encodeBlob(createManifest(1))
  blob[index] = value
  return blob
}

const field = (value: bigint): RlpItem => bigintToBytes(value)
const blockItem = (transactions: RlpItem): RlpItem => [
  field(PROPOSED_AT),
  hexToBytes(COINBASE),
  field(995n),
  field(30_000_000n),
  transactions,
]

function check(
  blocks: readonly ManifestBlockInput[],
  change: { forced?: boolean; parent?: Parameters<typeof createParent>[0]; timestamp?: bigint } = {},
): CheckedSource {
  const proposal = createProposal({
    forced: [change.forced ?? false],
    ...(change.timestamp === undefined ? {} : { timestamp: change.timestamp }),
  })
  const decoded = { blocks: blocks.map((block) => ({ ...block, transactions: [] })) }
  return shasta.checkSource({ spec, proposal, sourceIndex: 0, decoded, parent: createParent(change.parent) })
}

function decodeList(
  bytes: Uint8Array,
  change: Partial<DerivationSource['blobSlice']> = {},
): { fault?: SourceFault } {
  const calldata = bytes
  return decodeTransactionList(
    {
      isForcedInclusion: false,
      blobSlice: { blobHashes: [], offset: 0, size: bytes.length, timestamp: 0n, ...change },
      calldata,
    },
    [],
    PACAYA_LIST_RULES,
  )
}

const CASES: Readonly<Record<FaultName, () => { fault?: SourceFault }>> = {
  blobVersion: () => decode([corruptBlob(1, 1)]),
  blobLength: () => decode([corruptBlob(2, 2)]),
  blobFieldElement: () => decode([corruptBlob(32, 0x40)]),
  blobTrailingData: () => {
    const manifest = createManifest(1)
    const blob = encodeBlob(concatBytes(manifest, Uint8Array.of(7)))
    const length = manifest.length
    blob.set([length >> 16, (length >> 8) & 0xff, length & 0xff], 2)
    return decode([blob])
  },
  blobTrailingBytes: () => decode([corruptBlob(BYTES_PER_BLOB - 1, 1)]),
  noBlobs: () => decode([]),
  sliceOffset: () => decode([encodeBlob(createManifest(1))], { offset: BYTES_PER_BLOB - 63 }),
  sliceRange: () => decodeList(deflateSync(encodeRlp([])), { size: 1000 }),
  calldataSize: () => decodeList(new Uint8Array(CALLDATA_LIST_BYTES_MAX + 1)),
  headerTooShort: () => decode([encodeBlob(new Uint8Array(63))]),
  manifestVersion: () => decode([encodeBlob(concatBytes(toWord(2n), createManifest(1).subarray(32)))]),
  manifestSize: () =>
    decode([encodeBlob(concatBytes(toWord(1n), toWord(2n ** 64n - 1n), new Uint8Array(9)))]),
  manifestInflate: () => decode([encodeBlob(concatBytes(toWord(1n), toWord(9n), new Uint8Array(9)))]),
  manifestRlp: () => decode([encodeBlob(wrapManifest([[], []]))]),
  manifestTrailingBytes: () =>
    decode([
      encodeBlob(
        wrapManifest(concatBytes(encodeRlp([[blockItem([])]]), EMPTY_BYTES, Uint8Array.of(1)), true),
      ),
    ]),
  tooManyBlocks: () => decode([encodeBlob(createManifest(193))]),
  forcedBlockCount: () => decode([encodeBlob(createManifest(2))], { forced: true }),
  noBlocks: () => decode([encodeBlob(wrapManifest([[]]))]),
  manifestBlock: () => decode([encodeBlob(wrapManifest([[[field(1n), hexToBytes(COINBASE)]]]))]),
  manifestTransaction: () => decode([encodeBlob(wrapManifest([[blockItem([Uint8Array.of(5, 0xc0)])]]))]),
  listInflate: () => decodeList(Uint8Array.of(1, 2, 3)),
  listRlp: () => decodeList(deflateSync(encodeRlp(new Uint8Array(60)))),
  listTrailingBytes: () => decodeList(deflateSync(concatBytes(encodeRlp([]), new Uint8Array(9)))),
  listTransaction: () => decodeList(deflateSync(encodeRlp([Uint8Array.of(5, 0xc0)]))),
  timestampBounds: () => check([createBlock()], { parent: { timestamp: PROPOSED_AT } }),
  timestampTooLow: () => check([createBlock({ timestamp: PROPOSED_AT - 100n })]),
  timestampTooHigh: () => check([createBlock({ timestamp: PROPOSED_AT + 1n })]),
  anchorDecreases: () => check([createBlock({ anchorBlockNumber: 989n })]),
  anchorTooNew: () => check([createBlock({ anchorBlockNumber: 1001n })]),
  anchorTooOld: () =>
    check([createBlock({ anchorBlockNumber: 871n })], { parent: { anchorBlockNumber: 800n } }),
  anchorStagnates: () => check([createBlock({ anchorBlockNumber: 990n })]),
  gasLimitTooLow: () => check([createBlock({ gasLimit: 29_993_999n })]),
  gasLimitTooHigh: () => check([createBlock({ gasLimit: 30_006_001n })]),
}

describe('every fault is found and named', () => {
  test.each(Object.entries(FAULT_RULES))('%s (%s)', (name, rule) => {
    expect(CASES[name as FaultName]().fault).toMatchObject({ name, rule })
  })

  const RULES = join(import.meta.dirname, '../../../docs/derivation.md')
  test.skipIf(!existsSync(RULES))('and stands with its rule in docs/derivation.md', () => {
    const lines = readFileSync(RULES, 'utf8').split('\n')
    const undocumented = Object.entries(FAULT_RULES).filter(
      ([name, rule]) => !lines.some((line) => line.includes(`**${rule}**`) && line.includes(`\`${name}\``)),
    )
    expect(undocumented).toEqual([])
  })
})

describe('what takes its place', () => {
  test('a source that cannot be decoded is one empty block with inherited metadata', () => {
    const proposal = createProposal()
    const parent = createParent()
    const decoded = shasta.decodeSource({ spec, proposal, sourceIndex: 0, blobs: [corruptBlob(1, 1)] })
    expect(decoded.blocks).toEqual([DEFAULT_BLOCK])
    const checked = shasta.checkSource({ spec, proposal, sourceIndex: 0, decoded, parent })
    expect(checked).toEqual({
      blocks: [
        {
          timestamp: parent.timestamp + 1n,
          coinbase: PROPOSER,
          anchorBlockNumber: parent.anchorBlockNumber,
          gasLimit: 30_000_000n,
          transactions: [],
        },
      ],
      fault: decoded.fault,
    })
  })

  test('the default block keeps the lower bound even where that is after the proposal', () => {
    const { blocks } = check([createBlock()], { parent: { timestamp: PROPOSED_AT + 5n } })
    expect(blocks.map((block) => block.timestamp)).toEqual([PROPOSED_AT + 6n])
  })

  test('replaces only the faulty source, keeping forced inclusions', () => {
    const transactions = [LEGACY_TRANSACTION]
    const forcedBlob = encodeBlob(encodeManifest([{ ...DEFAULT_BLOCK, transactions }]))
    const proposal = createProposal({ forced: [true, false] })
    const parent = createParent()
    const forced = shasta.decodeSource({ spec, proposal, sourceIndex: 0, blobs: [forcedBlob] })
    const first = shasta.checkSource({ spec, proposal, sourceIndex: 0, decoded: forced, parent })
    expect(first.fault).toBeUndefined()
    expect(first.blocks).toMatchObject([
      { coinbase: PROPOSER, timestamp: parent.timestamp + 1n, anchorBlockNumber: 990n },
    ])
    expect(first.blocks[0]?.transactions.map(({ raw }) => raw)).toEqual(transactions)

    const own = shasta.decodeSource({ spec, proposal, sourceIndex: 1, blobs: [corruptBlob(1, 1)] })
    const rolling = { ...parent, number: parent.number + 1n, timestamp: parent.timestamp + 1n }
    const second = shasta.checkSource({ spec, proposal, sourceIndex: 1, decoded: own, parent: rolling })
    expect(second).toMatchObject({
      fault: { name: 'blobVersion' },
      blocks: [{ timestamp: parent.timestamp + 2n }],
    })
  })

  test('a forced inclusion keeps its transactions whatever metadata it claims', () => {
    const block = createBlock({
      timestamp: 1n,
      anchorBlockNumber: 7n,
      gasLimit: 1n,
      transactions: [LEGACY_TRANSACTION],
    })
    const proposal = createProposal({ forced: [true] })
    const decoded = shasta.decodeSource({
      spec,
      proposal,
      sourceIndex: 0,
      blobs: encodeBlobs(encodeManifest([block])),
    })
    const checked = shasta.checkSource({ spec, proposal, sourceIndex: 0, decoded, parent: createParent() })
    expect(checked.fault).toBeUndefined()
    expect(checked.blocks).toMatchObject([
      { coinbase: PROPOSER, anchorBlockNumber: 990n, gasLimit: 30_000_000n },
    ])
    expect(checked.blocks[0]?.transactions).toHaveLength(1)
  })

  test('a forced inclusion after too old an anchor loses its transactions (F11)', () => {
    const parent = { anchorBlockNumber: 871n }
    expect(check([createBlock()], { forced: true, parent })).toMatchObject({
      fault: { name: 'anchorTooOld' },
    })
    expect(
      check([createBlock()], { forced: true, parent: { anchorBlockNumber: 872n } }).fault,
    ).toBeUndefined()
  })

  test('a list that cannot be decoded leaves Pacaya blocks without transactions', () => {
    const details = {
      type: 'pacaya',
      blocks: [
        { numTransactions: 3, timeShift: 0n, signalSlots: [] },
        { numTransactions: 3, timeShift: 4n, signalSlots: [] },
      ],
      lastBlockTimestamp: 104n,
      coinbase: COINBASE,
      gasLimit: 240_000_000n,
    }
    const source = {
      isForcedInclusion: false,
      blobSlice: { blobHashes: [ZERO_HASH], offset: 0, size: 9, timestamp: 0n },
    }
    const proposal = createProposal({ fork: 'pacaya', sources: [source], details })
    const decoded = protocolOf('pacaya').decodeSource({
      spec,
      proposal,
      sourceIndex: 0,
      blobs: [corruptBlob(1, 1)],
    })
    expect(decoded.fault).toMatchObject({ name: 'blobVersion' })
    expect(decoded.blocks).toMatchObject([
      { timestamp: 100n, transactions: [] },
      { timestamp: 104n, transactions: [] },
    ])
  })
})

describe('limits, at them and past them', () => {
  const decoded = (count: number, timestamp: bigint) =>
    shasta.decodeSource({
      spec,
      proposal: createProposal({ timestamp }),
      sourceIndex: 0,
      blobs: encodeBlobs(createManifest(count)),
    }).fault?.name
  const UNZEN = 1_781_787_600n

  test('192 blocks before Unzen, 768 from the first second of it, by the time of the proposal', () => {
    expect(decoded(192, UNZEN - 1n)).toBeUndefined()
    expect(decoded(193, UNZEN - 1n)).toBe('tooManyBlocks')
    expect(decoded(768, UNZEN)).toBeUndefined()
    expect(decoded(769, UNZEN)).toBe('tooManyBlocks')
  })

  test('an offset of 131,008 is allowed, and finds a header that lies in the second blob', () => {
    const offset = BYTES_PER_BLOB - 64
    const payload = concatBytes(new Uint8Array(offset), createManifest(1))
    expect(decode(encodeBlobs(payload), { offset }).fault).toBeUndefined()
    expect(decode(encodeBlobs(payload), { offset: offset + 1 }).fault?.name).toBe('sliceOffset')
  })

  test('timestamps at both bounds', () => {
    expect(check([createBlock({ timestamp: PROPOSED_AT })]).fault).toBeUndefined()
    expect(check([createBlock({ timestamp: PROPOSED_AT - 99n })]).fault).toBeUndefined()
    const old = { timestamp: 1_771_000_000n }
    expect(check([createBlock({ timestamp: PROPOSED_AT - 1536n })], { parent: old }).fault).toBeUndefined()
    expect(check([createBlock({ timestamp: PROPOSED_AT - 1537n })], { parent: old }).fault?.name).toBe(
      'timestampTooLow',
    )
  })

  test('blocks of a source follow each other', () => {
    const again = [createBlock(), createBlock()]
    expect(check(again).fault?.name).toBe('timestampTooLow')
    const back = [createBlock(), createBlock({ timestamp: PROPOSED_AT, anchorBlockNumber: 994n })]
    expect(check(back).fault?.name).toBe('anchorDecreases')
    const still = [createBlock(), createBlock({ timestamp: PROPOSED_AT })]
    expect(check(still).fault).toBeUndefined()
  })

  test.each([
    { at: -2n, fault: 'timestampTooLow' },
    { at: -1n, fault: 'timestampTooLow' },
    { at: 0n, fault: undefined },
    { at: 1n, fault: undefined },
    { at: 2n, fault: undefined },
  ])('no block before Shasta ($at s from it) although its parent is (F10)', ({ at, fault }) => {
    const fork = 1_770_296_400n
    const options = { parent: { timestamp: fork - 1000n }, timestamp: fork + 10n }
    expect(check([createBlock({ timestamp: fork + at })], options).fault?.name).toBe(fault)
  })

  test('gas limits at both bounds, and the clamp of the first block after Pacaya', () => {
    expect(check([createBlock({ gasLimit: 29_994_000n })]).fault).toBeUndefined()
    expect(check([createBlock({ gasLimit: 30_006_000n })]).fault).toBeUndefined()
    const pacaya = { gasLimit: 241_000_000n }
    expect(check([createBlock({ gasLimit: 45_000_000n })], { parent: pacaya }).fault).toBeUndefined()
    expect(check([createBlock({ gasLimit: 45_000_001n })], { parent: pacaya }).fault?.name).toBe(
      'gasLimitTooHigh',
    )
    expect(check([createBlock({ gasLimit: 44_999_999n })], { parent: pacaya }).fault?.name).toBe(
      'gasLimitTooLow',
    )
    const genesis = { number: 0n, gasLimit: 15_000_000n }
    expect(check([createBlock({ gasLimit: 15_003_000n })], { parent: genesis }).fault).toBeUndefined()
  })
})
