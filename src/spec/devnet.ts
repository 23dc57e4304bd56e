/** Our own chains: one fork from the first block, Unzen unless it is said, with the constants of every chain but mainnet. */
import type { Address, Hash } from '../primitives/hex.ts'
import { anchorAddressOf, bridgeAddressOf } from './address.ts'
import { OTHERS_SHASTA_CONSTANTS } from './constants.ts'
import type { Fork, RollupSpec } from './rollupSpec.ts'

/** Forks that a chain of ours can begin with. */
export const DEVNET_FORKS = ['unzen', 'shasta'] as const
export type DevnetFork = (typeof DEVNET_FORKS)[number]

export function createDevnetSpec(input: {
  readonly l1ChainId: bigint
  readonly l2ChainId: bigint
  readonly inbox: Address
  /** The L1 bridge, where there is one. */
  readonly bridge?: Address
  /** First L1 block that can hold an event of the inbox. */
  readonly startBlock: bigint
  /** Timestamp of the L1's slot 0, in seconds. */
  readonly genesisTime: bigint
  readonly secondsPerSlot: bigint
  readonly genesis: { readonly hash: Hash; readonly stateRoot: Hash }
  /** Default: Unzen. Genesis must be of the same. */
  readonly fork?: DevnetFork
}): RollupSpec {
  return {
    name: 'devnet',
    l1: {
      chainId: input.l1ChainId,
      inbox: input.inbox,
      ...(input.bridge && { bridge: input.bridge }),
      startBlock: input.startBlock,
      genesisTime: input.genesisTime,
      secondsPerSlot: input.secondsPerSlot,
    },
    l2: {
      chainId: input.l2ChainId,
      genesis: input.genesis,
      anchor: anchorAddressOf(input.l2ChainId),
      ...(input.bridge && { bridge: bridgeAddressOf(input.l2ChainId) }),
    },
    forks: forksTo(input.fork ?? 'unzen'),
    shasta: OTHERS_SHASTA_CONSTANTS,
  }
}

/** Unzen is Shasta and more, so it follows it at once. */
function forksTo(fork: DevnetFork): readonly Fork[] {
  const shasta: Fork = { name: 'shasta', activation: { type: 'timestamp', timestamp: 0n } }
  return fork === 'shasta' ? [shasta] : [shasta, { ...shasta, name: 'unzen' }]
}
