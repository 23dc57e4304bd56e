/**
 * Blobs a block of L1 may have, aims for, and what one cost, from its header and the schedule of its chain. EIP-4844, EIP-7691, EIP-7892.
 * EIP-7918 changes how the excess grows, not what a given excess costs.
 * https://github.com/ethereum/go-ethereum/blob/master/params/config.go (fork times and parameters)
 */
import { blobBaseFee } from '../../engine/ethereum/blobFee.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import type { BlobParameters } from '../../spec/ethereumSpec.ts'

type Parameters = Omit<BlobParameters, 'timestamp'>

const CANCUN: Parameters = { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477n }
const PRAGUE: Parameters = { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716n }
const BPO1: Parameters = { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193n }
const BPO2: Parameters = { target: 14, max: 21, baseFeeUpdateFraction: 11_684_671n }
const ALL = [CANCUN, PRAGUE, BPO1, BPO2]

/** By chain id, with the timestamps from which they hold. */
const SCHEDULES: Readonly<Record<string, readonly (readonly [from: bigint, parameters: Parameters])[]>> = {
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
  // Sepolia
  11155111: [
    [1_706_655_072n, CANCUN],
    [1_741_159_776n, PRAGUE],
    [1_761_017_184n, BPO1],
    [1_761_607_008n, BPO2],
  ],
}

type HeaderFields = Pick<BlockHeader, 'excessBlobGas' | 'timestamp'>

/** Undefined before Cancun, and for a chain whose schedule is not known. */
export function blobParametersAt(
  chainId: bigint,
  { excessBlobGas, timestamp }: HeaderFields,
): Parameters | undefined {
  if (excessBlobGas === undefined) return undefined
  return SCHEDULES[String(chainId)]?.findLast(([from]) => from <= timestamp)?.[1]
}

/** Wei per blob gas. Null before Cancun, and where the schedule is not known and those that are do not agree. */
export function blobGasPrice(chainId: bigint, header: HeaderFields): bigint | null {
  const { excessBlobGas } = header
  if (excessBlobGas === undefined) return null
  const known = blobParametersAt(chainId, header)
  const [price = null, ...others] = (known ? [known] : ALL).map((each) => blobBaseFee(excessBlobGas, each))
  return others.every((each) => each === price) ? price : null
}
