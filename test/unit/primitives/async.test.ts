import { describe, expect, test } from 'vitest'
import { prefetch, retryTemporary, sleep } from '../../../src/primitives/async.ts'
import { CriticalError, LyingProviderError, TemporaryError } from '../../../src/primitives/errors.ts'

async function* count(to: number, closed: { value: boolean }, failAt?: number) {
  try {
    for (let i = 0; i < to; i++) {
      if (i === failAt) throw new TemporaryError('not yet')
      yield i
    }
  } finally {
    closed.value = true
  }
}

describe('prefetch', () => {
  test.each([1, 3, 50])('keeps the order, %i ahead', async (depth) => {
    const seen: number[] = []
    const closed = { value: false }
    for await (const item of prefetch(count(20, closed), depth)) seen.push(item)
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(closed.value).toBe(true)
  })

  test('throws an error where its item would have come', async () => {
    const seen: number[] = []
    const run = async () => {
      for await (const item of prefetch(count(20, { value: false }, 5), 3)) seen.push(item)
    }
    await expect(run()).rejects.toThrow('not yet')
    expect(seen).toEqual([0, 1, 2, 3, 4])
  })

  test('closes the source when the consumer stops', async () => {
    const closed = { value: false }
    for await (const item of prefetch(count(20, closed), 3)) if (item === 2) break
    expect(closed.value).toBe(true)
  })
})

describe('sleep', () => {
  test('ends by its signal, also by one aborted before', async () => {
    const controller = new AbortController()
    const slept = sleep(60_000, controller.signal)
    controller.abort(new Error('stopped'))
    await expect(slept).rejects.toThrow('stopped')
    await expect(sleep(60_000, controller.signal)).rejects.toThrow('stopped')
    await expect(sleep(0)).resolves.toBeUndefined()
  })
})

describe('retryTemporary', () => {
  const failing = (times: number, error: Error) => {
    let calls = 0
    const attempt = async () => {
      calls++
      if (calls <= times) throw error
      return calls
    }
    return { attempt, calls: () => calls }
  }

  test('retries temporary errors until it works', async () => {
    const retries: number[] = []
    const { attempt } = failing(3, new LyingProviderError({ provider: 'a', what: 'a wrong block' }))
    const options = {
      delayMs: 1,
      delayMaxMs: 2,
      onRetry: (_: TemporaryError, n: number) => void retries.push(n),
    }
    await expect(retryTemporary(attempt, options)).resolves.toBe(4)
    expect(retries).toEqual([1, 2, 3])
  })

  test('nothing else is retried', async () => {
    const { attempt, calls } = failing(1, new CriticalError('stop'))
    await expect(retryTemporary(attempt, { delayMs: 1, delayMaxMs: 2 })).rejects.toThrow('stop')
    expect(calls()).toBe(1)
  })

  test('a signal ends the waiting', async () => {
    const controller = new AbortController()
    const { attempt } = failing(99, new TemporaryError('not yet'))
    const options = {
      delayMs: 60_000,
      delayMaxMs: 60_000,
      signal: controller.signal,
      onRetry: () => controller.abort(new Error('stopped')),
    }
    await expect(retryTemporary(attempt, options)).rejects.toThrow('stopped')
  })
})
