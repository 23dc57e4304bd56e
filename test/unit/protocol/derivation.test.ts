/** Captured proposals, from blob bytes to the fields of the headers their own clients computed. Nothing is executed here. */
import { describe, expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { orderedTrieRoot } from '../../../src/primitives/orderedTrie.ts'
import { toProposal as toOntakeProposal } from '../../../src/protocol/ontake/proposals.ts'
import { toProposal as toPacayaProposal } from '../../../src/protocol/pacaya/proposals.ts'
import type { L1BlockRef, PayloadAttributes } from '../../../src/protocol/protocol.ts'
import { protocolOf } from '../../../src/protocol/protocols.ts'
import { toProposal } from '../../../src/protocol/shasta/proposals.ts'
import { createDevnetSpec } from '../../../src/spec/devnet.ts'
import { taikoHekla } from '../../../src/spec/networks/taikoHekla.ts'
import { taikoMainnet } from '../../../src/spec/networks/taikoMainnet.ts'
import type { RollupSpec } from '../../../src/spec/rollupSpec.ts'
import {
  HEKLA,
  hasFixture,
  type Json,
  ONTAKE,
  readJsonFixture,
  SHASTA_HEADER,
  SURGE,
  toHeader,
  toL1Block,
  toParent,
  UNKNOWN_L1,
} from '../../support/protocolFixtures.ts'

function headerFields(attributes: PayloadAttributes) {
  const { parentHash, number, coinbase, gasLimit, timestamp, mixHash, baseFeePerGas } = attributes
  return {
    parentHash,
    number,
    coinbase,
    gasLimit,
    timestamp,
    mixHash,
    baseFeePerGas,
    extraData: bytesToHex(attributes.extraData),
  }
}

function expectedFields(json: Json) {
  const header = toHeader(json)
  const { parentHash, number, coinbase, gasLimit, timestamp, mixHash, baseFeePerGas } = header
  return {
    parentHash,
    number,
    coinbase,
    gasLimit,
    timestamp,
    mixHash,
    baseFeePerGas,
    extraData: bytesToHex(header.extraData),
  }
}

describe.skipIf(!hasFixture(SURGE))('Surge, Shasta, proposal 1', () => {
  test('derives ten headers from one blob', () => {
    const json = readJsonFixture(SURGE)
    const { proposal: event } = json.taiko.batch_proposed.Shasta
    const devnet = createDevnetSpec({
      l1ChainId: 1n,
      l2ChainId: BigInt(json.taiko.chain_spec.chain_id),
      inbox: json.taiko.chain_spec.l1_contract.SHASTA,
      startBlock: 0n,
      genesisTime: 0n,
      secondsPerSlot: 12n,
      genesis: { hash: UNKNOWN_L1.blockHash, stateRoot: UNKNOWN_L1.blockHash },
    })
    const spec: RollupSpec = {
      ...devnet,
      forks: [{ name: 'shasta', activation: { type: 'timestamp', timestamp: 1n } }],
    }
    const hashed = {
      id: BigInt(event.id),
      timestamp: BigInt(event.timestamp),
      endOfSubmissionWindowTimestamp: BigInt(event.endOfSubmissionWindowTimestamp),
      proposer: event.proposer,
      parentHash: event.parentProposalHash,
      originBlockNumber: BigInt(event.originBlockNumber),
      originBlockHash: event.originBlockHash,
      basefeeSharingPctg: event.basefeeSharingPctg,
      sources: event.sources.map(({ isForcedInclusion, blobSlice }: Json) => ({
        isForcedInclusion,
        blobSlice: {
          blobHashes: blobSlice.blobHashes,
          offset: Number(blobSlice.offset),
          timestamp: BigInt(blobSlice.timestamp),
        },
      })),
    }
    const proposal = toProposal({ spec, event: hashed, l1: UNKNOWN_L1 })
    expect(proposal.hash).toBe('0xc91ffb9ceafbc1f413c1925264f9df1ccab2b246c0658829465583cbc5438342')
    const l1Blocks = new Map<bigint, L1BlockRef>(
      json.taiko.l1_ancestor_headers.map(toL1Block).map((block: L1BlockRef) => [block.number, block]),
    )

    const protocol = protocolOf('shasta')
    const blobs = json.taiko.data_sources[0].tx_data_from_blob.map((blob: number[]) => Uint8Array.from(blob))
    const decoded = protocol.decodeSource({ spec, proposal, sourceIndex: 0, blobs })
    expect(decoded.fault).toBeUndefined()
    const genesis = toHeader(json.inputs[0].parent_header)
    let parent = toParent(genesis, { grandparentTimestamp: 0n, anchorBlockNumber: 0n, anchorNonce: 0n })
    const checked = protocol.checkSource({ spec, proposal, sourceIndex: 0, decoded, parent })
    expect(checked.fault).toBeUndefined()
    expect(checked.blocks).toHaveLength(10)
    for (const [blockIndex, block] of checked.blocks.entries()) {
      const expected = json.inputs[blockIndex].block
      const attributes = protocol.buildAttributes({
        spec,
        proposal,
        blockIndex,
        block,
        parent,
        anchorBlock: l1Blocks.get(block.anchorBlockNumber)!,
      })
      expect(headerFields(attributes)).toEqual(expectedFields(expected.header))
      // The block holds the anchor transaction alone.
      expect(orderedTrieRoot([attributes.anchorTransaction])).toBe(expected.header.transactions_root)
      const header = toHeader(expected.header)
      parent = toParent(header, {
        grandparentTimestamp: parent.timestamp,
        anchorBlockNumber: block.anchorBlockNumber,
        anchorNonce: parent.anchorNonce + 1n,
      })
    }
    expect(parent.hash).toBe(json.inputs[0].taiko.prover_data.checkpoint.blockHash)
  })
})

/** Storage slot 253 of the anchor contract. All three captured values are published with the vectors (taiko.md §8, 22–23). */
function feeSlot(input: { excess: bigint; parentTimestamp: bigint; target: bigint }): bigint {
  return input.excess | (input.parentTimestamp << 128n) | (input.target << 192n)
}

describe.skipIf(!hasFixture(HEKLA))('Hekla, Pacaya, batch 1306738', () => {
  test('derives its block and the anchor transaction', () => {
    const json = readJsonFixture(HEKLA)
    const { info, meta, txList } = json.taiko.batch_proposed.Pacaya
    const l1Header = toL1Block(json.taiko.l1_header)
    const proposal = toPacayaProposal({
      info: {
        ...info,
        proposedIn: BigInt(info.proposedIn),
        blobCreatedIn: BigInt(info.blobCreatedIn),
        lastBlockId: BigInt(info.lastBlockId),
        lastBlockTimestamp: BigInt(info.lastBlockTimestamp),
        anchorBlockId: BigInt(info.anchorBlockId),
        baseFeeConfig: { ...info.baseFeeConfig, minGasExcess: BigInt(info.baseFeeConfig.minGasExcess) },
      },
      meta: { ...meta, batchId: BigInt(meta.batchId), proposedAt: BigInt(meta.proposedAt) },
      txList: hexToBytes(txList),
      timestamp: BigInt(meta.proposedAt),
      l1: UNKNOWN_L1,
    })
    expect(proposal.hash).toBe('0x0ca951f33fbd5f5aeaccf7c017715688dd221d7357b68c92306390e8fb68875c')
    const protocol = protocolOf('pacaya')
    const blobs = json.taiko.tx_data_from_blob.map((blob: number[]) => Uint8Array.from(blob))
    const decoded = protocol.decodeSource({ spec: taikoHekla, proposal, sourceIndex: 0, blobs })
    const input = json.inputs[0]
    const parentHeader = toHeader(input.parent_header)
    const parent = toParent(parentHeader, {
      grandparentTimestamp: 0n,
      anchorBlockNumber: 0n,
      anchorNonce: BigInt(input.taiko.anchor_tx.transaction.Eip1559.nonce),
      feeSlot: feeSlot({
        excess: 1_340_000_000n,
        parentTimestamp: parentHeader.timestamp,
        target: 40_000_000n,
      }),
    })
    const checked = protocol.checkSource({ spec: taikoHekla, proposal, sourceIndex: 0, decoded, parent })
    expect(checked.fault).toBeUndefined()
    const [block] = checked.blocks
    expect(block!.transactions).toHaveLength(1)
    const attributes = protocol.buildAttributes({
      spec: taikoHekla,
      proposal,
      blockIndex: 0,
      block: block!,
      parent,
      anchorBlock: l1Header,
    })
    expect(headerFields(attributes)).toEqual(expectedFields(input.block.header))
    const body = [attributes.anchorTransaction, ...attributes.transactions.map(({ raw }) => raw)]
    expect(orderedTrieRoot(body)).toBe(input.block.header.transactions_root)
  })
})

describe.skipIf(!hasFixture(ONTAKE))('mainnet, Ontake, block 780758', () => {
  test('derives its block with 799 listed transactions', () => {
    const json = readJsonFixture(ONTAKE)
    const { meta } = json.taiko.block_proposed.Ontake
    const proposal = toOntakeProposal({
      meta: {
        ...meta,
        id: BigInt(meta.id),
        timestamp: BigInt(meta.timestamp),
        anchorBlockId: BigInt(meta.anchorBlockId),
        livenessBond: BigInt(meta.livenessBond),
        proposedAt: BigInt(meta.proposedAt),
        proposedIn: BigInt(meta.proposedIn),
        baseFeeConfig: { ...meta.baseFeeConfig, minGasExcess: BigInt(meta.baseFeeConfig.minGasExcess) },
      },
      timestamp: BigInt(meta.proposedAt),
      l1: UNKNOWN_L1,
    })
    const protocol = protocolOf('ontake')
    const blobs = [Uint8Array.from(json.taiko.tx_data)]
    const decoded = protocol.decodeSource({ spec: taikoMainnet, proposal, sourceIndex: 0, blobs })
    expect(decoded.fault).toBeUndefined()
    const [block] = decoded.blocks
    expect(block!.transactions).toHaveLength(799)
    const parentHeader = toHeader(json.parent_header)
    const attributes = protocol.buildAttributes({
      spec: taikoMainnet,
      proposal,
      blockIndex: 0,
      block: block!,
      parent: toParent(parentHeader, {
        grandparentTimestamp: 0n,
        anchorBlockNumber: 0n,
        anchorNonce: BigInt(json.taiko.anchor_tx.transaction.Eip1559.nonce),
        feeSlot: feeSlot({
          excess: 1_340_000_000n,
          parentTimestamp: parentHeader.timestamp,
          target: 40_000_000n,
        }),
      }),
      anchorBlock: toL1Block(json.taiko.l1_header),
    })
    expect(headerFields(attributes)).toEqual(expectedFields(json.block.header))
    expect(keccak256Hex(attributes.anchorTransaction)).toBe(json.taiko.anchor_tx.hash)
    // The block's two survivors are listed 778th and 798th (from zero).
    const survivors = [778, 798].map((index) => attributes.transactions[index]!.raw)
    expect(orderedTrieRoot([attributes.anchorTransaction, ...survivors])).toBe(
      json.block.header.transactions_root,
    )
  })
})

describe.skipIf(!hasFixture(SHASTA_HEADER))('mainnet, Shasta, block 6444570', () => {
  test('builds its mix hash, extra data and anchor transaction', () => {
    const json = readJsonFixture(SHASTA_HEADER)
    const header = toHeader(json.header)
    const anchor = hexToBytes(json.rawAnchorTx)
    expect(keccak256Hex(anchor)).toBe(json.anchorTxHash)
    expect(orderedTrieRoot([anchor])).toBe(header.transactionsRoot)
  })
})
