/** Quotes. preconf.md §1.3. */
import { encodeAbiParameters } from 'viem'
import type { Hash, Hex } from '../../primitives/hex.ts'

const FEE_PARAMETERS = [{ type: 'tuple', components: [{ type: 'bytes32' }, { type: 'uint64' }] }] as const
const WEI_PER_GWEI = 10n ** 9n
const UINT64_MAX = 2n ** 64n - 1n

/** RangeError for a price that no quote can name. */
export function encodeFeePayload(requestHash: Hash, priceWei: bigint): Hex {
  // Rounds up: a price in gwei is never below the one in wei.
  const priceGwei = (priceWei + WEI_PER_GWEI - 1n) / WEI_PER_GWEI
  if (priceGwei > UINT64_MAX) throw new RangeError(`a price of ${priceGwei} gwei fits no quote`)
  return encodeAbiParameters(FEE_PARAMETERS, [[requestHash, priceGwei]])
}
