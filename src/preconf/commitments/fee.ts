/** Quotes. preconf.md §1.3. */
import { encodeAbiParameters } from 'viem'
import { decodeTransaction } from '../../engine/transaction.ts'
import type { Hash, Hex } from '../../primitives/hex.ts'
import { requestHash } from '../../promise/commitment.ts'
import type { FeeQuote } from './commitments.ts'
import { CommitmentRefusedError } from './errors.ts'
import type { ReadRequest } from './readRequest.ts'

const FEE_PARAMETERS = [{ type: 'tuple', components: [{ type: 'bytes32' }, { type: 'uint64' }] }] as const
const WEI_PER_GWEI = 10n ** 9n
const UINT64_MAX = 2n ** 64n - 1n

/** Throws CommitmentRefusedError. */
export async function quoteFee(
  { request, transaction }: Pick<ReadRequest, 'request' | 'transaction'>,
  price: {
    /** Wei per gas, as the base fee. */
    readonly tipWei: bigint
    readonly readBaseFee: () => Promise<bigint>
    /** Seconds since 1970. */
    readonly validUntil: bigint
  },
): Promise<FeeQuote> {
  const decoded = decodeTransaction(transaction)
  if (decoded.type === 'undecodable') throw new CommitmentRefusedError('malformedTransaction', decoded.detail)
  const { tipWei, validUntil } = price
  const priceWei = decoded.transaction.gasLimit * ((await price.readBaseFee()) + tipWei)
  const feePayload = encodeFeePayload(requestHash(request), priceWei)
  return { commitmentType: request.commitmentType, feePayload, priceWei, tipWei, validUntil }
}

function encodeFeePayload(requestHash: Hash, priceWei: bigint): Hex {
  // Rounds up: a price in gwei is never below the one in wei.
  const priceGwei = (priceWei + WEI_PER_GWEI - 1n) / WEI_PER_GWEI
  if (priceGwei > UINT64_MAX)
    throw new CommitmentRefusedError('gasOutOfRange', `a price of ${priceGwei} gwei fits no quote`)
  return encodeAbiParameters(FEE_PARAMETERS, [[requestHash, priceGwei]])
}
