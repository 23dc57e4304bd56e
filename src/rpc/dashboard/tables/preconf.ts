/** Signers, their promises and lists, and where the stream comes from. */
import { type DashboardData, isUnavailable } from '../data.ts'
import {
  BREAK_REASONS,
  capitalise,
  describeCommitmentType,
  formatNumber,
  PROMISE_OUTCOMES,
  SOURCE_STATES,
  shortHex,
  VERDICTS,
} from '../words.ts'
import { createTime, hex, marked, number, type TableContent, text } from './table.ts'

const OUTCOMES = ['kept', 'pending', 'broken', 'expired'] as const

export function streamSourcesTable(data: DashboardData): TableContent {
  const time = createTime(data)
  const follower = data.preconf?.follower
  const sources = follower && !isUnavailable(follower) ? follower.sources : []
  return {
    caption: 'Where the stream comes from',
    columns: [
      { key: 'name', title: 'Source' },
      { key: 'state', title: 'State' },
      { key: 'detail', title: 'In words' },
      { key: 'tip', title: 'Newest block', isNumeric: true },
      { key: 'heardAt', title: 'Last heard (UTC)' },
      { key: 'received', title: 'Messages', isNumeric: true },
      { key: 'invalid', title: 'Invalid', isNumeric: true },
    ],
    rows: sources.map((source) => ({
      cells: [
        text(source.name),
        marked(source.state, SOURCE_STATES[source.state]),
        text(source.detail),
        number(source.tip),
        time(source.heardAtMs === null ? null : Math.floor(source.heardAtMs / 1000)),
        number(source.received),
        number(source.invalid),
      ],
    })),
    empty: 'No source is set.',
  }
}

export function scoresTable({ preconf }: DashboardData): TableContent {
  const promises = preconf?.promises
  const scores = promises && !isUnavailable(promises) ? promises.scores : []
  return {
    caption: 'What signers’ words were worth',
    columns: [
      { key: 'signer', title: 'Signer' },
      { key: 'isOurs', title: 'Ours' },
      { key: 'type', title: 'Promised' },
      ...OUTCOMES.map((outcome) => ({
        key: outcome,
        title: capitalise(PROMISE_OUTCOMES[outcome].word),
        isNumeric: true,
      })),
    ],
    rows: scores.map((score) => ({
      cells: [
        hex(score.signer),
        { value: String(score.isOurs), text: score.isOurs ? 'yes' : 'no' },
        { value: score.commitmentType, text: describeCommitmentType(score.commitmentType) },
        ...OUTCOMES.map((outcome) => number(score[outcome])),
      ],
    })),
    empty: 'No promise has been given or heard of yet.',
  }
}

export function promisesTable(data: DashboardData): TableContent {
  const time = createTime(data)
  const promises = data.preconf?.promises
  const rows = promises && !isUnavailable(promises) ? promises.recent : []
  return {
    caption: 'The newest promises about transactions',
    columns: [
      { key: 'requestedAt', title: 'Asked for (UTC)' },
      { key: 'latencyMs', title: 'Answered after', isNumeric: true },
      { key: 'type', title: 'Promised' },
      { key: 'transaction', title: 'Transaction' },
      { key: 'slot', title: 'Until slot', isNumeric: true },
      { key: 'outcome', title: 'Outcome' },
      { key: 'reason', title: 'Why' },
      { key: 'by', title: 'By' },
      { key: 'block', title: 'L2 block', isNumeric: true },
      { key: 'signer', title: 'Signer' },
      { key: 'requestHash', title: 'Request' },
    ],
    rows: rows.map((row) => ({
      cells: [
        time(Math.floor(row.requestedAtMs / 1000)),
        row.latencyMs === null
          ? { value: null }
          : { value: row.latencyMs, text: `${formatNumber(row.latencyMs)} ms` },
        { value: row.commitmentType, text: describeCommitmentType(row.commitmentType) },
        hex(row.transactionHash),
        number(row.slot),
        marked(row.outcome, PROMISE_OUTCOMES[row.outcome]),
        row.reason === null ? { value: null } : { value: row.reason, text: BREAK_REASONS[row.reason] },
        hex(row.by),
        number(row.block),
        hex(row.signer),
        hex(row.requestHash),
      ],
    })),
    empty: 'No promise about a transaction has been given yet.',
  }
}

export function listsTable({ preconf }: DashboardData): TableContent {
  const lists = preconf?.lists
  const rows = lists && !isUnavailable(lists) ? lists.records : []
  return {
    caption: 'Lists for the windows of this epoch and the next, newest first',
    columns: [
      { key: 'firstSlot', title: 'From slot', isNumeric: true },
      { key: 'lastSlot', title: 'To slot', isNumeric: true },
      { key: 'committer', title: 'Signer' },
      { key: 'transactions', title: 'Transactions', isNumeric: true },
      { key: 'verdict', title: 'Verdict' },
      { key: 'finality', title: 'How firm' },
      { key: 'leftOut', title: 'Left out' },
      { key: 'hash', title: 'List' },
    ],
    rows: rows.map((row) => ({
      cells: [
        number(row.firstSlot),
        number(row.lastSlot),
        hex(row.committer),
        number(row.transactions),
        marked(row.verdict, VERDICTS[row.verdict]),
        text(row.finality),
        { value: row.leftOut.join(' ') || null, text: row.leftOut.map(shortHex).join(' ') || '–' },
        hex(row.hash),
      ],
    })),
    empty: 'No inclusion list has been seen for these windows.',
  }
}
