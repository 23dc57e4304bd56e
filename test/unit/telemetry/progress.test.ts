import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createProgress } from '../../../src/telemetry/progress.ts'
import {
  formatDuration,
  formatProgress,
  measureProgress,
  type ProgressSample,
} from '../../../src/telemetry/progressLine.ts'

const SAMPLE: ProgressSample = {
  atMs: 0,
  isSynced: false,
  l1Start: 20_000_000,
  l1Current: 20_500_000,
  l1Head: 21_000_000,
  l2Unsafe: 1_234_567,
  l2Safe: 1_234_560,
  l2Finalized: 1_234_000,
  blobs: 100,
}

describe('the line', () => {
  test('tells share, both heights, rates and the time left', () => {
    const later = { ...SAMPLE, atMs: 10_000, l1Current: 20_504_120, blobs: 280 }
    expect(formatProgress(measureProgress(SAMPLE, later))).toBe(
      'Syncing 50.4% · L1 20,504,120/21,000,000 (412 blk/s) · L2 1,234,567 unsafe · blob 18/s · ETA 20m04s',
    )
  })

  test('promises nothing before there is a rate', () => {
    expect(formatProgress(measureProgress(SAMPLE, SAMPLE))).toContain(
      '(0 blk/s) · L2 1,234,567 unsafe · blob 0/s · ETA unknown',
    )
  })

  test('reaches 100 % only at the end, and never less than 0 after a reorg', () => {
    const almost = { ...SAMPLE, atMs: 1, l1Current: 20_999_999 }
    expect(formatProgress(measureProgress(SAMPLE, almost))).toContain('Syncing 99.9%')
    const back = measureProgress(almost, { ...SAMPLE, atMs: 2 })
    expect([back.l1BlocksPerSecond, back.etaSeconds]).toEqual([0, undefined])
    expect(measureProgress(SAMPLE, { ...SAMPLE, l1Head: 20_000_000 }).percent).toBe(100)
  })

  test('when synced shows the clocks', () => {
    expect(formatProgress(measureProgress(SAMPLE, { ...SAMPLE, isSynced: true }))).toBe(
      'Synced · L1 20,500,000 · L2 unsafe/safe/final 1,234,567/1,234,560/1,234,000',
    )
  })

  test.each([
    [0.2, '1s'],
    [59, '59s'],
    [187, '3m07s'],
    [3599.5, '1h00m'],
    [4320, '1h12m'],
    [187_200, '2d04h'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
  })
})

describe('the reporter', () => {
  let written: string
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk)
      done()
    },
  })
  beforeEach(() => {
    written = ''
    vi.useFakeTimers({ now: 0 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const now = () => Date.now()
  /** Ten L1 blocks a second. */
  const readNow = () => ({ ...SAMPLE, l1Current: SAMPLE.l1Current + Math.round(now() / 100) })

  test('writes a line every twelve seconds where there is no terminal', () => {
    const progress = createProgress({ read: readNow, now, stream, isTty: false })
    vi.advanceTimersByTime(36_500)
    progress.stop()
    const lines = written.trim().split('\n')
    expect(lines.length).toBe(4)
    expect(lines[3]).toMatch(/^Syncing 50\.0% .*\(10 blk\/s\).*ETA 13h5\dm$/)
  })

  test('gives a machine the same as fields', () => {
    const info = vi.fn()
    const logger = { info, error() {}, warn() {}, debug() {} }
    const progress = createProgress({ read: readNow, now, stream, isTty: true, logger })
    vi.advanceTimersByTime(12_500)
    progress.stop()
    expect(info).toHaveBeenCalledTimes(2)
    expect(info).toHaveBeenLastCalledWith(
      expect.objectContaining({ l1Head: 21_000_000, percent: expect.any(Number) }),
      'sync progress',
    )
    expect(written).toBe('')
  })

  test('says nothing while there is nothing to say, and stops when told', () => {
    const progress = createProgress({ read: () => undefined, now, stream, isTty: false })
    vi.advanceTimersByTime(60_000)
    progress.stop()
    const other = createProgress({ read: readNow, now, stream, isTty: false })
    other.stop()
    vi.advanceTimersByTime(60_000)
    expect(written.trim().split('\n').length).toBe(1)
  })
})
