/** Events in, proposals out; encoded here by viem from the contracts' own signatures. */
import { encodeAbiParameters, encodeEventTopics, parseAbi, toEventSelector, toFunctionSelector } from 'viem'
import { describe, expect, test } from 'vitest'
import { CriticalError } from '../../../src/primitives/errors.ts'
import { bytesToHex, type Hash, type Hex, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { inboxAbi as ontakeAbi } from '../../../src/protocol/ontake/abi.ts'
import { BLOCK_PROPOSED_V2_TOPIC } from '../../../src/protocol/ontake/proposals.ts'
import { inboxAbi as pacayaAbi } from '../../../src/protocol/pacaya/abi.ts'
import { BATCH_PROPOSED_TOPIC } from '../../../src/protocol/pacaya/proposals.ts'
import type { L1BlockRef, L1Log } from '../../../src/protocol/protocol.ts'
import { decodeProposal, protocolOf } from '../../../src/protocol/protocols.ts'
import { checkpointAbi, inboxAbi } from '../../../src/protocol/shasta/abi.ts'
import {
  decodeCommitment,
  encodeCommitment,
  hashCommitment,
} from '../../../src/protocol/shasta/commitment.ts'
import {
  CHECKPOINT_SAVED_TOPIC,
  decodeCheckpointSaved,
  decodeInboxEvent,
  FORCED_INCLUSION_SAVED_TOPIC,
  FORCED_INCLUSIONS_VOIDED_TOPIC,
  INBOX_ACTIVATED_TOPIC,
  PROVED_TOPIC,
  STATE_RECOVERED_TOPIC,
  UPGRADED_TOPIC,
} from '../../../src/protocol/shasta/inboxEvents.ts'
import { hashProposal, PROPOSED_TOPIC } from '../../../src/protocol/shasta/proposals.ts'
import { taikoHoodi as spec } from '../../../src/spec/networks/taikoHoodi.ts'
import { PROPOSED_AT, PROPOSER } from '../../support/protocolBuilders.ts'

const hash = (byte: string): Hash => `0x${byte.repeat(32)}`
const l1Block: L1BlockRef = {
  number: 2000n,
  hash: hash('aa'),
  parentHash: hash('bb'),
  timestamp: PROPOSED_AT,
  stateRoot: hash('cc'),
}

function createLog(topics: readonly Hash[], data: Hex, address = spec.l1.inbox): L1Log {
  return {
    address,
    topics,
    data,
    blockNumber: l1Block.number,
    blockHash: l1Block.hash,
    transactionHash: hash('dd'),
    logIndex: 7,
  }
}

const sources = [
  { isForcedInclusion: true, blobSlice: { blobHashes: [hash('01')], offset: 5, timestamp: 1_774_999_000 } },
  {
    isForcedInclusion: false,
    blobSlice: { blobHashes: [hash('02'), hash('03')], offset: 9, timestamp: 1_775_000_000 },
  },
]

function proposedLog(id: number, change: Partial<L1Log> = {}): L1Log {
  const topics = encodeEventTopics({ abi: inboxAbi, eventName: 'Proposed', args: { id, proposer: PROPOSER } })
  const event = inboxAbi.find((item) => item.type === 'event' && item.name === 'Proposed')
  const inputs = event!.inputs.filter((input) => !('indexed' in input && input.indexed))
  const data = encodeAbiParameters(inputs as never, [hash('ee'), 11, 75, sources] as never) as Hex
  return { ...createLog(topics as Hash[], data), ...change }
}

describe('topics and selectors are those of the contracts', () => {
  const eventTopics = (abi: readonly { type: string }[]) =>
    Object.fromEntries(
      abi
        .filter(({ type }) => type === 'event')
        .map((item) => [(item as never as { name: string }).name, toEventSelector(item as never)]),
    )

  test('Shasta', () => {
    expect(eventTopics(inboxAbi)).toEqual({
      Proposed: PROPOSED_TOPIC,
      Proved: PROVED_TOPIC,
      StateRecovered: STATE_RECOVERED_TOPIC,
      ForcedInclusionSaved: FORCED_INCLUSION_SAVED_TOPIC,
      ForcedInclusionsVoided: FORCED_INCLUSIONS_VOIDED_TOPIC,
      InboxActivated: INBOX_ACTIVATED_TOPIC,
      Upgraded: UPGRADED_TOPIC,
    })
    expect(eventTopics(checkpointAbi)).toEqual({ CheckpointSaved: CHECKPOINT_SAVED_TOPIC })
    const functions = inboxAbi.filter((item) => item.type === 'function')
    expect(Object.fromEntries(functions.map((item) => [item.name, toFunctionSelector(item)]))).toEqual({
      propose: '0x9791e644',
      prove: '0xea191743',
      saveForcedInclusion: '0xdf596d9e',
      getConfig: '0xc3f909d4',
      getCoreState: '0x6aa6a01a',
    })
  })

  test('Pacaya and Ontake', () => {
    expect(eventTopics(pacayaAbi)).toEqual({ BatchProposed: BATCH_PROPOSED_TOPIC })
    expect(eventTopics(ontakeAbi)).toEqual({ BlockProposedV2: BLOCK_PROPOSED_V2_TOPIC })
  })
})

describe('Proposed', () => {
  test('takes time and origin from the log and its block, sources in order', () => {
    const proposal = decodeProposal({ spec, log: proposedLog(10), l1Block })
    const withBigint = sources.map((source) => ({
      ...source,
      blobSlice: { ...source.blobSlice, timestamp: BigInt(source.blobSlice.timestamp) },
    }))
    const event = {
      id: 10n,
      proposer: PROPOSER,
      timestamp: l1Block.timestamp,
      originBlockNumber: 1999n,
      originBlockHash: l1Block.parentHash,
      basefeeSharingPctg: 75,
      parentHash: hash('ee'),
      sources: withBigint,
    } as const
    expect(proposal).toEqual({
      ...event,
      fork: 'shasta',
      hash: hashProposal({ ...event, endOfSubmissionWindowTimestamp: 11n }),
      l1: { blockNumber: 2000n, blockHash: l1Block.hash, transactionHash: hash('dd'), logIndex: 7 },
      details: { type: 'shasta', endOfSubmissionWindowTimestamp: 11n },
    })
  })

  test('at Unzen it is an Unzen proposal', () => {
    const at = (timestamp: bigint) =>
      decodeProposal({ spec, log: proposedLog(10), l1Block: { ...l1Block, timestamp } })?.fork
    expect(at(1_781_787_599n)).toBe('shasta')
    expect(at(1_781_787_600n)).toBe('unzen')
  })

  test('the activation pseudo-proposal, other events and other contracts are no proposals', () => {
    expect(decodeProposal({ spec, log: proposedLog(0), l1Block })).toBeNull()
    expect(decodeProposal({ spec, log: createLog([hash('99')], '0x'), l1Block })).toBeNull()
    expect(decodeProposal({ spec, log: createLog([], '0x'), l1Block })).toBeNull()
    const elsewhere = proposedLog(10, { address: '0x9999999999999999999999999999999999999999' })
    expect(decodeProposal({ spec, log: elsewhere, l1Block })).toBeNull()
    expect(protocolOf('pacaya').decodeProposal({ spec, log: proposedLog(10), l1Block })).toBeNull()
  })

  test('data that is not its ABI means a wrong contract: critical', () => {
    const cut = proposedLog(10)
    const broken = { ...cut, data: cut.data.slice(0, -64) as Hex }
    expect(() => decodeProposal({ spec, log: broken, l1Block })).toThrow(CriticalError)
    expect(() => decodeProposal({ spec, log: broken, l1Block })).toThrow(/Proposed/)
  })

  test("another block's header is a bug", () => {
    expect(() =>
      decodeProposal({ spec, log: proposedLog(10), l1Block: { ...l1Block, hash: hash('00') } }),
    ).toThrow(/bug/)
  })

  test('each field changes the hash', () => {
    const base = {
      id: 1n,
      timestamp: 2n,
      endOfSubmissionWindowTimestamp: 3n,
      proposer: PROPOSER,
      parentHash: ZERO_HASH,
      originBlockNumber: 4n,
      originBlockHash: ZERO_HASH,
      basefeeSharingPctg: 5,
      sources: [],
    } as const
    const changes = [
      { id: 9n },
      { timestamp: 9n },
      { endOfSubmissionWindowTimestamp: 9n },
      { proposer: spec.l1.inbox },
      { parentHash: hash('01') },
      { originBlockNumber: 9n },
      { originBlockHash: hash('01') },
      { basefeeSharingPctg: 9 },
    ]
    const hashes = changes.map((change) => hashProposal({ ...base, ...change }))
    expect(new Set([hashProposal(base), ...hashes]).size).toBe(changes.length + 1)
  })
})

const baseFeeConfig = {
  adjustmentQuotient: 8,
  sharingPctg: 50,
  gasIssuancePerSecond: 5_000_000,
  minGasExcess: 1_344_899_430n,
  maxGasIssuancePerBlock: 600_000_000,
}

describe('BatchProposed', () => {
  const info = {
    txsHash: hash('01'),
    blocks: [
      { numTransactions: 3, timeShift: 0, signalSlots: [] },
      { numTransactions: 4, timeShift: 2, signalSlots: [hash('05')] },
    ],
    blobHashes: [] as Hash[],
    extraData: hash('32'),
    coinbase: PROPOSER as Hex,
    proposedIn: 2000n,
    blobCreatedIn: 0n,
    blobByteOffset: 0,
    blobByteSize: 2,
    gasLimit: 240_000_000,
    lastBlockId: 1_200_001n,
    lastBlockTimestamp: PROPOSED_AT,
    anchorBlockId: 1990n,
    anchorBlockHash: hash('06'),
    baseFeeConfig,
  }
  const meta = { infoHash: hash('07'), proposer: PROPOSER as Hex, batchId: 55n, proposedAt: PROPOSED_AT }
  const log = (change: Partial<typeof info> = {}) => {
    const [event] = pacayaAbi
    const data = encodeAbiParameters(event.inputs, [{ ...info, ...change }, meta, '0xc0de'])
    return createLog([BATCH_PROPOSED_TOPIC], data, spec.l1.legacyInbox!)
  }

  test('without blobs its bytes are the calldata', () => {
    const proposal = decodeProposal({ spec, log: log(), l1Block })
    expect(proposal).toMatchObject({
      fork: 'pacaya',
      id: 55n,
      originBlockNumber: 1990n,
      originBlockHash: hash('06'),
      basefeeSharingPctg: 50,
      sources: [
        {
          isForcedInclusion: false,
          blobSlice: { blobHashes: [], offset: 0, size: 2, timestamp: PROPOSED_AT },
          calldata: Uint8Array.of(0xc0, 0xde),
        },
      ],
      details: { type: 'pacaya', lastBlockId: 1_200_001n, blocks: [{ timeShift: 0n }, { timeShift: 2n }] },
    })
    expect(proposal).not.toHaveProperty('parentHash')
  })

  test('blobs of an earlier L1 block are named with it, and make it a forced inclusion', () => {
    const proposal = decodeProposal({
      spec,
      log: log({ blobHashes: [hash('08')], blobCreatedIn: 1900n }),
      l1Block,
    })
    expect(proposal?.sources).toEqual([
      {
        isForcedInclusion: true,
        blobSlice: {
          blobHashes: [hash('08')],
          offset: 0,
          size: 2,
          timestamp: PROPOSED_AT,
          createdInBlock: 1900n,
        },
      },
    ])
    const own = decodeProposal({
      spec,
      log: log({ blobHashes: [hash('08')], blobCreatedIn: 2000n }),
      l1Block,
    })
    expect(own?.sources[0]).toMatchObject({ isForcedInclusion: false })
    expect(own?.sources[0]?.blobSlice).not.toHaveProperty('createdInBlock')
  })
})

describe('BlockProposedV2', () => {
  const meta = {
    anchorBlockHash: hash('01'),
    difficulty: hash('02'),
    blobHash: hash('03'),
    extraData: hash('4b'),
    coinbase: PROPOSER as Hex,
    id: 600_000n,
    gasLimit: 240_000_000,
    timestamp: PROPOSED_AT - 12n,
    anchorBlockId: 1990n,
    minTier: 200,
    blobUsed: true,
    parentMetaHash: hash('04'),
    proposer: PROPOSER as Hex,
    livenessBond: 5n,
    proposedAt: PROPOSED_AT,
    proposedIn: 2000n,
    blobTxListOffset: 10,
    blobTxListLength: 20,
    blobIndex: 0,
    baseFeeConfig: { ...baseFeeConfig, sharingPctg: 75 },
  }
  const log = (change: Partial<typeof meta> = {}) => {
    const [event] = ontakeAbi
    const topics = encodeEventTopics({
      abi: ontakeAbi,
      eventName: 'BlockProposedV2',
      args: { blockId: 600_000n },
    })
    const data = encodeAbiParameters([event.inputs[1]], [{ ...meta, ...change }])
    return createLog(topics as Hash[], data, spec.l1.legacyInbox!)
  }

  test('is one block with one slice of one blob', () => {
    expect(decodeProposal({ spec, log: log(), l1Block })).toMatchObject({
      fork: 'ontake',
      id: 600_000n,
      originBlockNumber: 1990n,
      basefeeSharingPctg: 75,
      sources: [{ blobSlice: { blobHashes: [hash('03')], offset: 10, size: 20, timestamp: PROPOSED_AT } }],
      details: { type: 'ontake', timestamp: PROPOSED_AT - 12n, gasLimit: 240_000_000n },
    })
  })

  test('a list in calldata is not in the event, only its hash is', () => {
    const [source] = decodeProposal({ spec, log: log({ blobUsed: false }), l1Block })!.sources
    expect(source).toMatchObject({ blobSlice: { blobHashes: [], offset: 0 }, calldataHash: hash('03') })
    expect(source!.calldata).toBeUndefined()
  })
})

describe('other events', () => {
  const log = (abi: readonly unknown[], eventName: string, args: object, data: Hex) =>
    createLog(encodeEventTopics({ abi, eventName, args } as never) as Hash[], data)
  const encode = (types: string, values: readonly unknown[]) =>
    encodeAbiParameters(
      parseAbi([`function f(${types})`] as never)[0 as never]['inputs' as never],
      values as never,
    ) as Hex

  test('Proved, StateRecovered, InboxActivated, ForcedInclusionsVoided', () => {
    expect(
      decodeInboxEvent(
        log(inboxAbi, 'Proved', { actualProver: PROPOSER }, encode('uint48,uint48,uint48', [1, 2, 3])),
      ),
    ).toEqual({
      type: 'proved',
      firstProposalId: 1n,
      firstNewProposalId: 2n,
      lastProposalId: 3n,
      actualProver: PROPOSER,
    })
    expect(
      decodeInboxEvent(
        log(inboxAbi, 'StateRecovered', {}, encode('uint48,uint48,bytes32', [18_100, 18_051, hash('64')])),
      ),
    ).toEqual({
      type: 'stateRecovered',
      nextProposalId: 18_100n,
      lastFinalizedProposalId: 18_051n,
      lastFinalizedBlockHash: hash('64'),
    })
    expect(decodeInboxEvent(log(inboxAbi, 'InboxActivated', {}, encode('bytes32', [hash('05')])))).toEqual({
      type: 'inboxActivated',
      lastPacayaBlockHash: hash('05'),
    })
    expect(
      decodeInboxEvent(log(inboxAbi, 'ForcedInclusionsVoided', {}, encode('uint48,uint48', [3, 8]))),
    ).toEqual({
      type: 'forcedInclusionsVoided',
      oldHead: 3n,
      newHead: 8n,
    })
    expect(decodeInboxEvent(createLog([hash('99')], '0x'))).toBeNull()
  })

  test('ForcedInclusionSaved', () => {
    const event = inboxAbi.find((item) => item.type === 'event' && item.name === 'ForcedInclusionSaved')
    const saved = { feeInGwei: 1_000_000n, blobSlice: { blobHashes: [hash('01')], offset: 3, timestamp: 99 } }
    const data = encodeAbiParameters(event!.inputs as never, [saved] as never) as Hex
    expect(decodeInboxEvent(createLog([FORCED_INCLUSION_SAVED_TOPIC], data))).toEqual({
      type: 'forcedInclusionSaved',
      feeInGwei: 1_000_000n,
      blobSlice: { blobHashes: [hash('01')], offset: 3, timestamp: 99n },
    })
  })

  test('CheckpointSaved', () => {
    const data = encode('bytes32,bytes32', [hash('01'), hash('02')])
    expect(decodeCheckpointSaved(log(checkpointAbi, 'CheckpointSaved', { blockNumber: 12 }, data))).toEqual({
      blockNumber: 12n,
      blockHash: hash('01'),
      stateRoot: hash('02'),
    })
    expect(decodeCheckpointSaved(createLog([hash('99')], '0x'))).toBeNull()
  })
})

describe('commitments', () => {
  const commitment = {
    firstProposalId: 5n,
    firstProposalParentBlockHash: hash('01'),
    lastProposalHash: hash('02'),
    actualProver: PROPOSER,
    endBlockNumber: 900n,
    endStateRoot: hash('03'),
    transitions: [
      { proposer: PROPOSER, timestamp: 7n, blockHash: hash('04') },
      { proposer: PROPOSER, timestamp: 8n, blockHash: hash('05') },
    ],
  } as const

  test('come back from their packed form, which has 130 + 58 bytes each', () => {
    const packed = encodeCommitment(commitment)
    expect(packed).toHaveLength(130 + 58 * 2)
    expect(bytesToHex(packed.subarray(0, 6))).toBe('0x000000000005')
    expect(bytesToHex(packed.subarray(128, 130))).toBe('0x0002')
    expect(decodeCommitment(packed)).toEqual(commitment)
    for (const length of [0, 129, 130, packed.length - 1])
      expect(decodeCommitment(packed.subarray(0, length))).toBeUndefined()
    expect(decodeCommitment(hexToBytes(`${bytesToHex(packed)}00`))).toBeUndefined()
  })

  test('have a hash that each field changes', () => {
    const changed = { ...commitment, transitions: commitment.transitions.slice(0, 1) }
    expect(hashCommitment(commitment)).toMatch(/^0x[0-9a-f]{64}$/)
    expect(hashCommitment(changed)).not.toBe(hashCommitment(commitment))
  })
})
