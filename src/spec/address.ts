/** Addresses of L2 predeploys: the chain id, written in decimal, is the hex prefix. taiko.md §1.2. */
import type { Address } from '../primitives/hex.ts'

const ADDRESS_DIGITS = 40
const ANCHOR_SUFFIX = '10001'

/**
 * The predeploy that takes the anchor transaction and receives the treasury's share of base fees:
 * `0x` + decimal chain id + zeros + `10001`. Throws a RangeError for a chain id that leaves no room for the suffix.
 */
export function anchorAddressOf(chainId: bigint): Address {
  const digits = chainId.toString(10)
  if (chainId <= 0n || digits.length > ADDRESS_DIGITS - ANCHOR_SUFFIX.length)
    throw new RangeError(`chain id ${chainId} has no anchor address`)
  return `0x${digits}${ANCHOR_SUFFIX.padStart(ADDRESS_DIGITS - digits.length, '0')}`
}
