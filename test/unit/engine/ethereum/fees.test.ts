/** Numbers from the EIPs' own texts and from Ethereum mainnet. */
import { describe, expect, test } from 'vitest'
import { nextBaseFee } from '../../../../src/engine/ethereum/baseFee.ts'
import { blobBaseFee, nextExcessBlobGas } from '../../../../src/engine/ethereum/blobFee.ts'
import { blockRewards } from '../../../../src/engine/ethereum/rewards.ts'

const CANCUN = { timestamp: 0n, target: 3, max: 6, baseFeeUpdateFraction: 3_338_477n }
const OSAKA = { timestamp: 0n, target: 6, max: 9, baseFeeUpdateFraction: 5_007_716n }
const BLOB = 131_072n
const GWEI = 10n ** 9n

describe('the base fee', () => {
  test.each([
    // Table of EIP-1559's reference tests (go-ethereum, consensus/misc/eip1559): fee, limit, used, next.
    [GWEI, 20_000_000n, 10_000_000n, GWEI],
    [GWEI, 20_000_000n, 9_000_000n, 987_500_000n],
    [GWEI, 20_000_000n, 11_000_000n, 1_012_500_000n],
  ])('of %d with a limit of %d and %d used becomes %d', (baseFeePerGas, gasLimit, gasUsed, next) => {
    expect(nextBaseFee({ baseFeePerGas, gasLimit, gasUsed })).toBe(next)
  })

  test('begins with one gwei and rises by at least one wei', () => {
    expect(nextBaseFee({ gasLimit: 30_000_000n, gasUsed: 1n })).toBe(GWEI)
    expect(nextBaseFee({ baseFeePerGas: 7n, gasLimit: 20_000_000n, gasUsed: 10_000_001n })).toBe(8n)
    expect(nextBaseFee({ baseFeePerGas: 0n, gasLimit: 20_000_000n, gasUsed: 0n })).toBe(0n)
  })
})

describe('the price of blobs', () => {
  test.each([
    // EIP-4844's fake_exponential with Cancun's fraction (go-ethereum, consensus/misc/eip4844).
    [0n, 1n],
    [2_314_057n, 1n],
    [2_314_058n, 2n],
    [10n * 1024n * 1024n, 23n],
  ])('at an excess of %d is %d wei', (excess, fee) => {
    expect(blobBaseFee(excess, CANCUN)).toBe(fee)
  })

  test.each([
    // Excess of the parent, its blobs, the excess after it.
    [0n, 0n, 0n],
    [0n, 3n, 0n],
    [0n, 4n, BLOB],
    [BLOB, 3n, BLOB],
    [BLOB, 2n, 0n],
    [3n * BLOB, 1n, BLOB],
  ])('has an excess that follows the target: %d and %d blobs give %d', (excessBlobGas, blobs, after) => {
    expect(nextExcessBlobGas({ excessBlobGas, blobGasUsed: blobs * BLOB }, CANCUN, false)).toBe(after)
  })

  test('rises below the target while blobs are cheaper than their execution (EIP-7918)', () => {
    const parent = { excessBlobGas: 6n * BLOB, blobGasUsed: 3n * BLOB, baseFeePerGas: GWEI }
    expect(nextExcessBlobGas(parent, OSAKA, true)).toBe(6n * BLOB + BLOB)
    expect(nextExcessBlobGas(parent, OSAKA, false)).toBe(3n * BLOB)
    // 2^13 · base fee has to pass 2^17 · blob fee: with blobs at one wei that begins above 16 wei.
    expect(nextExcessBlobGas({ ...parent, baseFeePerGas: 16n }, OSAKA, true)).toBe(3n * BLOB)
    expect(nextExcessBlobGas({ ...parent, baseFeePerGas: 17n }, OSAKA, true)).toBe(7n * BLOB)
  })
})

describe('rewards of proof of work', () => {
  const coinbase = `0x${'01'.repeat(20)}` as const
  const uncle = `0x${'02'.repeat(20)}` as const
  const ETHER = 10n ** 18n

  test.each([
    ['frontier', 5n],
    ['byzantium', 3n],
    ['constantinople', 2n],
    ['london', 2n],
  ] as const)(
    '%s pays %d ether, an eighth less for each block an uncle is late, and a 32nd for naming it',
    (fork, ether) => {
      const reward = ether * ETHER
      const paid = blockRewards(fork, { number: 10n, coinbase }, [{ number: 9n, coinbase: uncle }])
      expect(paid).toEqual([
        [uncle, (reward * 7n) / 8n],
        [coinbase, reward + reward / 32n],
      ])
    },
  )

  test('end with the merge', () => {
    expect(blockRewards('paris', { number: 10n, coinbase }, [])).toEqual([])
  })
})
