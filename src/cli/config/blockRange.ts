/**
 * Ranges of blocks as cryo's users write them: `15M:16M`, `15M:+1000`, `-1000:7000`, `15.5M:`, `:700`, `5000`; the end is not part of it.
 * https://github.com/paradigmxyz/cryo (`cryo help syntax`). Every n-th value, and lists, have no meaning here: a dataset has no gaps.
 */
import { ConfigError } from './resolve.ts'

/** First and last block; absent where the range is open there. */
export type BlockRange = { readonly from?: number; readonly to?: number }

const SCALES: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, B: 1e9 }
const NUMBER = /^(\d[\d_]*)(?:\.(\d+))?([KMB]?)$/i
const BLOCK_MAX = 0xffff_ffff

/** Throws ConfigError. */
export function parseBlockRange(text: string): BlockRange {
  const parts = text.trim().split(':')
  const [start = '', end = ''] = parts
  if (text.includes('/') || parts.length > 2)
    throw new ConfigError(`--blocks ${text}: a dataset has every block of its range; give START:END`)
  if (parts.length === 1) {
    const only = parseNumber(start, text)
    return { from: only, to: only }
  }
  const from = start === '' ? undefined : start.startsWith('-') ? undefined : parseNumber(start, text)
  const until = untilOf(end, from, text)
  if (start.startsWith('-')) {
    if (until === undefined) throw new ConfigError(`--blocks ${text}: -N needs an end to count back from`)
    const first = until - parseNumber(start.slice(1), text)
    return checked({ from: Math.max(first, 0), to: until - 1 }, text)
  }
  return checked({ ...(from !== undefined && { from }), ...(until !== undefined && { to: until - 1 }) }, text)
}

/** The block after the last. */
function untilOf(end: string, from: number | undefined, text: string): number | undefined {
  if (end === '' || end === 'latest') return undefined
  if (!end.startsWith('+')) return parseNumber(end, text)
  return (from ?? 0) + parseNumber(end.slice(1), text)
}

function parseNumber(part: string, text: string): number {
  const [, whole = '', fraction = '', scale = ''] = NUMBER.exec(part.trim()) ?? []
  const factor = SCALES[scale.toUpperCase()] ?? 1
  // In digits: 15.3M in floating point is not a whole number.
  const digits = String(factor).length - 1
  const number = Number(whole.replaceAll('_', '') + fraction.padEnd(digits, '0'))
  if (whole === '' || fraction.length > digits || number > BLOCK_MAX)
    throw new ConfigError(
      `--blocks ${text}: ${part || 'nothing'} is no block number (5000, 5_000, 5K, 15.5M)`,
    )
  return number
}

function checked(range: BlockRange, text: string): BlockRange {
  const { from = 0, to = BLOCK_MAX } = range
  if (to < from) throw new ConfigError(`--blocks ${text} holds no block; the end is not part of it`)
  return range
}
