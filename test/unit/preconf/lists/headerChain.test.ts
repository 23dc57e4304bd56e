import { expect, test } from 'vitest'
import {
  ANCESTORS_MAX,
  type HeaderRange,
  planHeaders,
  REACH,
} from '../../../../src/preconf/lists/headerChain.ts'

/** L2Headers.sol, MAX_HEADERS; and what of them a transaction of 128 KiB has room for, at 680 bytes of calldata each. */
const CALL_MAX = Math.min(256, Math.floor((128 * 1024) / 680))
const countOf = ({ from, to }: HeaderRange) => Number(from - to + 1n)

test('every distance is bridged by calls that follow one another, and the evidence has two headers at least', () => {
  const last = 1000n
  for (let distance = 1n; distance <= REACH; distance++) {
    const plan = planHeaders(last + distance, last)!
    const { ancestors, own } = plan
    let next = last + distance
    for (const range of ancestors) {
      expect(range.from).toBe(next)
      next = range.to - 1n
    }
    expect([own.from, own.to]).toEqual([next, last])
    expect(countOf(own)).toBeGreaterThanOrEqual(2)
    for (const range of [...ancestors, own]) {
      expect(countOf(range)).toBeGreaterThan(0)
      expect(countOf(range)).toBeLessThanOrEqual(CALL_MAX)
    }
    expect(ancestors.length).toBeLessThanOrEqual(ANCESTORS_MAX)
  }
})

test('none from below, from the block itself, and from too far above', () => {
  for (const distance of [-1n, 0n, REACH + 1n]) expect(planHeaders(1000n + distance, 1000n)).toBeUndefined()
})
