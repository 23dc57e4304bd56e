/** Times and names as people read them. Everything is in UTC: a server does not know where its reader is. */
import type { SourceState } from '../../preconf/follow/sources.ts'
import type { ListVerdict } from '../../preconf/lists/verdict.ts'
import type { BreakReason, Outcome } from '../../preconf/promises/promise.ts'
import type { ClockData, ClockName, SlotOutcome, Turn } from './data.ts'

const UNITS = [
  { name: 'd', seconds: 86_400 },
  { name: 'h', seconds: 3600 },
  { name: 'min', seconds: 60 },
  { name: 's', seconds: 1 },
] as const

/** Keeps what belongs together on one line. */
const NO_BREAK = '\u00a0'
const WORD_JOINER = '\u2060'

/** `12 s`, `3 min 20 s`, `2 h 5 min`: two units at most, rounded down. */
export function formatDuration(seconds: number): string {
  const whole = Math.floor(Math.abs(seconds))
  const first = UNITS.findIndex((unit) => whole >= unit.seconds)
  const large = UNITS[first]
  if (large === undefined) return `0${NO_BREAK}s`
  const parts = [Math.floor(whole / large.seconds), large.name]
  const small = UNITS[first + 1]
  const rest = small === undefined ? 0 : Math.floor((whole % large.seconds) / small.seconds)
  if (small !== undefined && rest > 0) parts.push(rest, small.name)
  return parts.join(NO_BREAK)
}

/** `12 s ago`, `in 3 min`. */
export function formatAge(timestamp: number, nowSeconds: number): string {
  const age = Math.floor(nowSeconds) - timestamp
  return age < 0 ? `in${NO_BREAK}${formatDuration(age)}` : `${formatDuration(age)}${NO_BREAK}ago`
}

/** `14:03:20` today, `2026-11-21 14:03:20` on another day. */
export function formatTime(timestamp: number, nowSeconds: number): string {
  const [date, time] = isoParts(timestamp)
  return date === isoParts(nowSeconds)[0] ? time : `${date} ${time}`
}

function isoParts(timestamp: number): readonly [date: string, time: string] {
  const iso = new Date(Math.floor(timestamp) * 1000).toISOString()
  return [iso.slice(0, 10), iso.slice(11, 19)]
}

/** Digits in threes, with thin spaces that do not break. */
export function formatNumber(value: number | string): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f')
}

/** `0x1234…abcd`. */
export function shortHex(hex: string): string {
  return hex.length <= 12 ? hex : `${hex.slice(0, 6)}${WORD_JOINER}…${WORD_JOINER}${hex.slice(-4)}`
}

export function capitalise(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

export const CLOCK_TITLES: Readonly<Record<ClockName, string>> = {
  latest: 'Latest',
  safe: 'Safe',
  finalized: 'Finalized',
  executable: 'Executable',
  l1Head: 'L1 head',
  l1Derived: 'L1 derived',
}

export function describeClock({ name, number, behind }: ClockData, clocks: readonly ClockData[]): string {
  if (number === null) return 'Not known yet.'
  const unsafe = clocks.find((clock) => clock.name === 'safe')?.behind ?? 0
  switch (name) {
    case 'latest':
      return unsafe === 0
        ? 'Derived from L1; nothing is preconfirmed past it.'
        : `Preconfirmed: ${blocks(unsafe)} that L1 has not brought yet.`
    case 'safe':
      return `Derived from L1${behindWords(behind, 'latest')}.`
    case 'finalized':
      return `From an L1 block that is final${behindWords(behind, 'latest')}.`
    case 'executable':
      return `Proven on L1: withdrawals up to it work${behindWords(behind, 'latest')}.`
    case 'l1Head':
      return 'The newest block of L1 that this node knows.'
    case 'l1Derived':
      return behind === 0
        ? 'Everything up to the head of L1 is derived.'
        : `Everything up to here is derived${behindWords(behind, 'the head')}.`
  }
}

const blocks = (count: number): string => (count === 1 ? '1 block' : `${formatNumber(count)} blocks`)

function behindWords(behind: number | null, what: string): string {
  return behind === null || behind === 0 ? '' : `, ${blocks(behind)} behind ${what}`
}

/** An icon as well as a word: no outcome is told by its colour alone. */
export const SLOT_OUTCOMES: Readonly<Record<SlotOutcome, { readonly icon: string; readonly word: string }>> =
  {
    landed: { icon: '✓', word: 'landed' },
    fallback: { icon: '↩', word: 'landed, by the fallback' },
    empty: { icon: '–', word: 'empty' },
    missed: { icon: '✕', word: 'missed: no L1 block' },
    next: { icon: '▸', word: 'next' },
    upcoming: { icon: '·', word: 'upcoming' },
    unknown: { icon: '?', word: 'not known yet' },
  }

export const PROMISE_OUTCOMES: Readonly<Record<Outcome, { readonly icon: string; readonly word: string }>> = {
  kept: { icon: '✓', word: 'kept' },
  pending: { icon: '◷', word: 'pending' },
  broken: { icon: '✕', word: 'broken' },
  expired: { icon: '–', word: 'expired' },
}

export const BREAK_REASONS: Readonly<Record<BreakReason, string>> = {
  missedSlot: 'its signer’s L1 slot was missed',
  l1Reorg: 'a reorganisation of L1 took it away',
  equivocation: 'its signer said or landed something else',
  late: 'it landed after its time',
  otherBlock: 'another block took the place',
  notIncluded: 'nothing came in time',
}

export const VERDICTS: Readonly<
  Record<ListVerdict['type'], { readonly icon: string; readonly word: string }>
> = {
  satisfied: { icon: '✓', word: 'satisfied' },
  pending: { icon: '◷', word: 'pending' },
  violated: { icon: '✕', word: 'violated' },
  slotMissed: { icon: '–', word: 'excused: L1 slot missed' },
  noBlocks: { icon: '–', word: 'no blocks' },
  ignored: { icon: '✕', word: 'ignored: two lists' },
  unjudged: { icon: '?', word: 'not judged' },
}

export const SOURCE_STATES: Readonly<Record<SourceState, { readonly icon: string; readonly word: string }>> =
  {
    connected: { icon: '✓', word: 'connected' },
    connecting: { icon: '◷', word: 'connecting' },
    waiting: { icon: '◷', word: 'waiting' },
    banned: { icon: '✕', word: 'let go for a while' },
  }

/** Commitment types; another one is named by its number. */
const COMMITMENT_TYPES: Readonly<Record<number, string>> = {
  1: 'inclusion on L1',
  2: 'block',
  3: 'inclusion list',
  4: 'inclusion',
  5: 'execution',
  6: 'stream message',
}

export function describeCommitmentType(type: number): string {
  return COMMITMENT_TYPES[type] ?? `type ${type}`
}

export function describeSequencer({ type, accounts, reason }: Turn): string {
  switch (type) {
    case 'anyone':
      return 'anyone'
    case 'nobody':
      return 'nobody'
    case 'unknown':
      return reason ?? 'not known'
    case 'operator':
    case 'owner':
      return accounts.map(shortHex).join(' or ')
  }
}

/** On whose word the L1 head rests: `HeadTrust` in words. */
export function describeTrust(trust: string): string {
  const words: Readonly<Record<string, string>> = {
    'consensus-finalized': 'a beacon node’s finality',
    'trusted-hash': 'a block hash that the operator vouches for',
    'provider-quorum': 'several L1 servers that agree',
    'single-provider': 'one L1 server',
  }
  return words[trust] ?? trust
}
