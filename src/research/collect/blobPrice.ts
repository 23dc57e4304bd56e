/**
 * What a blob of an L1 block cost, from the excess blob gas of its header and the schedule of its chain. EIP-4844, EIP-7691, EIP-7892.
 * https://github.com/ethereum/go-ethereum/blob/master/params/config.go (fork times and update fractions)
 */
import { blobBaseFee } from '../../engine/ethereum/blobFee.ts'
import type { BlockHeader } from '../../primitives/header.ts'

const CANCUN = 3_338_477n
const PRAGUE = 5_007_716n
const BPO1 = 8_346_193n
const BPO2 = 11_684_671n
const FRACTIONS = [CANCUN, PRAGUE, BPO1, BPO2]

/** Update fractions by chain id, with the timestamps from which they hold. */
const SCHEDULES: Readonly<Record<string, readonly (readonly [from: bigint, fraction: bigint])[]>> = {
  // Ethereum
  1: [
    [1_710_338_135n, CANCUN],
    [1_746_612_311n, PRAGUE],
    [1_765_290_071n, BPO1],
    [1_767_747_671n, BPO2],
  ],
  // Holesky
  17000: [
    [1_707_305_664n, CANCUN],
    [1_740_434_112n, PRAGUE],
    [1_759_800_000n, BPO1],
    [1_760_389_824n, BPO2],
  ],
  // Hoodi
  560048: [
    [0n, CANCUN],
    [1_742_999_832n, PRAGUE],
    [1_762_365_720n, BPO1],
    [1_762_955_544n, BPO2],
  ],
}

/** Wei per blob gas. Null before Cancun, and where the schedule is not known and those that are do not agree. */
export function blobGasPrice(
  chainId: bigint,
  { excessBlobGas, timestamp }: Pick<BlockHeader, 'excessBlobGas' | 'timestamp'>,
): bigint | null {
  if (excessBlobGas === undefined) return null
  const known = SCHEDULES[String(chainId)]?.findLast(([from]) => from <= timestamp)
  const fractions = known ? [known[1]] : FRACTIONS
  const prices = fractions.map((fraction) => blobBaseFee(excessBlobGas, { baseFeeUpdateFraction: fraction }))
  const [price = null] = prices
  return prices.every((each) => each === price) ? price : null
}
