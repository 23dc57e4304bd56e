/** What proof of work paid. Yellow Paper §11.3; EIP-649, EIP-1234. */
import type { BlockHeader } from '../../primitives/header.ts'
import type { Address } from '../../primitives/hex.ts'
import { type EthereumFork, isForkActive } from '../../spec/ethereumSpec.ts'

const ETHER = 10n ** 18n

/** Credits in wei, ommers' first; none from Paris on. */
export function blockRewards(
  fork: EthereumFork,
  block: Pick<BlockHeader, 'number' | 'coinbase'>,
  ommers: readonly Pick<BlockHeader, 'number' | 'coinbase'>[],
): readonly (readonly [recipient: Address, wei: bigint])[] {
  if (isForkActive(fork, 'paris')) return []
  const reward = rewardOf(fork)
  return [
    ...ommers.map(
      ({ number, coinbase }) => [coinbase, (reward * (8n + number - block.number)) / 8n] as const,
    ),
    [block.coinbase, reward + (reward / 32n) * BigInt(ommers.length)],
  ]
}

function rewardOf(fork: EthereumFork): bigint {
  if (isForkActive(fork, 'constantinople')) return 2n * ETHER
  return isForkActive(fork, 'byzantium') ? 3n * ETHER : 5n * ETHER
}
