/**
 * What a preconfer promises about one transaction, in answer to a request: that it will be included by a slot (of L2, or of L1 where he
 * builds the L1 block himself), or that it has been executed, with what came of it. Signed statements, whose outcome is recorded:
 * no contract slashes for them. docs/commitments.md.
 */
import { concatBytes } from '../primitives/bytes.ts'
import { bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { type Commitment, type CommitmentRequest, commitmentRoot, requestHash } from './commitment.ts'
import { PROMISE_NONCE, type PromiseDomain } from './domain.ts'
import { type Decoded, hashAt, isZero, uintAt, uintWord, WORD_SIZE } from './payload.ts'
import { signingRoot } from './signingRoot.ts'

/** An L1 transaction by an L1 slot: Fabric's INCLUSION_COMMITMENT_TYPE. */
export const L1_INCLUSION_TYPE = 1n
/** An L2 transaction by an L1 slot. */
export const INCLUSION_TYPE = 4n
/** An L2 transaction executed, at a place in a block. */
export const EXECUTION_TYPE = 5n

/** Payload of the requests of all three types, and of the commitments of both kinds of inclusion. */
export type TransactionRequest = {
  /** Of the L1: the latest one that will do. */
  readonly slot: bigint
  /** EIP-2718 bytes. */
  readonly transaction: Uint8Array
}

/** Payload of a commitment to an execution. */
export type TransactionExecution = {
  readonly l2ChainId: bigint
  readonly blockNumber: bigint
  readonly parentBlockHash: Hash
  /** In the block; the anchor transaction has 0. */
  readonly transactionIndex: number
  readonly transactionHash: Hash
  /** keccak-256 of the EIP-2718 receipt. */
  readonly receiptHash: Hash
  /** Timestamp of the preconfer's own L1 slot, the last of its window, in seconds. */
  readonly windowEnd: bigint
}

/** Offset of the tuple, its two heads, the length of its bytes. */
const REQUEST_HEAD_WORDS = 4
const EXECUTION_WORDS = 7
const TUPLE_OFFSET = BigInt(WORD_SIZE)
const BYTES_OFFSET = BigInt(2 * WORD_SIZE)

/** abi.encode of the tuple (uint64 slot, bytes signed_tx). RangeError when the slot does not fit its field. */
export function encodeTransactionRequest({ slot, transaction }: TransactionRequest): Uint8Array {
  return concatBytes(
    uintWord(TUPLE_OFFSET, 64),
    uintWord(slot, 64),
    uintWord(BYTES_OFFSET, 64),
    uintWord(BigInt(transaction.length), 64),
    transaction,
    new Uint8Array(paddedSize(transaction.length) - transaction.length),
  )
}

/** The one request that `payload` is the encoding of: offsets in order, padding of zeros, nothing behind. It names a slot and has bytes. */
export function decodeTransactionRequest(payload: Uint8Array): Decoded<TransactionRequest> {
  const head = REQUEST_HEAD_WORDS * WORD_SIZE
  if (payload.length < head) return { type: 'fault', fault: 'wrongSize' }
  const slot = uintAt(payload, 1, 64)
  const size = uintAt(payload, 3, 32)
  if (
    uintAt(payload, 0, 64) !== TUPLE_OFFSET ||
    uintAt(payload, 2, 64) !== BYTES_OFFSET ||
    slot === undefined ||
    size === undefined
  )
    return { type: 'fault', fault: 'outOfRange' }
  const length = Number(size)
  if (payload.length !== head + paddedSize(length)) return { type: 'fault', fault: 'wrongSize' }
  if (payload.subarray(head + length).some((byte) => byte !== 0))
    return { type: 'fault', fault: 'outOfRange' }
  if (slot === 0n || length === 0) return { type: 'fault', fault: 'zeroField' }
  return { type: 'decoded', value: { slot, transaction: payload.slice(head, head + length) } }
}

/** RangeError when a number does not fit its field. */
export function encodeTransactionExecution(execution: TransactionExecution): Uint8Array {
  return concatBytes(
    uintWord(execution.l2ChainId, 64),
    uintWord(execution.blockNumber, 48),
    hexToBytes(execution.parentBlockHash),
    uintWord(BigInt(execution.transactionIndex), 32),
    hexToBytes(execution.transactionHash),
    hexToBytes(execution.receiptHash),
    uintWord(execution.windowEnd, 48),
  )
}

/** The one execution that `payload` is the encoding of; only the index may be zero. */
export function decodeTransactionExecution(payload: Uint8Array): Decoded<TransactionExecution> {
  if (payload.length !== EXECUTION_WORDS * WORD_SIZE) return { type: 'fault', fault: 'wrongSize' }
  const l2ChainId = uintAt(payload, 0, 64)
  const blockNumber = uintAt(payload, 1, 48)
  const transactionIndex = uintAt(payload, 3, 32)
  const windowEnd = uintAt(payload, 6, 48)
  if (
    l2ChainId === undefined ||
    blockNumber === undefined ||
    transactionIndex === undefined ||
    windowEnd === undefined
  )
    return { type: 'fault', fault: 'outOfRange' }
  const parentBlockHash = hashAt(payload, 2)
  const transactionHash = hashAt(payload, 4)
  const receiptHash = hashAt(payload, 5)
  if ([l2ChainId, blockNumber, parentBlockHash, transactionHash, receiptHash, windowEnd].some(isZero))
    return { type: 'fault', fault: 'zeroField' }
  return {
    type: 'decoded',
    value: {
      l2ChainId,
      blockNumber,
      parentBlockHash,
      transactionIndex: Number(transactionIndex),
      transactionHash,
      receiptHash,
      windowEnd,
    },
  }
}

/** What answers a request for an inclusion: the request's own payload. */
export function inclusionCommitment(request: CommitmentRequest): Commitment {
  return { ...request, requestHash: requestHash(request) }
}

/** What answers a request for an execution. */
export function executionCommitment(request: CommitmentRequest, execution: TransactionExecution): Commitment {
  return { ...inclusionCommitment(request), payload: bytesToHex(encodeTransactionExecution(execution)) }
}

/** What is signed, stored and told of: of any commitment, whether it answers a request or not. */
export function commitmentHash(commitment: Commitment, domain: PromiseDomain): Hash {
  return signingRoot(commitmentRoot(commitment), PROMISE_NONCE, domain)
}

export function inclusionHash(request: CommitmentRequest, domain: PromiseDomain): Hash {
  return commitmentHash(inclusionCommitment(request), domain)
}

export function executionHash(
  request: CommitmentRequest,
  execution: TransactionExecution,
  domain: PromiseDomain,
): Hash {
  return commitmentHash(executionCommitment(request, execution), domain)
}

function paddedSize(length: number): number {
  return Math.ceil(length / WORD_SIZE) * WORD_SIZE
}
