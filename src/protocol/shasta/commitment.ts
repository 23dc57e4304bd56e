/** What a prover claims of a range of proposals: the first argument of `prove`, packed, and its hash. taiko.md §2.1, §5. */
import { decodeFunctionData, encodeAbiParameters } from 'viem'
import { toSafeNumber } from '../../primitives/bigint.ts'
import { bigintToFixedBytes, bytesToBigint, concatBytes } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { commitmentParameters, inboxAbi } from './abi.ts'

/** The end of one proposal. */
type Transition = {
  readonly proposer: Address
  /** Of the proposal, in seconds. */
  readonly timestamp: bigint
  /** Of the proposal's last L2 block. */
  readonly blockHash: Hash
}

export type Commitment = {
  readonly firstProposalId: bigint
  /** Of the last L2 block before the first proposal. */
  readonly firstProposalParentBlockHash: Hash
  readonly lastProposalHash: Hash
  readonly actualProver: Address
  readonly endBlockNumber: bigint
  readonly endStateRoot: Hash
  /** One a proposal, in order. */
  readonly transitions: readonly Transition[]
}

const HEAD_BYTES = 130
const TRANSITION_BYTES = 58

/** Throws a RangeError if a field does not fit. */
export function encodeCommitment(commitment: Commitment): Uint8Array {
  return concatBytes(
    bigintToFixedBytes(commitment.firstProposalId, 6),
    hexToBytes(commitment.firstProposalParentBlockHash),
    hexToBytes(commitment.lastProposalHash),
    hexToBytes(commitment.actualProver),
    bigintToFixedBytes(commitment.endBlockNumber, 6),
    hexToBytes(commitment.endStateRoot),
    bigintToFixedBytes(BigInt(commitment.transitions.length), 2),
    ...commitment.transitions.flatMap(({ proposer, timestamp, blockHash }) => [
      hexToBytes(proposer),
      bigintToFixedBytes(timestamp, 6),
      hexToBytes(blockHash),
    ]),
  )
}

/** Undefined for bytes that are none. */
export function decodeCommitment(bytes: Uint8Array): Commitment | undefined {
  if (bytes.length < HEAD_BYTES) return undefined
  const number = (from: number, size: number) => bytesToBigint(bytes.subarray(from, from + size))
  const hex = (from: number, size: number) => bytesToHex(bytes.subarray(from, from + size))
  const count = Number(number(128, 2))
  if (bytes.length !== HEAD_BYTES + count * TRANSITION_BYTES) return undefined
  return {
    firstProposalId: number(0, 6),
    firstProposalParentBlockHash: hex(6, 32),
    lastProposalHash: hex(38, 32),
    actualProver: hex(70, 20),
    endBlockNumber: number(90, 6),
    endStateRoot: hex(96, 32),
    transitions: Array.from({ length: count }, (_, i) => {
      const from = HEAD_BYTES + i * TRANSITION_BYTES
      return { proposer: hex(from, 20), timestamp: number(from + 20, 6), blockHash: hex(from + 26, 32) }
    }),
  }
}

/** What a call of `prove` claims; undefined for the calldata of another function, or bytes that are no commitment. */
export function decodeProveCall(calldata: Uint8Array): Commitment | undefined {
  try {
    const call = decodeFunctionData({ abi: inboxAbi, data: bytesToHex(calldata) })
    return call.functionName === 'prove' ? decodeCommitment(hexToBytes(call.args[0])) : undefined
  } catch {
    return undefined
  }
}

/** keccak256(abi.encode(Commitment)). */
export function hashCommitment(commitment: Commitment): Hash {
  const encoded = encodeAbiParameters(commitmentParameters, [
    {
      ...commitment,
      firstProposalId: toSafeNumber(commitment.firstProposalId),
      endBlockNumber: toSafeNumber(commitment.endBlockNumber),
      transitions: commitment.transitions.map((transition) => ({
        ...transition,
        timestamp: toSafeNumber(transition.timestamp),
      })),
    },
  ])
  return keccak256Hex(hexToBytes(encoded))
}
