/** What a list is made of. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseListed } from '../../../../src/preconf/lists/chooseListed.ts'
import { encodeRlp } from '../../../../src/primitives/rlp.ts'
import { decodeListed, encodeListed, LISTED_BYTES_MAX } from '../../../../src/promise/inclusionList.ts'
import { orderByPriceAndNonce } from '../../../../src/propose/pool/byPrice.ts'
import type { PooledTransaction } from '../../../../src/propose/pool/transaction.ts'

/** Bytes that no two share; the content does not matter to the choice. */
function pooled(sender: number, nonce: number, tip: number, arrival: number, size = 110): PooledTransaction {
  const raw = new Uint8Array(size).fill(1)
  raw[0] = 2
  new DataView(raw.buffer).setUint32(1, arrival)
  return {
    raw,
    hash: `0x${arrival.toString(16).padStart(64, '0')}`,
    sender: `0x${sender.toString(16).padStart(40, '0')}`,
    nonce: BigInt(nonce),
    gas: 21_000n,
    maxFeePerGas: 1_000n + BigInt(tip),
    maxPriorityFeePerGas: BigInt(tip),
    cost: 1n,
    arrival,
  }
}

function byPrice(transactions: readonly PooledTransaction[]): readonly PooledTransaction[] {
  const senders = [...new Set(transactions.map(({ sender }) => sender))]
  const ordered = senders.map((sender) =>
    transactions.filter((each) => each.sender === sender).sort((a, b) => Number(a.nonce - b.nonce)),
  )
  return [...orderByPriceAndNonce(ordered, 1_000n)]
}

const choose = (transactions: readonly PooledTransaction[]) => chooseListed(byPrice(transactions))
const sizeOf = (chosen: readonly PooledTransaction[]) => encodeRlp(chosen.map(({ raw }) => raw)).length

test('takes all there is when it fits, best paying first', () => {
  const pool = [pooled(1, 0, 5, 0), pooled(2, 0, 9, 1), pooled(3, 0, 7, 2)]
  expect(choose(pool)).toEqual([pool[1], pool[2], pool[0]])
  expect(choose([])).toEqual([])
})

test('neither many that pay well nor many that are old push out the others', () => {
  const rich = Array.from({ length: 100 }, (_, i) => pooled(1_000 + i, 0, 900, 200 + i))
  const old = Array.from({ length: 100 }, (_, i) => pooled(2_000 + i, 0, 1, i))
  const chosen = choose([...rich, ...old])
  // 37 times 111 bytes are half a list, with its prefix.
  expect(chosen.filter((each) => rich.includes(each))).toHaveLength(36)
  expect(chosen.filter((each) => old.includes(each))).toEqual(old.slice(0, 37))
})

test('a large transaction leaves room to smaller ones, but not to those behind it of its sender', () => {
  const large = pooled(1, 0, 100, 0, 9_000)
  const behind = pooled(1, 1, 100, 1)
  const small = pooled(2, 0, 1, 2)
  expect(choose([large, behind, small])).toEqual([small])
})

test('an old transaction waits for the younger one before it', () => {
  const first = pooled(1, 0, 1, 50)
  const second = pooled(1, 1, 1, 0)
  const filler = Array.from({ length: 36 }, (_, i) => pooled(10 + i, 0, 900, 100 + i))
  const other = pooled(2, 0, 1, 20)
  const chosen = choose([first, second, other, ...filler])
  expect(chosen.slice(36)).toEqual([other, first, second])
})

const pools = fc
  .array(
    fc.record({
      sender: fc.integer({ min: 1, max: 12 }),
      tip: fc.integer({ min: 0, max: 50 }),
      size: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 60, max: 400 }) },
        { weight: 1, arbitrary: fc.integer({ min: 3_000, max: 9_000 }) },
      ),
    }),
    { maxLength: 120 },
  )
  .map((items) => {
    const nonces = new Map<number, number>()
    return items.map(({ sender, tip, size }, arrival) => {
      const nonce = nonces.get(sender) ?? 0
      nonces.set(sender, nonce + 1)
      return pooled(sender, nonce, tip, arrival, size)
    })
  })

describe('of any pool', () => {
  test('the list is within its bounds, decodes to what was chosen, and has no gap in any sender', () => {
    fc.assert(
      fc.property(pools, (pool) => {
        const chosen = choose(pool)
        const raws = chosen.map(({ raw }) => raw)
        expect(sizeOf(chosen)).toBeLessThanOrEqual(LISTED_BYTES_MAX)
        expect(decodeListed(encodeListed(raws))).toEqual({ type: 'decoded', value: raws })
        const next = new Map<string, bigint>()
        for (const { sender, nonce } of chosen) {
          expect(nonce).toBe(next.get(sender) ?? 0n)
          next.set(sender, nonce + 1n)
        }
      }),
    )
  })

  test('the order in which the pool holds its senders does not matter', () => {
    fc.assert(
      fc.property(pools, fc.infiniteStream(fc.nat()), (pool, stream) => {
        const keys = stream[Symbol.iterator]()
        const shuffled = pool
          .map((each) => ({ each, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ each }) => each)
        expect(choose(shuffled)).toEqual(choose(pool))
      }),
    )
  })

  test('nothing that would still fit is left out without a reason', () => {
    fc.assert(
      fc.property(pools, (pool) => {
        const chosen = choose(pool)
        const left = pool.filter((each) => !chosen.includes(each))
        for (const each of left) {
          const isNext = chosen.filter(({ sender }) => sender === each.sender).length === Number(each.nonce)
          if (isNext) expect(sizeOf([...chosen, each])).toBeGreaterThan(LISTED_BYTES_MAX - 3)
        }
      }),
    )
  })
})
