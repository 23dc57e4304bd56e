/**
 * From a promise to what is signed and the position it takes. All of it is computed here from the promise itself, so that no caller
 * can name another position than the one that is signed. A frag names no parent; that a number has one parent at a time bounds it.
 */
import { bytesToHex, type Hash, hexToBytes, ZERO_HASH } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import {
  BLOCK_COMMITMENT_TYPE,
  type BlockCommitment,
  encodeBlockCommitment,
} from '../../promise/blockCommitment.ts'
import { type Commitment, commitmentRoot, requestHash } from '../../promise/commitment.ts'
import { PROMISE_NONCE, type PromiseDomain } from '../../promise/domain.ts'
import { encodeInclusionList, INCLUSION_LIST_TYPE, type InclusionList } from '../../promise/inclusionList.ts'
import type { Decoded } from '../../promise/payload.ts'
import { signingRoot } from '../../promise/signingRoot.ts'
import { STREAM_MESSAGE_TYPE, type StreamMessage, streamMessageRoot } from '../../promise/streamMessage.ts'
import {
  decodeTransactionExecution,
  decodeTransactionRequest,
  EXECUTION_TYPE,
  INCLUSION_TYPE,
  L1_INCLUSION_TYPE,
} from '../../promise/transactionPromise.ts'
import type { ClaimRequest, Position } from './position.ts'

export type ToSign = Omit<ClaimRequest, 'key'> & {
  readonly signedHash: Hash
  /** What a Commit-Boost signer is asked for. */
  readonly objectRoot: Hash
}

/** A message of the stream, and what it does not say itself. */
export type StreamStatement = {
  readonly message: StreamMessage
  readonly l2ChainId: bigint
  /** Parent of the block that the message is about. */
  readonly parentHash: Hash
  /** Timestamp of the last L1 slot of the window it is said in, in seconds. */
  readonly windowEnd: bigint
}

/** When an L1 slot begins. */
export type SlotTimes = {
  /** Of slot 0, in seconds. */
  readonly genesisTime: bigint
  readonly secondsPerSlot: bigint
}

/** Sequence of a seal: after every frag there can be. */
const SEAL_INDEX = 2 ** 32 - 1
/** Block numbers and timestamps of promises are uint48; based-op's messages have room for more. */
const NUMBER_MAX = 2n ** 48n - 1n

export function blockToSign(block: BlockCommitment, domain: PromiseDomain): ToSign {
  const { l2ChainId, blockNumber, parentBlockHash, windowEnd } = block
  return {
    ...plain(BLOCK_COMMITMENT_TYPE, encodeBlockCommitment(block), domain),
    position: { kind: 'block', l2ChainId, number: blockNumber, parent: parentBlockHash, index: 0 },
    windowEnd,
  }
}

export function listToSign(list: InclusionList, domain: PromiseDomain): ToSign {
  const { l2ChainId, windowEnd } = list
  return {
    ...plain(INCLUSION_LIST_TYPE, encodeInclusionList(list), domain),
    position: { kind: 'list', l2ChainId, number: windowEnd, parent: ZERO_HASH, index: 0 },
    windowEnd,
  }
}

/** RangeError for a message that is not about a block on that parent. */
export function streamToSign(statement: StreamStatement, domain: PromiseDomain): ToSign {
  const { message, l2ChainId, parentHash, windowEnd } = statement
  const { number, index } = placeInStream(message, parentHash)
  if (number > NUMBER_MAX) throw new RangeError(`no block has the number ${number}`)
  return {
    ...plain(STREAM_MESSAGE_TYPE, hexToBytes(streamMessageRoot(message)), domain),
    position: { kind: 'stream', l2ChainId, number, parent: parentHash, index },
    windowEnd,
  }
}

function placeInStream(message: StreamMessage, parentHash: Hash): Pick<Position, 'number' | 'index'> {
  switch (message.type) {
    case 'env':
      assertParent(message.env.parentHash, parentHash)
      return { number: message.env.number, index: 0 }
    case 'frag': {
      const { blockNumber, seq } = message.frag
      if (seq + 1n >= BigInt(SEAL_INDEX)) throw new RangeError(`a frag has no sequence ${seq}`)
      return { number: blockNumber, index: Number(seq) + 1 }
    }
    case 'seal':
      assertParent(message.seal.parentHash, parentHash)
      return { number: message.seal.blockNumber, index: SEAL_INDEX }
  }
}

function assertParent(own: Hash, given: Hash): void {
  if (own !== given) throw new RangeError(`the message is about a block on ${own}, not on ${given}`)
}

/** Types 1, 4 and 5. RangeError for another type, another slasher, and a payload or request that is none. */
export function commitmentToSign(commitment: Commitment, domain: PromiseDomain, slots: SlotTimes): ToSign {
  if (commitment.slasher !== domain.slasher)
    throw new RangeError(
      `the commitment names the slasher ${commitment.slasher}, this guard signs for ${domain.slasher}`,
    )
  switch (commitment.commitmentType) {
    case L1_INCLUSION_TYPE:
      return inclusionToSign('l1Inclusion', commitment, domain, slots)
    case INCLUSION_TYPE:
      return inclusionToSign('inclusion', commitment, domain, slots)
    case EXECUTION_TYPE:
      return executionToSign(commitment, domain)
    default:
      throw new RangeError(
        `commitments of type ${commitment.commitmentType} are not signed in answer to a request`,
      )
  }
}

/** Request and commitment have one payload, so the position, which names slot and transaction, leaves nothing to choose. */
function inclusionToSign(
  kind: 'inclusion' | 'l1Inclusion',
  commitment: Commitment,
  domain: PromiseDomain,
  { genesisTime, secondsPerSlot }: SlotTimes,
): ToSign {
  const { slot, transaction } = need(decodeTransactionRequest(hexToBytes(commitment.payload)))
  if (commitment.requestHash !== requestHash(commitment))
    throw new RangeError('the commitment answers another request than its own payload')
  const timestamp = genesisTime + slot * secondsPerSlot
  if (timestamp > NUMBER_MAX) throw new RangeError(`slot ${slot} is past all times`)
  return {
    ...answering(commitment, domain),
    position: { kind, l2ChainId: 0n, number: timestamp, parent: keccak256Hex(transaction), index: 0 },
    windowEnd: timestamp,
  }
}

/** What came of a transaction is one statement, whichever requests it answers. */
function executionToSign(commitment: Commitment, domain: PromiseDomain): ToSign {
  const execution = need(decodeTransactionExecution(hexToBytes(commitment.payload)))
  const { l2ChainId, blockNumber, parentBlockHash, transactionIndex, windowEnd } = execution
  return {
    ...answering(commitment, domain),
    hash: keccak256Hex(hexToBytes(commitment.payload)),
    position: {
      kind: 'execution',
      l2ChainId,
      number: blockNumber,
      parent: parentBlockHash,
      index: transactionIndex,
    },
    windowEnd,
  }
}

function need<T>(decoded: Decoded<T>): T {
  if (decoded.type === 'fault')
    throw new RangeError(`the payload of the commitment is none: ${decoded.fault}`)
  return decoded.value
}

type Hashes = Pick<ToSign, 'hash' | 'signedHash' | 'objectRoot'>

function plain(commitmentType: bigint, payload: Uint8Array, domain: PromiseDomain): Hashes {
  const { slasher } = domain
  return answering({ commitmentType, payload: bytesToHex(payload), requestHash: ZERO_HASH, slasher }, domain)
}

function answering(commitment: Commitment, domain: PromiseDomain): Hashes {
  const objectRoot = commitmentRoot(commitment)
  const hash = signingRoot(objectRoot, PROMISE_NONCE, domain)
  return { hash, signedHash: hash, objectRoot }
}
