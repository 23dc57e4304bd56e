/** Lots that fall the same way for the same seed: splitmix64 over a hash of seed and label. */
import { bytesToBigint } from '../../primitives/bytes.ts'
import { keccak256 } from '../../primitives/keccak.ts'

const MASK = (1n << 64n) - 1n

/** Uniform in [0, 1), one sequence for each label; rules that draw for two things do not disturb each other. */
export function createDraw(seed: number): (label: string) => () => number {
  return (label) => {
    let state = bytesToBigint(keccak256(new TextEncoder().encode(`${seed} ${label}`)).subarray(0, 8))
    return () => {
      state = (state + 0x9e3779b97f4a7c15n) & MASK
      let mixed = state
      mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK
      mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & MASK
      mixed ^= mixed >> 31n
      return Number(mixed >> 11n) / 2 ** 53
    }
  }
}

/** One of the items, by weight; undefined if all weights are 0. */
export function pickWeighted<T>(
  items: readonly T[],
  weightOf: (item: T) => bigint,
  next: () => number,
): T | undefined {
  const total = items.reduce((sum, item) => sum + weightOf(item), 0n)
  if (total === 0n) return undefined
  // 53 bits of the draw over the total: the bias is below 2^-53 of it.
  let at = (BigInt(Math.floor(next() * 2 ** 53)) * total) >> 53n
  for (const item of items) {
    at -= weightOf(item)
    if (at < 0n) return item
  }
  return items.at(-1)
}
