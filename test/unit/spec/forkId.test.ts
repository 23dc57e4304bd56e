/** The vectors of EIP-2124 for Ethereum's mainnet. */
import { expect, test } from 'vitest'
import { forkIdAt } from '../../../src/spec/forkId.ts'

const GENESIS = '0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3'
const BLOCKS = [1_150_000n, 1_920_000n, 2_463_000n, 2_675_000n, 4_370_000n, 7_280_000n]
const IDS = ['0xfc64ec04', '0x97c2c34c', '0x91d1f948', '0x7a64da13', '0x3edd5b10', '0xa00bc324', '0x668db0af']

test.each(IDS.map((id, count) => [count, id] as const))('after %d forks it is %s', (count, id) => {
  expect(forkIdAt({ genesisHash: GENESIS, blocks: BLOCKS.slice(0, count), timestamps: [] }, 0n)).toBe(id)
})

test('forks at one point count once, those of genesis not at all, and those of later not yet', () => {
  const blocks = [0n, ...BLOCKS.toReversed(), 7_280_000n]
  expect(forkIdAt({ genesisHash: GENESIS, blocks, timestamps: [0n, 1_800_000_000n] }, 1_799_999_999n)).toBe(
    '0x668db0af',
  )
})
