/** Tests of paired differences against tables and other programs' numbers. */
import { describe, expect, test } from 'vitest'
import { createDraw } from '../../../src/research/ordering/draw.ts'
import { holm, signFlipTest, signTest } from '../../../src/research/probe/paired.ts'

const next = () => createDraw(1)('test')

describe('sign test', () => {
  test('is the exact binomial tail, both ways', () => {
    // P(X ≤ 2) of 10 = (1 + 10 + 45) / 1024.
    expect(signTest(8, 2)).toBeCloseTo((2 * 56) / 1024, 12)
    expect(signTest(2, 8)).toBe(signTest(8, 2))
    // The table's 5 % bound for 30 pairs is 9 of one sign: 0.0428; with 10 it is 0.0987.
    expect(signTest(21, 9)).toBeCloseTo(0.0428, 4)
    expect(signTest(20, 10)).toBeCloseTo(0.0987, 4)
    expect(signTest(30, 0)).toBeCloseTo(2 / 2 ** 30, 15)
  })

  test('says nothing where there is nothing, or as much on both sides', () => {
    expect(signTest(0, 0)).toBe(1)
    expect(signTest(5, 5)).toBe(1)
  })

  test('stands a thousand pairs', () => {
    // Normal approximation with continuity correction: z = (540 − 0.5 − 500) / √250 = 2.498, p = 0.0125.
    expect(signTest(540, 460)).toBeCloseTo(0.0125, 3)
  })
})

describe('sign-flip permutation test', () => {
  test('goes through all patterns of few pairs', () => {
    // Sums of ±1 ±2 ±3: 6 4 2 0 0 −2 −4 −6. As far as 6: 2 of 8; as far as 4, which is −1 + 2 + 3: 4 of 8.
    expect(signFlipTest([1, 2, 3], next())).toBe(0.25)
    expect(signFlipTest([-1, 2, 3], next())).toBe(0.5)
    // Darwin's maize, the classical example (Fisher 1935, §21): 1,726 of 32,768 sums are as far.
    const darwin = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    expect(signFlipTest(darwin, next())).toBe(1_726 / 32_768)
  })

  test('pairs without a difference say nothing', () => {
    expect(signFlipTest([], next())).toBe(1)
    expect(signFlipTest([0, 0, 1, 2, 3], next())).toBe(0.25)
  })

  test('draws patterns of many pairs, and comes near the exact share', () => {
    // 20 pairs of ±1, 15 of them positive: the sign test's tail, 2 · 21,700 / 2²⁰ = 0.0414.
    const signs = [...Array<number>(15).fill(1), ...Array<number>(5).fill(-1)]
    expect(signFlipTest(signs, next())).toBeCloseTo(0.0414, 2)
    expect(signFlipTest(signs, next())).toBe(signFlipTest(signs, next()))
    expect(signFlipTest(Array<number>(60).fill(1), next())).toBe(1 / 10_001)
  })
})

test('Holm’s adjustment steps down, in the order given', () => {
  // p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") of R: 0.03 0.06 0.06 0.02.
  const adjusted = holm([0.01, 0.04, 0.03, 0.005])
  for (const [index, p] of [0.03, 0.06, 0.06, 0.02].entries()) expect(adjusted[index]).toBeCloseTo(p, 12)
  expect(holm([])).toEqual([])
  expect(holm([0.9, 0.8])).toEqual([1, 1])
})
