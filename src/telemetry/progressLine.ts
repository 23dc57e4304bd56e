/** How far derivation has come, in one line a person can read. Pure: the clock is the caller's. */

export type ProgressSample = {
  /** Milliseconds. */
  readonly atMs: number
  readonly isSynced: boolean
  /** First L1 block of this run, the one derived last, and the one to reach. */
  readonly l1Start: number
  readonly l1Current: number
  readonly l1Head: number
  readonly l2Unsafe: number
  readonly l2Safe: number
  readonly l2Finalized: number
  /** Blobs verified since the start. */
  readonly blobs: number
}

/** The same keys in the JSON form. */
export type Progress = Omit<ProgressSample, 'atMs'> & {
  readonly percent: number
  readonly l1BlocksPerSecond: number
  readonly blobsPerSecond: number
  /** Absent while the rate says nothing. */
  readonly etaSeconds?: number
}

/** Rates over the time from `earlier` to `now`; zero when no time has passed. */
export function measureProgress(earlier: ProgressSample, now: ProgressSample): Progress {
  const { atMs, ...rest } = now
  const seconds = (atMs - earlier.atMs) / 1000
  const rate = (before: number, after: number) => (seconds > 0 ? Math.max(0, (after - before) / seconds) : 0)
  const l1BlocksPerSecond = rate(earlier.l1Current, now.l1Current)
  const left = Math.max(0, now.l1Head - now.l1Current)
  const whole = now.l1Head - now.l1Start
  const percent = whole <= 0 ? 100 : Math.min(100, (100 * (now.l1Current - now.l1Start)) / whole)
  return {
    ...rest,
    percent,
    l1BlocksPerSecond,
    blobsPerSecond: rate(earlier.blobs, now.blobs),
    ...(l1BlocksPerSecond > 0 && { etaSeconds: left / l1BlocksPerSecond }),
  }
}

export function formatProgress(progress: Progress): string {
  const { l2Unsafe, l2Safe, l2Finalized } = progress
  if (progress.isSynced)
    return `Synced · L1 ${count(progress.l1Current)} · L2 unsafe/safe/final ${count(l2Unsafe)}/${count(l2Safe)}/${count(l2Finalized)}`
  const eta = progress.etaSeconds === undefined ? 'unknown' : formatDuration(progress.etaSeconds)
  return [
    // Rounded down: 100 % is for what is done.
    `Syncing ${(Math.floor(progress.percent * 10) / 10).toFixed(1)}%`,
    `L1 ${count(progress.l1Current)}/${count(progress.l1Head)} (${formatRate(progress.l1BlocksPerSecond)} blk/s)`,
    `L2 ${count(l2Unsafe)} unsafe`,
    `blob ${formatRate(progress.blobsPerSecond)}/s`,
    `ETA ${eta}`,
  ].join(' · ')
}

/** `42s`, `3m07s`, `1h12m`, `2d04h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds)
  const two = (value: number) => Math.floor(value).toString().padStart(2, '0')
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${two((whole % 3600) / 60)}m`
  return `${Math.floor(whole / 86_400)}d${two((whole % 86_400) / 3600)}h`
}

function formatRate(perSecond: number): string {
  return perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond).toString()
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
