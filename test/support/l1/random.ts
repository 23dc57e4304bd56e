/** Randomness from a seed: the same seed gives the same chain, the same lies and the same faults, on every machine. */
import { keccak256 } from '../../../src/primitives/keccak.ts'

export type Random = {
  /** Uniform in [0, 2^32). */
  uint32(): number
  /** Uniform in [0, bound). */
  below(bound: number): number
  /** Uniform in [0, 1). */
  unit(): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  shuffle<T>(items: readonly T[]): T[]
  bytes(length: number): Uint8Array
  /** An independent stream, the same for the same label; draws nothing from this one. */
  fork(label: string): Random
}

/** xoshiro128** seeded through keccak-256. Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021. */
export function createRandom(seed: number | string): Random {
  const digest = keccak256(new TextEncoder().encode(`plumbline-l1:${seed}`))
  const view = new DataView(digest.buffer, digest.byteOffset, 16)
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => view.getUint32(at)) as [number, number, number, number]

  const uint32 = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotateLeft(d, 11)
    return result
  }
  const below = (bound: number): number => Math.floor((uint32() / 2 ** 32) * bound)
  return {
    uint32,
    below,
    unit: () => uint32() / 2 ** 32,
    chance: (probability) => uint32() / 2 ** 32 < probability,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('nothing to pick from')
      return items[below(items.length)] as (typeof items)[number]
    },
    shuffle: (items) => {
      const out = [...items]
      for (let i = out.length - 1; i > 0; i--) {
        const j = below(i + 1)
        const kept = out[i]!
        out[i] = out[j]!
        out[j] = kept
      }
      return out
    },
    bytes: (length) => {
      const out = new Uint8Array(Math.ceil(length / 4) * 4)
      const words = new DataView(out.buffer)
      for (let at = 0; at < length; at += 4) words.setUint32(at, uint32())
      return out.slice(0, length)
    },
    fork: (label) => createRandom(`${seed}/${label}`),
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
