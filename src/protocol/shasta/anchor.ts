/** `anchorV4`: what the anchor transaction of a Shasta block says. D-67. */
import { bytesToBigint, concatBytes, toWord } from '../../primitives/bytes.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import type { L1BlockRef } from '../protocol.ts'

/** Gas of the anchor transaction, on top of what a manifest asks for. Derivation.md §Anchor Transaction. */
export const ANCHOR_GAS_LIMIT = 1_000_000n
/** anchorV4((uint48 blockNumber, bytes32 blockHash, bytes32 stateRoot)). */
const ANCHOR_V4_SELECTOR = hexToBytes('0x523e6854')

export function encodeAnchorV4(anchorBlock: Pick<L1BlockRef, 'number' | 'hash' | 'stateRoot'>): Uint8Array {
  return concatBytes(
    ANCHOR_V4_SELECTOR,
    toWord(anchorBlock.number),
    hexToBytes(anchorBlock.hash),
    hexToBytes(anchorBlock.stateRoot),
  )
}

/** The first argument of anchorV2, anchorV3 and anchorV4 is the anchor's number. Undefined for other calldata. D-52. */
export function decodeAnchorBlockNumber(calldata: Uint8Array): bigint | undefined {
  if (calldata.length < 36) return undefined
  const selector = Buffer.from(calldata.subarray(0, 4)).toString('hex')
  if (!ANCHOR_SELECTORS.has(selector)) return undefined
  return bytesToBigint(calldata.subarray(4, 36))
}

const ANCHOR_SELECTORS: ReadonlySet<string> = new Set(['523e6854', '48080a45', 'fd85eb2d'])
