/** Ranges as cryo's help has them; the end is not part of a range. */
import { expect, test } from 'vitest'
import { parseBlockRange } from '../../../src/cli/config/blockRange.ts'

test.each([
  ['5000', { from: 5000, to: 5000 }],
  ['15M:16M', { from: 15_000_000, to: 15_999_999 }],
  ['15M:+1000', { from: 15_000_000, to: 15_000_999 }],
  ['-1000:7000', { from: 6000, to: 6999 }],
  ['2000:5000', { from: 2000, to: 4999 }],
  [':700', { to: 699 }],
  ['15.5M:', { from: 15_500_000 }],
  ['15.5M:latest', { from: 15_500_000 }],
  [':', {}],
  ['5_000:5.3K', { from: 5000, to: 5299 }],
  // 15.3 × 10^6 is no whole number in floating point.
  ['15.300001M:15300002', { from: 15_300_001, to: 15_300_001 }],
])('%s', (text, range) => expect(parseBlockRange(text)).toEqual(range))

test.each([
  ['2000:5000:1000', 'every block of its range'],
  ['100:200/5', 'every block of its range'],
  ['5000:5000', 'holds no block'],
  ['7000:5000', 'holds no block'],
  ['-1000:', 'needs an end'],
  ['', 'nothing is no block number'],
  ['0x10', 'is no block number'],
  ['1.5', 'is no block number'],
  ['5B', 'is no block number'],
])('refuses %s', (text, reason) => expect(() => parseBlockRange(text)).toThrow(reason))
