/** What the payload attributes of blocks before Shasta share. D-60, D-62, D-64, D-66, D-67. */
import { assert, defined } from '../../primitives/assert.ts'
import { concatBytes, toWord } from '../../primitives/bytes.ts'
import type { Hash } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { buildAnchorTransaction } from '../anchorTransaction.ts'
import type { L1BlockRef, ManifestBlock, ParentContext, PayloadAttributes, Proposal } from '../protocol.ts'
import { bondingCurveBaseFee, decodeFeeSlot } from './baseFee.ts'
import type { BaseFeeConfig } from './baseFeeConfig.ts'

export function buildLegacyAttributes(input: {
  readonly fork: 'genesis' | 'ontake' | 'pacaya'
  readonly spec: RollupSpec
  readonly proposal: Proposal
  readonly block: ManifestBlock
  readonly parent: ParentContext
  readonly anchorBlock: L1BlockRef
  /** The block's number as the event says it. */
  readonly number: bigint
  readonly mixHash: Hash
  readonly extraData: Uint8Array
  /** Wei per gas. */
  readonly baseFeePerGas: bigint
  readonly anchorGasLimit: bigint
  readonly anchorCalldata: Uint8Array
}): PayloadAttributes {
  const { spec, proposal, block, parent, anchorBlock, number, baseFeePerGas } = input
  assert(
    number === parent.number + 1n,
    `block ${number} of proposal ${proposal.id} was given the parent ${parent.number}`,
  )
  assert(
    anchorBlock.hash === proposal.originBlockHash,
    `proposal ${proposal.id} is anchored to ${proposal.originBlockHash}, not to ${anchorBlock.hash}`,
  )
  return {
    fork: input.fork,
    number,
    parentHash: parent.hash,
    coinbase: block.coinbase,
    gasLimit: block.gasLimit + input.anchorGasLimit,
    timestamp: block.timestamp,
    mixHash: input.mixHash,
    extraData: input.extraData,
    baseFeePerGas,
    basefeeSharingPctg: proposal.basefeeSharingPctg,
    anchorBlockNumber: block.anchorBlockNumber,
    anchorTransaction: buildAnchorTransaction({
      chainId: spec.l2.chainId,
      nonce: parent.anchorNonce,
      gasLimit: input.anchorGasLimit,
      baseFeePerGas,
      to: spec.l2.anchor,
      data: input.anchorCalldata,
    }),
    transactions: block.transactions,
  }
}

/** D-66, in wei per gas: Ontake's and Pacaya's base fee, from what the anchor contract remembers of the parent. */
export function curveBaseFee(input: {
  readonly parent: ParentContext
  readonly block: ManifestBlock
  readonly config: BaseFeeConfig
}): bigint {
  const { parent, block, config } = input
  return bondingCurveBaseFee({
    slot: decodeFeeSlot(defined(parent.feeSlot, 'the base-fee slot of the parent')),
    config,
    timestamp: block.timestamp,
    parentGasUsed: parent.gasUsed,
  })
}

const DIFFICULTY_LABEL = new TextEncoder().encode('TAIKO_DIFFICULTY')

/** keccak256(abi.encode("TAIKO_DIFFICULTY", number)): the string is dynamic, so its offset comes first. */
export function legacyMixHash(number: bigint): Hash {
  const label = new Uint8Array(32)
  label.set(DIFFICULTY_LABEL)
  return keccak256Hex(
    concatBytes(toWord(64n), toWord(number), toWord(BigInt(DIFFICULTY_LABEL.length)), label),
  )
}
