/** Payload attributes where no captured block goes: refusals, signal slots, and the split of a Pacaya batch. */
import { decodeFunctionData, parseAbi, toFunctionSelector } from 'viem'
import { describe, expect, test } from 'vitest'
import { bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { encodeAnchorV2 } from '../../../src/protocol/ontake/anchor.ts'
import { encodeAnchorV3 } from '../../../src/protocol/pacaya/anchor.ts'
import type { PacayaDetails } from '../../../src/protocol/pacaya/proposals.ts'
import type { L1BlockRef } from '../../../src/protocol/protocol.ts'
import { protocolOf } from '../../../src/protocol/protocols.ts'
import { encodeAnchorV4 } from '../../../src/protocol/shasta/anchor.ts'
import { taikoHoodi as spec } from '../../../src/spec/networks/taikoHoodi.ts'
import {
  COINBASE,
  createBlock,
  createParent,
  createProposal,
  PROPOSED_AT,
} from '../../support/protocolBuilders.ts'

const hash = (byte: string): Hash => `0x${byte.repeat(32)}`
const anchorBlock: L1BlockRef = {
  number: 995n,
  hash: hash('aa'),
  parentHash: hash('bb'),
  timestamp: PROPOSED_AT - 60n,
  stateRoot: hash('cc'),
}
const UNZEN = 1_781_787_600n

describe('Shasta', () => {
  const build = (timestamp: bigint, anchor = anchorBlock) =>
    protocolOf('shasta').buildAttributes({
      spec,
      proposal: createProposal(),
      blockIndex: 0,
      block: { ...createBlock({ timestamp }), transactions: [] },
      parent: createParent(),
      anchorBlock: anchor,
    })

  test('adds the gas of the anchor and charges it the base fee of the block', () => {
    expect(build(PROPOSED_AT)).toMatchObject({
      fork: 'shasta',
      number: 501n,
      gasLimit: 31_000_000n,
      coinbase: COINBASE,
    })
  })

  test('is under Unzen from its first second, whatever the time of the proposal', () => {
    expect(build(UNZEN - 1n).fork).toBe('shasta')
    expect(build(UNZEN).fork).toBe('unzen')
  })

  test("another anchor than the block's is a bug", () => {
    expect(() => build(PROPOSED_AT, { ...anchorBlock, number: 994n })).toThrow(/anchored to 995/)
  })
})

const baseFeeConfig = {
  adjustmentQuotient: 8n,
  sharingPctg: 75,
  gasIssuancePerSecond: 5_000_000n,
  minGasExcess: 1_340_000_000n,
  maxGasIssuancePerBlock: 600_000_000n,
}

describe('Pacaya', () => {
  const details: PacayaDetails = {
    type: 'pacaya',
    blocks: [
      { numTransactions: 1, timeShift: 0n, signalSlots: [] },
      { numTransactions: 1, timeShift: 3n, signalSlots: [hash('11'), hash('12')] },
    ],
    extraData: hash('4b'),
    coinbase: COINBASE,
    gasLimit: 240_000_000n,
    lastBlockId: 502n,
    lastBlockTimestamp: PROPOSED_AT,
    baseFeeConfig,
    infoHash: hash('00'),
    txsHash: hash('00'),
  }
  const proposal = createProposal({
    fork: 'pacaya',
    originBlockNumber: 995n,
    originBlockHash: anchorBlock.hash,
    details,
  })
  const build = (blockIndex: number, number: bigint, feeSlot?: bigint) =>
    protocolOf('pacaya').buildAttributes({
      spec,
      proposal,
      blockIndex,
      block: { ...createBlock({ timestamp: PROPOSED_AT, gasLimit: 240_000_000n }), transactions: [] },
      parent: createParent({ number, ...(feeSlot === undefined ? {} : { feeSlot }) }),
      anchorBlock,
    })

  test('numbers the blocks of a batch backwards from its last, each with its own signal slots', () => {
    const slot = 1_340_000_000n | (40_000_000n << 192n)
    expect(build(0, 500n, slot)).toMatchObject({ number: 501n, gasLimit: 241_000_000n, fork: 'pacaya' })
    const last = build(1, 501n, slot)
    expect(last.number).toBe(502n)
    expect(bytesToHex(last.anchorTransaction)).toContain('11'.repeat(32) + '12'.repeat(32))
  })

  test('a parent that does not fit, or without its fee slot, is a bug', () => {
    expect(() => build(1, 500n, 1n)).toThrow(/block 502 .* parent 500/)
    expect(() => build(0, 500n)).toThrow(/base-fee slot of the parent is missing/)
  })
})

describe('anchor calldata is what the contracts decode', () => {
  const config =
    'struct BaseFeeConfig { uint8 adjustmentQuotient; uint8 sharingPctg; uint32 gasIssuancePerSecond; uint64 minGasExcess; uint32 maxGasIssuancePerBlock; }'
  const abi = parseAbi([
    config,
    'struct Checkpoint { uint48 blockNumber; bytes32 blockHash; bytes32 stateRoot; }',
    'function anchorV2(uint64 anchorBlockId, bytes32 anchorStateRoot, uint32 parentGasUsed, BaseFeeConfig baseFeeConfig)',
    'function anchorV3(uint64 anchorBlockId, bytes32 anchorStateRoot, uint32 parentGasUsed, BaseFeeConfig baseFeeConfig, bytes32[] signalSlots)',
    'function anchorV4(Checkpoint checkpoint)',
  ])
  const decode = (data: Uint8Array) => decodeFunctionData({ abi, data: bytesToHex(data) })
  const fee = {
    adjustmentQuotient: 8,
    sharingPctg: 75,
    gasIssuancePerSecond: 5_000_000,
    minGasExcess: 1_340_000_000n,
    maxGasIssuancePerBlock: 600_000_000,
  }

  test('anchorV2, anchorV3, anchorV4', () => {
    expect(abi.map((item) => toFunctionSelector(item))).toEqual(['0xfd85eb2d', '0x48080a45', '0x523e6854'])
    const input = { anchorBlock, parentGasUsed: 77n, baseFeeConfig }
    expect(decode(encodeAnchorV2(input))).toEqual({
      functionName: 'anchorV2',
      args: [995n, hash('cc'), 77, fee],
    })
    expect(decode(encodeAnchorV3({ ...input, signalSlots: [hash('11')] }))).toEqual({
      functionName: 'anchorV3',
      args: [995n, hash('cc'), 77, fee, [hash('11')]],
    })
    expect(decode(encodeAnchorV4(anchorBlock))).toEqual({
      functionName: 'anchorV4',
      args: [{ blockNumber: 995, blockHash: hash('aa'), stateRoot: hash('cc') }],
    })
  })
})
