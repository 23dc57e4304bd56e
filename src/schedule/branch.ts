/**
 * What the canonical L1 chain itself says about its beacon blocks: every execution block names the one before it (EIP-4788),
 * so that no beacon node's word is needed for which branch counts.
 */
import type { L1, L1Header } from '../l1/l1.ts'
import { TemporaryError } from '../primitives/errors.ts'
import { type Hash, ZERO_HASH } from '../primitives/hex.ts'

/** Root of the beacon block before the L1 block. TemporaryError on an L1 that has none (a development chain). */
export function parentBeaconRoot({ number, header }: L1Header): Hash {
  const root = header.parentBeaconBlockRoot
  if (root === undefined || root === ZERO_HASH)
    throw new TemporaryError(
      `L1 block ${number} names no beacon block (EIP-4788): this L1 has no consensus layer to read a lookahead from`,
    )
  return root
}

/**
 * Root of the last beacon block before `timestamp` (seconds) on the branch of `head`: the first execution block from then on
 * names it. Walks back a block a step, at most to `timestamp`.
 */
export async function beaconRootBefore(
  l1: Pick<L1, 'ancestor'>,
  head: L1Header,
  timestamp: bigint,
  signal?: AbortSignal,
): Promise<Hash> {
  let first = head
  while (first.number > 0n) {
    const parent = await l1.ancestor(first, first.number - 1n, signal)
    if (parent.timestamp < timestamp) break
    first = parent
  }
  return first.header.parentBeaconBlockRoot ?? ZERO_HASH
}
