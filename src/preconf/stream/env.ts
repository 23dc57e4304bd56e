/**
 * An env says of a block what its header will say before anything is executed, and so a header says which env it had. What a header
 * does not say, and derivation has to be told, stands where a beacon root would: whether the block comes from the inbox's queue
 * (first byte), and its anchor's number (last eight bytes). So whoever relays a block can change nothing of it.
 */
import type { UnsafeMetadata } from '../../derive/unsafe.ts'
import { bigintToFixedBytes, bytesToBigint } from '../../primitives/bytes.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import { bytesToHex, type Hash, hexToBytes } from '../../primitives/hex.ts'
import type { Env, Seal } from '../../promise/streamMessage.ts'
import type { PayloadAttributes } from '../../protocol/protocol.ts'
import { ANCHOR_GAS_LIMIT } from '../../protocol/shasta/anchor.ts'

/** Share of the base fee (1 byte) and proposal id (6 bytes): docs/derivation.md, D-65. */
const EXTRA_DATA_SIZE = 7
const PERCENT_MAX = 100
const ANCHOR_NUMBER_SIZE = 8
/** From Unzen on a header's is its zk gas, which is known only once the block is executed (D-91); before it is zero (D-60). */
const DIFFICULTY = 0n

export function envOfAttributes(
  attributes: Omit<PayloadAttributes, 'transactions'>,
  isForcedInclusion: boolean,
): Env {
  const { number, parentHash, coinbase, timestamp, gasLimit, baseFeePerGas, mixHash, extraData } = attributes
  return {
    number,
    parentHash,
    beneficiary: coinbase,
    timestamp,
    gasLimit,
    basefee: baseFeePerGas,
    difficulty: DIFFICULTY,
    prevrandao: mixHash,
    extraData,
    parentBeaconBlockRoot: besidesWord(attributes.anchorBlockNumber, isForcedInclusion),
  }
}

export function envOfHeader(
  header: BlockHeader,
  besides: { readonly anchorBlockNumber: bigint; readonly isForcedInclusion: boolean },
): Env {
  return {
    number: header.number,
    parentHash: header.parentHash,
    beneficiary: header.coinbase,
    timestamp: header.timestamp,
    gasLimit: header.gasLimit,
    basefee: header.baseFeePerGas ?? 0n,
    difficulty: DIFFICULTY,
    prevrandao: header.mixHash,
    extraData: header.extraData,
    parentBeaconBlockRoot: besidesWord(besides.anchorBlockNumber, besides.isForcedInclusion),
  }
}

/** Undefined for an env that no block of a proposal can have. */
export function metadataOfEnv(env: Env): UnsafeMetadata | undefined {
  const { extraData, gasLimit, timestamp, beneficiary } = env
  const word = hexToBytes(env.parentBeaconBlockRoot)
  const anchorBlockNumber = bytesToBigint(word.subarray(-ANCHOR_NUMBER_SIZE))
  const isForcedInclusion = word[0] === 1
  const basefeeSharingPctg = extraData[0] ?? 0
  if (
    extraData.length !== EXTRA_DATA_SIZE ||
    basefeeSharingPctg > PERCENT_MAX ||
    gasLimit <= ANCHOR_GAS_LIMIT ||
    env.parentBeaconBlockRoot !== besidesWord(anchorBlockNumber, isForcedInclusion)
  )
    return undefined
  return {
    proposalId: bytesToBigint(extraData.subarray(1)),
    basefeeSharingPctg,
    isForcedInclusion,
    timestamp,
    coinbase: beneficiary,
    gasLimit: gasLimit - ANCHOR_GAS_LIMIT,
    anchorBlockNumber,
  }
}

export function sealOf(hash: Hash, header: BlockHeader, totalFrags: number): Seal {
  return {
    totalFrags: BigInt(totalFrags),
    blockNumber: header.number,
    gasUsed: header.gasUsed,
    gasLimit: header.gasLimit,
    parentHash: header.parentHash,
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    stateRoot: header.stateRoot,
    blockHash: hash,
  }
}

function besidesWord(anchorBlockNumber: bigint, isForcedInclusion: boolean): Hash {
  const word = new Uint8Array(32)
  word[0] = isForcedInclusion ? 1 : 0
  word.set(bigintToFixedBytes(anchorBlockNumber, ANCHOR_NUMBER_SIZE), 32 - ANCHOR_NUMBER_SIZE)
  return bytesToHex(word)
}
