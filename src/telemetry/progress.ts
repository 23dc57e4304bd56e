/** Reports progress: a bar on a terminal, a line every twelve seconds elsewhere, fields for a machine. */
import { type Options, SingleBar } from 'cli-progress'
import type { Logger } from './log.ts'
import { formatProgress, measureProgress, type Progress, type ProgressSample } from './progressLine.ts'

/** One L1 slot. */
const LINE_INTERVAL_MS = 12_000
const BAR_INTERVAL_MS = 1_000
/** Rates are over the last two minutes: long enough to be calm, short enough to be true. */
const RATE_WINDOW_MS = 120_000

export type ProgressReporter = { stop(): void }

export function createProgress(options: {
  /** Undefined while there is nothing to say yet. */
  readonly read: () => Omit<ProgressSample, 'atMs'> | undefined
  readonly stream: NodeJS.WritableStream
  readonly isTty: boolean
  /** Given when logs are JSON: progress becomes fields of a log line. */
  readonly logger?: Logger
  /** Milliseconds, never running backwards. */
  readonly now?: () => number
}): ProgressReporter {
  const { read, stream, isTty, logger, now = () => performance.now() } = options
  const samples: ProgressSample[] = []
  let bar: SingleBar | undefined
  let lineAtMs = Number.NEGATIVE_INFINITY

  const tick = () => {
    const state = read()
    if (state === undefined) return
    const sample = { ...state, atMs: now() }
    samples.push(sample)
    while ((samples[0]?.atMs ?? sample.atMs) < sample.atMs - RATE_WINDOW_MS) samples.shift()
    const progress = measureProgress(samples[0] ?? sample, sample)
    if (isTty && logger === undefined && !progress.isSynced) {
      bar = showBar(bar, progress, stream)
      return
    }
    bar?.stop()
    bar = undefined
    if (sample.atMs - lineAtMs < LINE_INTERVAL_MS) return
    lineAtMs = sample.atMs
    if (logger !== undefined) logger.info(progress, 'sync progress')
    else stream.write(`${formatProgress(progress)}\n`)
  }

  const timer = setInterval(tick, BAR_INTERVAL_MS)
  timer.unref()
  tick()
  return {
    stop() {
      clearInterval(timer)
      bar?.stop()
    },
  }
}

function showBar(bar: SingleBar | undefined, progress: Progress, stream: NodeJS.WritableStream): SingleBar {
  const total = Math.max(1, progress.l1Head - progress.l1Start)
  const value = Math.max(0, progress.l1Current - progress.l1Start)
  const payload = { line: formatProgress(progress) }
  if (bar === undefined) {
    const options: Options = {
      format: '{bar} {line}',
      barsize: 20,
      hideCursor: true,
      clearOnComplete: true,
      stream,
    }
    const created = new SingleBar(options)
    created.start(total, value, payload)
    return created
  }
  bar.setTotal(total)
  bar.update(value, payload)
  return bar
}
