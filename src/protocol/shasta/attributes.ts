/** A checked block of a Shasta source as payload attributes. D-60, D-61, D-63, D-65, D-67, D-69; taiko.md §2.5. */
import { assert } from '../../primitives/assert.ts'
import { bigintToFixedBytes, concatBytes, toWord } from '../../primitives/bytes.ts'
import type { Hash } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { forkAt, isOfInbox } from '../../spec/rollupSpec.ts'
import { buildAnchorTransaction } from '../anchorTransaction.ts'
import type { Protocol } from '../protocol.ts'
import { ANCHOR_GAS_LIMIT, encodeAnchorV4 } from './anchor.ts'
import { nextBaseFee } from './baseFee.ts'

/** A proposal may hold blocks before and after Unzen: each is of the fork of its own time. */
export const buildAttributes: Protocol['buildAttributes'] = ({
  spec,
  proposal,
  block,
  parent,
  anchorBlock,
}) => {
  const number = parent.number + 1n
  const fork = forkAt(spec, { number, timestamp: block.timestamp })
  assert(
    fork !== undefined && isOfInbox(fork),
    `block ${number} at ${block.timestamp} of a Shasta proposal is before Shasta`,
  )
  assert(
    anchorBlock.number === block.anchorBlockNumber,
    `block ${number} is anchored to ${block.anchorBlockNumber}, not to ${anchorBlock.number}`,
  )
  const baseFeePerGas = nextBaseFee(parent, spec.shasta.baseFeeMin)
  return {
    fork,
    number,
    parentHash: parent.hash,
    coinbase: block.coinbase,
    gasLimit: block.gasLimit + ANCHOR_GAS_LIMIT,
    timestamp: block.timestamp,
    mixHash: shastaMixHash(parent.difficulty, number),
    extraData: shastaExtraData(proposal.basefeeSharingPctg, proposal.id),
    baseFeePerGas,
    basefeeSharingPctg: proposal.basefeeSharingPctg,
    anchorBlockNumber: block.anchorBlockNumber,
    anchorTransaction: buildAnchorTransaction({
      chainId: spec.l2.chainId,
      nonce: parent.anchorNonce,
      gasLimit: ANCHOR_GAS_LIMIT,
      baseFeePerGas,
      to: spec.l2.anchor,
      data: encodeAnchorV4(anchorBlock),
    }),
    transactions: block.transactions,
  }
}

/** keccak256(abi.encode(parent's difficulty, number)). Before Unzen every difficulty is 0, from then on it is the zk gas. */
export function shastaMixHash(parentDifficulty: bigint, number: bigint): Hash {
  return keccak256Hex(concatBytes(toWord(parentDifficulty), toWord(number)))
}

/** Base fee share in percent (1 byte), proposal id (6 bytes). */
export function shastaExtraData(basefeeSharingPctg: number, proposalId: bigint): Uint8Array {
  return concatBytes(Uint8Array.of(basefeeSharingPctg), bigintToFixedBytes(proposalId, 6))
}
