/**
 * Payloads made to hurt: bombs, deep nesting, sizes at and past every limit, noise. Each has its one meaning, the fault is
 * named, and the chain goes on. INV-4.
 */
import { deflateSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { L1 } from '../../src/l1/l1.ts'
import { bigintToBytes, concatBytes, toWord } from '../../src/primitives/bytes.ts'
import { hexToBytes } from '../../src/primitives/hex.ts'
import { encodeRlp, type RlpItem } from '../../src/primitives/rlp.ts'
import { connectL1, type Harness, openHarness } from '../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../support/derive/payload.ts'
import { BYTES_PER_BLOB, toBlob } from '../support/l1/blob.ts'
import { MAX_BLOB_PAYLOAD_BYTES } from '../support/l1/blobCodec.ts'
import { createRandom } from '../support/l1/random.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'

const HEADER_BYTES = 64
/** What 122 KB of zlib can hold, so that it fits one blob. */
const BOMB_BYTES = 125_000_000
const DEPTH = 60_000
/** Of a source since Unzen. */
const BLOCKS_MAX = 768
/** 131,072 − 64: the last offset a source may have. D-16. */
const OFFSET_MAX = BYTES_PER_BLOB - HEADER_BYTES

type Case = {
  readonly name: string
  readonly propose: (sim: SimulatedL1) => void
  /** Undefined: the source is taken as it is. */
  readonly fault?: string
  /** Default 1. */
  readonly blocks?: number
  readonly isForced?: true
}

/** A payload as a proposal of its own. */
function payload(name: string, fault: string | undefined, make: (sim: SimulatedL1) => Uint8Array): Case {
  return { name, ...(fault && { fault }), propose: (sim) => void sim.propose({ payload: make(sim) }) }
}

/** A manifest's header over anything; `size` and `version` as its words say. */
function wrap(compressed: Uint8Array, words: { version?: bigint; size?: bigint } = {}): Uint8Array {
  const { version = 1n, size = BigInt(compressed.length) } = words
  return concatBytes(toWord(version), toWord(size), compressed)
}
const deflate = (bytes: Uint8Array) => wrap(deflateSync(bytes))
/** The compressed part of a payload. */
const compressedOf = (payload: Uint8Array) => payload.subarray(HEADER_BYTES)

/** RLP header of a list of so many bytes. */
function listHeader(length: number): Uint8Array {
  if (length <= 55) return Uint8Array.of(0xc0 + length)
  const size = bigintToBytes(BigInt(length))
  return concatBytes(Uint8Array.of(0xf7 + size.length), size)
}
/** Lists around `bytes`, without recursion. */
function nest(bytes: Uint8Array, depth: number): Uint8Array {
  const headers: Uint8Array[] = []
  let length = bytes.length
  for (let i = 0; i < depth; i++) {
    const header = listHeader(length)
    headers.push(header)
    length += header.length
  }
  return concatBytes(...headers.reverse(), bytes)
}
const list = (bytes: Uint8Array) => nest(bytes, 1)

/** RLP of [[block]] where the block's list of transactions is the given bytes. */
function manifestAround(sim: SimulatedL1, transactions: Uint8Array): Uint8Array {
  const { number, timestamp } = sim.head().header
  const fields: readonly RlpItem[] = [
    bigintToBytes(timestamp),
    hexToBytes('0x00000000000000000000000000000000c01bbace'),
    bigintToBytes(number),
    bigintToBytes(15_000_000n),
  ]
  return list(list(list(concatBytes(...fields.map(encodeRlp), transactions))))
}

/** A legacy transaction with so much calldata that no block has the gas for it; decodable all the same. */
function hugeTransaction(calldataBytes: number): Uint8Array {
  const [before, after] = [
    [
      bigintToBytes(0n),
      bigintToBytes(10n ** 10n),
      bigintToBytes(21_000n),
      new Uint8Array(20),
      bigintToBytes(0n),
    ],
    [bigintToBytes(27n), bigintToBytes(1n), bigintToBytes(1n)],
  ].map((items) => concatBytes(...items.map((item) => encodeRlp(item))))
  return list(concatBytes(before!, encodeRlp(new Uint8Array(calldataBytes)), after!))
}

/** A typed transaction whose access list is nested too deep. */
function deepAccessList(): Uint8Array {
  const fields = [1n, 0n, 1n, 1n, 21_000n].map((value) => encodeRlp(bigintToBytes(value)))
  const tail = [new Uint8Array(20), new Uint8Array(0), new Uint8Array(0)].map((value) => encodeRlp(value))
  return encodeRlp(
    concatBytes(Uint8Array.of(2), list(concatBytes(...fields, ...tail, nest(new Uint8Array(0), DEPTH)))),
  )
}

function rawBlob(name: string, fault: string, change: (bytes: Uint8Array, sim: SimulatedL1) => void): Case {
  return {
    name,
    fault,
    propose: (sim) => {
      const bytes = new Uint8Array(BYTES_PER_BLOB)
      change(bytes, sim)
      sim.propose({ blobs: [toBlob(bytes)] })
    },
  }
}

const random = createRandom('noise')

const CASES: readonly Case[] = [
  // Bombs: 125 MB in one blob.
  payload('a bomb of zeros', 'manifestTrailingBytes', () => deflate(new Uint8Array(BOMB_BYTES))),
  payload('a bomb that declares its whole length', 'manifestRlp', () =>
    deflate(list(new Uint8Array(BOMB_BYTES))),
  ),
  payload('a bomb of empty lists', 'manifestBlock', () =>
    deflate(list(list(new Uint8Array(BOMB_BYTES).fill(0xc0)))),
  ),
  payload('a bomb of empty transactions', 'manifestTransaction', (sim) =>
    deflate(manifestAround(sim, list(new Uint8Array(BOMB_BYTES).fill(0xc0)))),
  ),
  payload('a transaction of 60 MB', undefined, (sim) =>
    deflate(manifestAround(sim, list(hugeTransaction(60_000_000)))),
  ),
  // Nesting that a recursive decoder dies of.
  payload('a manifest nested 60,000 deep', 'manifestBlock', () => deflate(nest(new Uint8Array(0), DEPTH))),
  payload('transactions nested 60,000 deep', 'manifestTransaction', (sim) =>
    deflate(manifestAround(sim, nest(new Uint8Array(0), DEPTH))),
  ),
  payload('an access list nested 60,000 deep', 'manifestTransaction', (sim) =>
    deflate(manifestAround(sim, list(deepAccessList()))),
  ),
  // Counts.
  {
    ...payload('as many blocks as there may be', undefined, (sim) =>
      payloadAfter(sim, { blocks: BLOCKS_MAX }),
    ),
    blocks: BLOCKS_MAX,
  },
  payload('one block more', 'tooManyBlocks', (sim) => payloadAfter(sim, { blocks: BLOCKS_MAX + 1 })),
  payload('no block', 'noBlocks', () => deflate(encodeRlp([[]]))),
  {
    name: 'a forced inclusion of two blocks',
    fault: 'forcedBlockCount',
    isForced: true,
    propose: (sim) => {
      sim.saveForcedInclusion({ payload: payloadAfter(sim, { blocks: 2 }) })
      sim.propose({ payload: payloadAfter(sim) })
    },
    blocks: 2,
  },
  // Words of the header.
  payload('a size of all that follows', undefined, (sim) => payloadAfter(sim)),
  payload('a size of one byte more', 'manifestSize', (sim) => {
    const compressed = compressedOf(payloadAfter(sim))
    return wrap(compressed, { size: BigInt(compressed.length) + 1n })
  }),
  payload('a size of one byte less', 'manifestInflate', (sim) => {
    const compressed = compressedOf(payloadAfter(sim))
    return wrap(compressed, { size: BigInt(compressed.length) - 1n })
  }),
  payload('the largest size', 'manifestSize', (sim) =>
    wrap(compressedOf(payloadAfter(sim)), { size: 2n ** 64n - 1n }),
  ),
  payload('a size that is right in its low 64 bits', undefined, (sim) => {
    const compressed = compressedOf(payloadAfter(sim))
    return wrap(compressed, { size: 2n ** 64n + BigInt(compressed.length) })
  }),
  payload('a version that is right in its low 32 bits', undefined, (sim) =>
    wrap(compressedOf(payloadAfter(sim)), { version: 2n ** 32n + 1n }),
  ),
  payload('a version past 64 bits', 'manifestVersion', (sim) =>
    wrap(compressedOf(payloadAfter(sim)), { version: 2n ** 64n + 1n }),
  ),
  payload('63 bytes', 'headerTooShort', () => new Uint8Array(HEADER_BYTES - 1)),
  payload('nothing at all', 'headerTooShort', () => new Uint8Array(0)),
  payload('a full blob', undefined, (sim) => {
    const good = payloadAfter(sim)
    return concatBytes(good, new Uint8Array(MAX_BLOB_PAYLOAD_BYTES - good.length))
  }),
  // Offsets.
  {
    name: 'an offset that leaves no header',
    fault: 'headerTooShort',
    propose: (sim) => void sim.propose({ payload: payloadAfter(sim), offset: OFFSET_MAX }),
  },
  {
    name: 'an offset past the last',
    fault: 'sliceOffset',
    propose: (sim) => void sim.propose({ payload: payloadAfter(sim), offset: OFFSET_MAX + 1 }),
  },
  {
    name: 'an offset into the second blob',
    propose: (sim) => {
      const offset = MAX_BLOB_PAYLOAD_BYTES + 100
      sim.propose({ payload: concatBytes(new Uint8Array(offset), payloadAfter(sim)), offset })
    },
  },
  // Blobs that no encoder makes.
  rawBlob('an empty blob', 'headerTooShort', () => {}),
  rawBlob('a blob of another encoding', 'blobVersion', (bytes) => bytes.set([0, 1])),
  rawBlob('a blob that declares more than it holds', 'blobLength', (bytes) =>
    bytes.set([0, 0, 1, 0xfb, 0xfd]),
  ),
  rawBlob('a blob with a byte after its end', 'blobTrailingBytes', (bytes) => bytes.fill(1, -1)),
  ...Array.from({ length: 3 }, (_, i) => ({
    name: `noise ${i}`,
    fault: 'blobVersion',
    propose: (sim: SimulatedL1) => {
      const bytes = random.bytes(BYTES_PER_BLOB)
      // Below the field's modulus, else it could be no blob on L1.
      for (let at = 0; at < BYTES_PER_BLOB; at += 32) bytes[at] = bytes[at]! & 0x3f
      bytes[1] = 1 + random.below(255)
      sim.propose({ blobs: [toBlob(bytes)] })
    },
  })),
]

let sim: SimulatedL1
let l1: L1
let node: Harness

beforeAll(async () => {
  sim = createSimulatedL1({ seed: 'payloads', forcedInclusionDelay: 0n })
  sim.mine()
  for (const { propose } of CASES) {
    // Time for the blocks of the largest manifest.
    sim.mine({ missedSlots: 17 })
    propose(sim)
  }
  sim.mine()
  sim.propose({ payload: payloadAfter(sim, { transactions: [await signTransfer(0)] }) })
  l1 = await connectL1(sim)
  node = await openHarness({ sim, l1, path: ':memory:' })
  await node.sync()
}, 300_000)
afterAll(async () => {
  await node?.close()
  await l1?.close()
})

test.each(CASES.map((each, i) => [each.name, BigInt(i + 1), each] as const))(
  '%s',
  async (_, id, expected) => {
    const proposal = (await node.chain.proposal(id))!
    const source = proposal.sources[0]!
    expect(source.fault?.name).toBe(expected.fault)
    expect(source.isForcedInclusion).toBe(expected.isForced ?? false)
    expect(Number(proposal.lastBlock - proposal.firstBlock) + 1).toBe(expected.blocks ?? 1)
  },
)

test('a transaction too large for any block is dropped by its rule', async () => {
  const id = BigInt(CASES.findIndex(({ name }) => name === 'a transaction of 60 MB') + 1)
  const { firstBlock } = (await node.chain.proposal(id))!
  const origin = (await node.chain.origin(firstBlock))!
  expect(origin.dropped).toMatchObject([{ rule: expect.stringMatching(/^D-(74|79|80)$/) }])
})

test('what comes after all of them is derived as ever', async () => {
  const proposal = (await node.chain.proposal(BigInt(CASES.length + 1)))!
  expect(proposal.sources.map(({ fault }) => fault)).toEqual([undefined])
  const block = (await node.chain.blockByNumber(proposal.lastBlock))!
  expect(block.transactions.map(({ receipt }) => receipt.succeeded)).toEqual([true, true])
  expect(node.progress.filter(({ type }) => type === 'retry')).toEqual([])
})
