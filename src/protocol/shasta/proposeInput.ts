/** The second argument of `propose`: 15 bytes, tightly packed, big-endian. taiko.md §2.1. */
import { bigintToFixedBytes, bytesToBigint, concatBytes } from '../../primitives/bytes.ts'

export type ProposeInput = {
  /** Last second at which the inbox accepts it; 0 for none. */
  readonly deadline: bigint
  /** Index of the first blob within the L1 transaction. */
  readonly blobStartIndex: number
  readonly numBlobs: number
  /** Start of the manifest in the concatenated decoded payloads, in bytes. */
  readonly offset: number
  /** Most forced inclusions to take from the queue; 0xffff takes what is there. */
  readonly numForcedInclusions: number
}

const PROPOSE_INPUT_BYTES = 15

/** Throws a RangeError if a field does not fit. */
export function encodeProposeInput(input: ProposeInput): Uint8Array {
  return concatBytes(
    bigintToFixedBytes(input.deadline, 6),
    bigintToFixedBytes(BigInt(input.blobStartIndex), 2),
    bigintToFixedBytes(BigInt(input.numBlobs), 2),
    bigintToFixedBytes(BigInt(input.offset), 3),
    bigintToFixedBytes(BigInt(input.numForcedInclusions), 2),
  )
}

/** Undefined for bytes that are none. */
export function decodeProposeInput(bytes: Uint8Array): ProposeInput | undefined {
  if (bytes.length !== PROPOSE_INPUT_BYTES) return undefined
  const field = (from: number, to: number) => bytesToBigint(bytes.subarray(from, to))
  return {
    deadline: field(0, 6),
    blobStartIndex: Number(field(6, 8)),
    numBlobs: Number(field(8, 10)),
    offset: Number(field(10, 13)),
    numForcedInclusions: Number(field(13, 15)),
  }
}
