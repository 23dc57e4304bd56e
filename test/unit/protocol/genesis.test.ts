/** The fork before Ontake: events in, blocks out. Where a captured block is named, its fields are those of Taiko's mainnet. */
import { encodeAbiParameters, encodeEventTopics, toEventSelector } from 'viem'
import { describe, expect, test } from 'vitest'
import { type Hash, type Hex, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { inboxAbi } from '../../../src/protocol/genesis/abi.ts'
import { BLOCK_PROPOSED_TOPIC } from '../../../src/protocol/genesis/proposals.ts'
import type { L1BlockRef, L1Log, Proposal } from '../../../src/protocol/protocol.ts'
import { decodeProposal, protocolOf } from '../../../src/protocol/protocols.ts'
import { basefeeSharingPctgOf } from '../../../src/protocol/sharedBaseFee.ts'
import { taikoHekla } from '../../../src/spec/networks/taikoHekla.ts'
import { taikoMainnet } from '../../../src/spec/networks/taikoMainnet.ts'
import { forkAt } from '../../../src/spec/rollupSpec.ts'
import { createParent } from '../../support/protocolBuilders.ts'

const EMPTY_DEPOSITS = '0x569e75fc77c1a856f6daaf9e69d8a9566ca34aa47f9133711ce065a571af0cfd'
/** "0.18.0-dev", the version of the proposer's client. */
const CLIENT_VERSION = '0x302e31382e302d64657600000000000000000000000000000000000000000000'

// Mainnet blocks 182,300 and 192,319 (18 and 20 July 2024): events, L1 headers and anchors as raiko recorded them
// (github.com/taikoxyz/raiko, dcbad01, data/input-taiko*.json).
const MAINNET_BLOCKS = [
  {
    meta: {
      l1Hash: '0x9feac95324b241da60293947e240362cf8b523a174ad3b3f67db23ca9106f1f0',
      difficulty: '0x2169654383b8c49e356653dea1a5619f1d3fc244f7e1c342aeb62f00357caa37',
      blobHash: '0x01366713db501694ede3fd69f7533605dec857d515dcedb7077fa97e0a70a4bc',
      id: 182_300n,
      timestamp: 1_721_280_683n,
      l1Height: 20_331_334n,
      parentMetaHash: '0x06089aa1e7ac742ea9f958d711b99a6dac103a0d859e17d3f2a45b74e6e5c75f',
    },
    l1StateRoot: '0x4176fa4508181c8673372001235118f8856aef550127b579af30f8c7e6a86dd7',
    parentGasUsed: 10_519_815n,
    anchorNonce: 182_363n,
    anchorHash: '0xbe9b0bce50fda34e746ff4493e3a67c0560d800c84320d5707c8f618783e1f93',
  },
  {
    meta: {
      l1Hash: '0x29630bd48db650ddcf15fb7a786cdfb7d8a037bef5cdfb5ef23698d1655f01d3',
      difficulty: '0xecd0cb8458e8861446796d7c2666c33ecd46fdd86b8b4e3468e3283452f4859f',
      blobHash: '0x014ec1b520752c59da7348799b4358747553e58ee0ee4e4e4875e0c3230d5d7d',
      id: 192_319n,
      timestamp: 1_721_509_331n,
      l1Height: 20_350_298n,
      parentMetaHash: '0x198b66a587048e987b3cec01e8fe75ea7246eaf2394890472016166e66791542',
    },
    l1StateRoot: '0xc5cacc96fe27205ff558d23c3055255fec9d5947ae6c5d3ffc1643b7c1b7977b',
    parentGasUsed: 51_371_754n,
    anchorNonce: 192_382n,
    anchorHash: '0x5c311dfa574d68a7a292b7b096455271d51cd554678002004014c86ce6dbe884',
  },
] as const
const COMMON = {
  extraData: CLIENT_VERSION,
  depositsHash: EMPTY_DEPOSITS,
  coinbase: '0x000000633b68f5d8d3a86593ebb815b4663bcbe0',
  gasLimit: 240_000_000,
  minTier: 200,
  blobUsed: true,
  sender: '0x68d30f47f19c07bccef4ac7fae2dc12fca3e0dc9',
} as const

type Meta = (typeof MAINNET_BLOCKS)[number]['meta'] & typeof COMMON
const [first] = MAINNET_BLOCKS

function l1BlockOf(meta: { timestamp: bigint; l1Height: bigint; l1Hash: Hash }): L1BlockRef {
  const number = meta.l1Height + 1n
  const hash: Hash = `0x${'aa'.repeat(32)}`
  return { number, hash, parentHash: meta.l1Hash, timestamp: meta.timestamp, stateRoot: ZERO_HASH }
}

function logOf(meta: object, deposits: readonly object[] = []): L1Log {
  const [event] = inboxAbi
  const topics = encodeEventTopics({
    abi: inboxAbi,
    eventName: 'BlockProposed',
    args: { blockId: (meta as Meta).id, assignedProver: COMMON.sender },
  }) as Hash[]
  const {
    blockId: _,
    assignedProver: __,
    ...inputs
  } = Object.fromEntries(event.inputs.map((input) => [input.name, input]))
  const data = encodeAbiParameters(
    Object.values(inputs) as never,
    [125n * 10n ** 18n, meta, deposits] as never,
  ) as Hex
  const block = l1BlockOf(meta as Meta)
  return {
    address: taikoMainnet.l1.legacyInbox!,
    topics,
    data,
    blockNumber: block.number,
    blockHash: block.hash,
    transactionHash: `0x${'dd'.repeat(32)}`,
    logIndex: 3,
  }
}

function propose(change: object = {}, deposits: readonly object[] = []): Proposal | null {
  const meta = { ...first.meta, ...COMMON, ...change }
  return decodeProposal({ spec: taikoMainnet, log: logOf(meta, deposits), l1Block: l1BlockOf(meta) })
}

describe('BlockProposed', () => {
  // The topic is that of 5,341 logs of mainnet's inbox in L1 blocks 20,402,317 to 20,412,316 (github.com/taikoxyz/taiko-mono,
  // ab2ce97, era-proposal-events.json).
  test('has the topic of the contract', () => {
    expect(toEventSelector(inboxAbi[0])).toBe(BLOCK_PROPOSED_TOPIC)
  })

  test('is one block with the whole of one blob, anchored to the L1 block before', () => {
    expect(propose()).toMatchObject({
      fork: 'genesis',
      id: 182_300n,
      proposer: COMMON.sender,
      timestamp: 1_721_280_683n,
      originBlockNumber: 20_331_334n,
      originBlockHash: first.meta.l1Hash,
      basefeeSharingPctg: 0,
      sources: [{ blobSlice: { blobHashes: [first.meta.blobHash], offset: 0, timestamp: 1_721_280_683n } }],
    })
    expect(propose()!.sources[0]!.blobSlice.size).toBeUndefined()
  })

  test('is hashed as the contract stores it', () => {
    const struct = inboxAbi[0].inputs.find((input) => input.name === 'meta')!
    const encoded = encodeAbiParameters([struct] as never, [{ ...first.meta, ...COMMON }] as never)
    // Fourteen static fields: no offsets.
    expect(encoded.length).toBe(2 + 14 * 64)
    expect(propose()!.hash).toBe(keccak256Hex(hexToBytes(encoded)))
  })

  test('of genesis itself derives nothing', () => {
    expect(propose({ id: 0n })).toBeNull()
  })

  test('that pays out deposits is refused with a sentence', () => {
    const deposit = { recipient: COMMON.sender, amount: 1n, id: 1n }
    expect(() => propose({}, [deposit])).toThrow(/pays out deposits/)
  })

  test('of another contract is no proposal', () => {
    const meta = { ...first.meta, ...COMMON }
    const log = { ...logOf(meta), address: taikoMainnet.l1.inbox }
    expect(decodeProposal({ spec: taikoMainnet, log, l1Block: l1BlockOf(meta) })).toBeNull()
  })
})

describe.each(MAINNET_BLOCKS)('mainnet block $meta.id', (block) => {
  const meta = { ...block.meta, ...COMMON }
  const proposal = decodeProposal({ spec: taikoMainnet, log: logOf(meta), l1Block: l1BlockOf(meta) })!
  const anchorBlock: L1BlockRef = {
    number: meta.l1Height,
    hash: meta.l1Hash,
    parentHash: ZERO_HASH,
    timestamp: meta.timestamp - 12n,
    stateRoot: block.l1StateRoot,
  }
  const build = (contractBaseFee?: bigint) =>
    protocolOf('genesis').buildAttributes({
      spec: taikoMainnet,
      proposal,
      blockIndex: 0,
      block: {
        timestamp: meta.timestamp,
        coinbase: meta.coinbase,
        anchorBlockNumber: meta.l1Height,
        gasLimit: 240_000_000n,
        transactions: [],
      },
      parent: createParent({
        number: meta.id - 1n,
        gasUsed: block.parentGasUsed,
        anchorNonce: block.anchorNonce,
        ...(contractBaseFee !== undefined && { contractBaseFee }),
      }),
      anchorBlock,
    })

  test('has the header fields and the anchor transaction of the chain', () => {
    const attributes = build(1n)
    expect(attributes).toMatchObject({
      fork: 'genesis',
      number: meta.id,
      coinbase: meta.coinbase,
      gasLimit: 240_250_000n,
      timestamp: meta.timestamp,
      mixHash: meta.difficulty,
      extraData: hexToBytes(CLIENT_VERSION),
      baseFeePerGas: 1n,
      basefeeSharingPctg: 0,
      anchorBlockNumber: meta.l1Height,
    })
    expect(keccak256Hex(attributes.anchorTransaction)).toBe(block.anchorHash)
  })

  test('is not built without the base fee of the contract', () => {
    expect(() => build()).toThrow(/base fee by the anchor contract is missing/)
  })
})

test("its extra data is text, and none of the base fee is the coinbase's", () => {
  expect(basefeeSharingPctgOf('genesis', hexToBytes(CLIENT_VERSION))).toBe(0)
  expect(basefeeSharingPctgOf('genesis', hexToBytes(`0x${'4b'.padStart(64, '0')}`))).toBe(0)
})

test('it ends where Ontake begins', () => {
  for (const [spec, ontake] of [
    [taikoMainnet, 538_304n],
    [taikoHekla, 840_512n],
  ] as const) {
    const at = (number: bigint) => forkAt(spec, { number, timestamp: 0n })
    expect([at(0n), at(1n), at(ontake - 1n), at(ontake)]).toEqual(['genesis', 'genesis', 'genesis', 'ontake'])
  }
})

test('a list in calldata is known by its hash until it is found', () => {
  const blobHash = keccak256Hex(Uint8Array.of(1, 2))
  const [source] = propose({ blobUsed: false, blobHash })!.sources
  expect(source).toEqual({
    isForcedInclusion: false,
    blobSlice: { blobHashes: [], offset: 0, timestamp: first.meta.timestamp },
    calldataHash: blobHash,
  })
})
