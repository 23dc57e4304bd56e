/** Plain Ethereum as data: which fork's rules a block is under. Read from a genesis file in geth's format (parseEthereumSpec.ts). */
import type { Address } from '../primitives/hex.ts'

/** Execution forks that changed rules, oldest first; those that moved only the difficulty bomb are left out. */
export const ETHEREUM_FORKS = [
  'frontier',
  'homestead',
  'tangerineWhistle',
  'spuriousDragon',
  'byzantium',
  'constantinople',
  'petersburg',
  'istanbul',
  'berlin',
  'london',
  'paris',
  'shanghai',
  'cancun',
  'prague',
  'osaka',
] as const
export type EthereumFork = (typeof ETHEREUM_FORKS)[number]

/** Frontier to Paris begin at a block, the later ones at a timestamp in seconds. */
export type EthereumActivation = {
  readonly fork: EthereumFork
  readonly at: { readonly type: 'block' | 'timestamp'; readonly value: bigint }
}

/** Blobs of a block. EIP-4844, EIP-7840, EIP-7892. */
export type BlobParameters = {
  /** Seconds. */
  readonly timestamp: bigint
  readonly target: number
  readonly max: number
  readonly baseFeeUpdateFraction: bigint
}

export type EthereumSpec = {
  readonly name: string
  readonly chainId: bigint
  /** In order of activation. */
  readonly forks: readonly EthereumActivation[]
  /** Blocks of forks that changed no rules of ours, such as the bomb's delays: they count in fork ids (forkId.ts). */
  readonly otherForkBlocks: readonly bigint[]
  /** In order of time; a fork without parameters of its own has the ones before. */
  readonly blobSchedule: readonly BlobParameters[]
  /** Its logs are deposit requests. EIP-6110. */
  readonly depositContract: Address
}

/** The fork a block is under. */
export function ethereumForkAt(
  spec: EthereumSpec,
  block: { readonly number: bigint; readonly timestamp: bigint },
): EthereumFork {
  const isActive = ({ at }: EthereumActivation) =>
    at.type === 'block' ? block.number >= at.value : block.timestamp >= at.value
  return spec.forks.findLast(isActive)?.fork ?? 'frontier'
}

/** Whether a fork's rules hold in blocks under `active`. */
export function isForkActive(active: EthereumFork, fork: EthereumFork): boolean {
  return ETHEREUM_FORKS.indexOf(active) >= ETHEREUM_FORKS.indexOf(fork)
}

/** Undefined before the first blobs. */
export function blobParametersAt(spec: EthereumSpec, timestamp: bigint): BlobParameters | undefined {
  return spec.blobSchedule.findLast((parameters) => parameters.timestamp <= timestamp)
}
