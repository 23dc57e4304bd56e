/** Numbers as people read them; the exact ones are in the CSV and in report.json. */
import type { Value } from '../dataset/column.ts'

const ETHER = 10n ** 18n
const GWEI = 10n ** 9n

/** What a reader sees for a value of a unit. */
export function formatValue(value: Value, unit: string): string {
  if (value === null) return '–'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return /^0x[0-9a-f]{64}$/.test(value) ? shortHash(value) : value
  switch (unit) {
    case 'wei':
      return formatWei(BigInt(typeof value === 'number' ? Math.round(value) : value))
    case 'share':
      return `${round(100 * Number(value))} %`
    case 'seconds':
      return formatSeconds(Number(value))
    case 'time':
      return new Date(Number(value) * 1000).toISOString().replace('.000Z', 'Z').replace('T', ' ')
    default:
      return typeof value === 'bigint' ? value.toLocaleString('en-US') : round(value)
  }
}

/** Four of them in a row fit a page, and no two are alike. */
function shortHash(hash: string): string {
  return `${hash.slice(0, 10)}…${hash.slice(-8)}`
}

function formatWei(wei: bigint): string {
  const size = wei < 0n ? -wei : wei
  if (size >= ETHER / 1_000_000n) return `${roundTo(4, Number(wei) / Number(ETHER))} ETH`
  if (size >= GWEI / 1000n) return `${round(Number(wei) / Number(GWEI))} gwei`
  return `${wei} wei`
}

function formatSeconds(seconds: number): string {
  if (seconds !== 0 && Math.abs(seconds) < 1) return `${round(1000 * seconds)} ms`
  if (Math.abs(seconds) < 600) return `${round(seconds)} s`
  if (Math.abs(seconds) < 172_800) return `${round(seconds / 3600)} h`
  return `${round(seconds / 86_400)} d`
}

function round(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 3 })
}

function roundTo(significantDigits: number, value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: significantDigits })
}
