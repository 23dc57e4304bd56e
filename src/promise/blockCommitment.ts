/**
 * What a preconfer promises about one L2 block. The Solidity twin is contracts/src/l1/preconf/BlockCommitments.sol; golden vectors of
 * both are in contracts/test/vectors.
 *
 * It names the transactions root and not the block's hash, whose extra data holds the proposal id: others can shift that one by
 * proposing first.
 */
import { concatBytes, equalBytes } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { type PromiseDomain, promiseHash, promiseObjectRoot } from './domain.ts'
import { type Decoded, hashAt, isZero, uintAt, uintWord, WORD_SIZE } from './payload.ts'

export type BlockCommitment = {
  readonly l2ChainId: bigint
  readonly blockNumber: bigint
  /** Hash of the commitment to the parent block, by whomever; zero when the parent was derived unpromised. */
  readonly parentCommitmentHash: Hash
  readonly parentBlockHash: Hash
  /** Of the L2 header: anchor transaction included. */
  readonly transactionsRoot: Hash
  /** L1 block the block anchors to. */
  readonly anchorBlockNumber: bigint
  /** Timestamp of the preconfer's own L1 slot, the last of its window, in seconds. */
  readonly windowEnd: bigint
  /** No block follows in this window. */
  readonly isEndOfWindow: boolean
}

/** Type of the registry commitment that carries an encoded BlockCommitment. */
export const BLOCK_COMMITMENT_TYPE = 2n
const WORDS = 8

/** RangeError when a number does not fit its field. */
export function encodeBlockCommitment(commitment: BlockCommitment): Uint8Array {
  return concatBytes(
    uintWord(commitment.l2ChainId, 64),
    uintWord(commitment.blockNumber, 48),
    hexToBytes(commitment.parentCommitmentHash),
    hexToBytes(commitment.parentBlockHash),
    hexToBytes(commitment.transactionsRoot),
    uintWord(commitment.anchorBlockNumber, 48),
    uintWord(commitment.windowEnd, 48),
    uintWord(commitment.isEndOfWindow ? 1n : 0n, 8),
  )
}

/** The one commitment that `payload` is the encoding of. Chain, number, parent, root and window of a promise are never zero. */
export function decodeBlockCommitment(payload: Uint8Array): Decoded<BlockCommitment> {
  if (payload.length !== WORDS * WORD_SIZE) return { type: 'fault', fault: 'wrongSize' }
  const l2ChainId = uintAt(payload, 0, 64)
  const blockNumber = uintAt(payload, 1, 48)
  const anchorBlockNumber = uintAt(payload, 5, 48)
  const windowEnd = uintAt(payload, 6, 48)
  const flag = uintAt(payload, 7, 1)
  if (
    l2ChainId === undefined ||
    blockNumber === undefined ||
    anchorBlockNumber === undefined ||
    windowEnd === undefined ||
    flag === undefined
  )
    return { type: 'fault', fault: 'outOfRange' }
  const [parentCommitmentHash, parentBlockHash, transactionsRoot] = [2, 3, 4].map((i) =>
    hashAt(payload, i),
  ) as [Hash, Hash, Hash]
  if ([l2ChainId, blockNumber, windowEnd, parentBlockHash, transactionsRoot].some(isZero))
    return { type: 'fault', fault: 'zeroField' }
  return {
    type: 'decoded',
    value: {
      l2ChainId,
      blockNumber,
      parentCommitmentHash,
      parentBlockHash,
      transactionsRoot,
      anchorBlockNumber,
      windowEnd,
      isEndOfWindow: flag === 1n,
    },
  }
}

/** What a Commit-Boost signer is asked to sign, with nonce 0. */
export function blockCommitmentObjectRoot(commitment: BlockCommitment, slasher: Address): Hash {
  return promiseObjectRoot(BLOCK_COMMITMENT_TYPE, bytesToHex(encodeBlockCommitment(commitment)), slasher)
}

/** What is signed, gossiped, stored and linked to. */
export function blockCommitmentHash(commitment: BlockCommitment, domain: PromiseDomain): Hash {
  return promiseHash(BLOCK_COMMITMENT_TYPE, bytesToHex(encodeBlockCommitment(commitment)), domain)
}

/** Whether both cannot be kept: another payload for the same chain, number and parent. Between promises of one committer it is a fault. */
export function isBlockEquivocation(a: BlockCommitment, b: BlockCommitment): boolean {
  return (
    a.l2ChainId === b.l2ChainId &&
    a.blockNumber === b.blockNumber &&
    a.parentBlockHash === b.parentBlockHash &&
    !equalBytes(encodeBlockCommitment(a), encodeBlockCommitment(b))
  )
}
