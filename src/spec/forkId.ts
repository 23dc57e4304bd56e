/** A chain's history of forks in four bytes: CRC-32 over the genesis hash and the points where rules changed. EIP-2124, EIP-6122. */
import { crc32 } from 'node:zlib'
import { bigintToFixedBytes } from '../primitives/bytes.ts'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'

export type ForkPoints = {
  readonly genesisHash: Hash
  /** Block numbers. All of them count: who asks is past them. */
  readonly blocks: readonly bigint[]
  /** Seconds. */
  readonly timestamps: readonly bigint[]
}

/** Of the fork that is active at `timestamp`. */
export function forkIdAt({ genesisHash, blocks, timestamps }: ForkPoints, timestamp: bigint): Hex {
  const passed = [...inOrder(blocks), ...inOrder(timestamps.filter((time) => time <= timestamp))]
  let checksum = crc32(hexToBytes(genesisHash))
  for (const point of passed) checksum = crc32(bigintToFixedBytes(point, 8), checksum)
  return bytesToHex(bigintToFixedBytes(BigInt(checksum), 4))
}

/** Forks at the same point are one, and those of genesis none. */
function inOrder(points: readonly bigint[]): readonly bigint[] {
  return [...new Set(points)].filter((point) => point > 0n).sort((a, b) => (a < b ? -1 : 1))
}
