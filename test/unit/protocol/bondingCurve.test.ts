/** The older base fee, against plain high-precision arithmetic and the contract's edge cases. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  adjustExcess,
  bondingCurveBaseFee,
  decodeFeeSlot,
  spotPrice,
} from '../../../src/protocol/legacy/baseFee.ts'
import { EXP_INPUT_MAX, expWad, lnWad, WAD } from '../../../src/protocol/legacy/fixedPoint.ts'

const SCALE = 10n ** 60n

/** e^x by its series, x and result in units of 10^-60: halved until small, then squared back. */
function exactExp(x: bigint): bigint {
  const halvings = 10n
  const small = x >> halvings
  let term = SCALE
  let sum = SCALE
  for (let n = 1n; term !== 0n; n++) {
    term = (term * small) / SCALE / n
    sum += term
  }
  for (let i = 0n; i < halvings; i++) sum = (sum * sum) / SCALE
  return sum
}

describe('fixed point', () => {
  test('exp is within a part in 10^17 of the truth over its whole range', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: EXP_INPUT_MAX }), (x) => {
        const exact = exactExp((x * SCALE) / WAD) / (SCALE / WAD)
        const difference = expWad(x) - exact
        expect((difference < 0n ? -difference : difference) <= exact / 10n ** 17n + 2n).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('ln undoes exp', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 130n * WAD }), (x) => {
        const back = lnWad(expWad(x))
        expect(back - x <= 1n && x - back <= 1n).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('known values', () => {
    expect(expWad(0n)).toBe(WAD)
    expect(expWad(WAD)).toBe(2_718_281_828_459_045_235n)
    expect(lnWad(WAD)).toBe(0n)
    expect(lnWad(2_718_281_828_459_045_235n)).toBe(999_999_999_999_999_999n)
    expect(lnWad(WAD / 2n)).toBe(-693_147_180_559_945_310n)
    expect(lnWad(1n)).toBe(-41_446_531_673_892_822_313n)
    expect(expWad(EXP_INPUT_MAX)).toBeGreaterThan(10n ** 76n)
    expect(() => expWad(EXP_INPUT_MAX + 1n)).toThrow(/range/)
    expect(() => lnWad(0n)).toThrow(/not defined/)
  })
})

const config = {
  adjustmentQuotient: 8n,
  sharingPctg: 75,
  gasIssuancePerSecond: 5_000_000n,
  minGasExcess: 0n,
  maxGasIssuancePerBlock: 600_000_000n,
}
const slot = { parentGasExcess: 1_500_000_000n, parentTimestamp: 100n, parentGasTarget: 40_000_000n }
const baseFee = (
  change: { config?: object; slot?: object; timestamp?: bigint; parentGasUsed?: bigint } = {},
) =>
  bondingCurveBaseFee({
    slot: { ...slot, ...change.slot },
    config: { ...config, ...change.config },
    timestamp: change.timestamp ?? 112n,
    parentGasUsed: change.parentGasUsed ?? 0n,
  })

describe('bonding curve', () => {
  test('issues gas with time, and no more than a block may', () => {
    expect(baseFee({ timestamp: 100n })).toBe(spotPrice(40_000_000n, 1_500_000_000n))
    expect(baseFee()).toBe(spotPrice(40_000_000n, 1_440_000_000n))
    expect(baseFee({ timestamp: 100n + 10_000n })).toBe(spotPrice(40_000_000n, 900_000_000n))
    expect(baseFee({ timestamp: 100n + 10_000n, config: { maxGasIssuancePerBlock: 0n } })).toBe(1n)
  })

  test('counts what the parent used, and keeps the floor', () => {
    expect(baseFee({ timestamp: 100n, parentGasUsed: 60_000_000n })).toBe(
      spotPrice(40_000_000n, 1_560_000_000n),
    )
    const config = { minGasExcess: 1_600_000_000n }
    expect(baseFee({ config })).toBe(spotPrice(40_000_000n, 1_600_000_000n))
  })

  test('has at least one wei, and a cap that fits its numbers', () => {
    expect(spotPrice(0n, 5n)).toBe(1n)
    expect(spotPrice(40_000_000n, 0n)).toBe(1n)
    expect(spotPrice(1n, 2n ** 64n - 1n)).toBe(expWad(EXP_INPUT_MAX) / WAD)
  })

  test('a block older than its parent is a bug', () => {
    expect(() => baseFee({ timestamp: 99n })).toThrow(/older than its parent/)
  })
})

describe('when the target changes', () => {
  test('the price stays, as nearly as integers allow', () => {
    for (const newTarget of [20_000_000n, 39_000_000n, 48_000_000n, 80_000_000n]) {
      const before = spotPrice(40_000_000n, 1_500_000_000n)
      const adjusted = adjustExcess({ oldTarget: 40_000_000n, newTarget, excess: 1_500_000_000n })
      const after = spotPrice(adjusted.target, adjusted.excess)
      expect(adjusted.target).toBe(newTarget)
      expect(Math.abs(Number(after - before)) / Number(before)).toBeLessThan(1e-6)
    }
  })

  test('edge cases of the contract', () => {
    expect(adjustExcess({ oldTarget: 0n, newTarget: 7n, excess: 9n })).toEqual({ target: 7n, excess: 9n })
    expect(adjustExcess({ oldTarget: 7n, newTarget: 0n, excess: 9n })).toEqual({ target: 7n, excess: 9n })
    expect(adjustExcess({ oldTarget: 7n, newTarget: 7n, excess: 9n })).toEqual({ target: 7n, excess: 9n })
    expect(adjustExcess({ oldTarget: 2n ** 63n, newTarget: 1n, excess: 9n })).toEqual({
      target: 1n,
      excess: 9n,
    })
    // A much lower target makes the sum negative: no excess is left.
    expect(adjustExcess({ oldTarget: 40_000_000n, newTarget: 1_000_000n, excess: 5n })).toEqual({
      target: 1_000_000n,
      excess: 0n,
    })
    expect(adjustExcess({ oldTarget: 1n, newTarget: 2n ** 40n, excess: 2n ** 63n })).toEqual({
      target: 2n ** 40n,
      excess: 2n ** 64n - 1n,
    })
  })
})

test('the fee slot holds four u64, lowest first', () => {
  const word = 1n | (2n << 64n) | (3n << 128n) | (4n << 192n)
  expect(decodeFeeSlot(word)).toEqual({ parentGasExcess: 1n, parentTimestamp: 3n, parentGasTarget: 4n })
})
