/** Addresses of L2 predeploys: the chain id, written in decimal, is the hex prefix. taiko.md §1.2. */
import type { Address } from '../primitives/hex.ts'

const ADDRESS_DIGITS = 40
const ANCHOR_SUFFIX = '10001'
const BRIDGE_SUFFIX = '1'

/**
 * The predeploy that takes the anchor transaction and receives the treasury's share of base fees:
 * `0x` + decimal chain id + zeros + `10001`. Throws a RangeError for a chain id that leaves no room for the suffix.
 */
export function anchorAddressOf(chainId: bigint): Address {
  return predeployAddress(chainId, ANCHOR_SUFFIX)
}

/** The predeploy that is L2's end of the bridge: as above, with `1` for a suffix. */
export function bridgeAddressOf(chainId: bigint): Address {
  return predeployAddress(chainId, BRIDGE_SUFFIX)
}

function predeployAddress(chainId: bigint, suffix: string): Address {
  const digits = chainId.toString(10)
  // The longest suffix bounds them all, so that no two predeploys can meet.
  if (chainId <= 0n || digits.length > ADDRESS_DIGITS - ANCHOR_SUFFIX.length)
    throw new RangeError(`chain id ${chainId} has no anchor address`)
  return `0x${digits}${suffix.padStart(ADDRESS_DIGITS - digits.length, '0')}`
}
