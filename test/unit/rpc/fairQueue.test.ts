import { expect, test } from 'vitest'
import { CallerBusyError } from '../../../src/rpc/caller/errors.ts'
import { createFairQueue } from '../../../src/rpc/caller/fairQueue.ts'

test('serves first who has had least, and of those who came first', () => {
  const queue = createFairQueue<number>(10)
  for (const [client, item] of [
    ['a', 1],
    ['a', 2],
    ['b', 3],
    ['c', 4],
  ] as const)
    queue.push(client, item)
  queue.charge('b', 100)
  const order: (number | undefined)[] = []
  for (let i = 0; i < 5; i++) order.push(queue.shift()?.item)
  expect(order).toEqual([1, 4, 2, 3, undefined])
})

test('forgets what somebody has had', () => {
  let now = 0
  const queue = createFairQueue<string>(10, () => now)
  queue.charge('a', 8_000)
  now = 30_000
  queue.charge('b', 1_000)
  queue.push('b', 'b')
  queue.push('a', 'a')
  expect(queue.shift()).toEqual({ client: 'a', item: 'a' })
})

test('leaves those waiting who may not have a turn now', () => {
  const queue = createFairQueue<string>(10)
  queue.charge('a', 5_000)
  queue.push('a', 'a')
  expect(queue.shift((_, hadMs) => hadMs < 1_000)).toBeUndefined()
  expect(queue.size).toBe(1)
  expect(queue.shift()?.item).toBe('a')
})

test('when full, the longest line gives way, and nobody to its own', () => {
  const queue = createFairQueue<string>(3)
  for (const item of ['a1', 'a2', 'a3']) expect(queue.push('a', item)).toBeUndefined()
  expect(() => queue.push('a', 'a4')).toThrow(CallerBusyError)
  expect(queue.push('b', 'b1')).toBe('a3')
  expect(() => queue.push('b', 'b2')).toThrow(CallerBusyError)
  expect(queue.push('c', 'c1')).toBe('a2')
  expect(() => queue.push('d', 'd1')).toThrow(CallerBusyError)
  expect(queue.size).toBe(3)
})

test('gives up what is over', () => {
  const queue = createFairQueue<number>(10)
  for (const [client, item] of [
    ['a', 1],
    ['a', 2],
    ['b', 3],
  ] as const)
    queue.push(client, item)
  expect(queue.drop((item) => item !== 2)).toEqual([1, 3])
  expect(queue.size).toBe(1)
  expect(queue.shift()).toEqual({ client: 'a', item: 2 })
  expect(queue.shift()).toBeUndefined()
})
