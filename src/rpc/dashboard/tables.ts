/** The tables of the page as data: one model for the HTML and for the CSV file, so that neither can say what the other does not. */
import { type DashboardData, isUnavailable, type SlotsData } from './data.ts'
import {
  BREAK_REASONS,
  CLOCK_TITLES,
  capitalise,
  describeClock,
  describeCommitmentType,
  describeSequencer,
  formatAge,
  formatDuration,
  formatNumber,
  formatTime,
  PROMISE_OUTCOMES,
  SLOT_OUTCOMES,
  SOURCE_STATES,
  shortHex,
  VERDICTS,
} from './words.ts'

export type Cell = {
  /** As in the CSV file: whole hashes, Unix seconds. Null: there is none. */
  readonly value: string | number | null
  /** As on the page; without it the value. */
  readonly text?: string
}

export type Column = { readonly key: string; readonly title: string; readonly isNumeric?: boolean }

export type Table = {
  /** In the table's address on the page and in the CSV file's name. */
  readonly id: TableId
  readonly caption: string
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  /** Instead of rows. */
  readonly empty: string
}

export type Row = { readonly id?: string; readonly cells: readonly Cell[] }

export const TABLE_IDS = [
  'clocks',
  'sequencers',
  'slots',
  'gaps',
  'stream-sources',
  'scores',
  'promises',
  'lists',
  'forced-inclusions',
  'l1-servers',
] as const
export type TableId = (typeof TABLE_IDS)[number]

export function createTable(id: TableId, data: DashboardData): Table {
  return { id, ...TABLES[id](data) }
}

const TABLES: Readonly<Record<TableId, (data: DashboardData) => Omit<Table, 'id'>>> = {
  clocks: clocksTable,
  sequencers: sequencersTable,
  slots: slotsTable,
  gaps: gapsTable,
  'stream-sources': streamSourcesTable,
  scores: scoresTable,
  promises: promisesTable,
  lists: listsTable,
  'forced-inclusions': forcedInclusionsTable,
  'l1-servers': serversTable,
}

const OUTCOMES = ['kept', 'pending', 'broken', 'expired'] as const

const text = (value: string | number | null): Cell => ({ value })
const number = (value: number | null): Cell =>
  value === null ? { value } : { value, text: formatNumber(value) }
const hex = (value: string | null): Cell => (value === null ? { value } : { value, text: shortHex(value) })
const duration = (seconds: number | null): Cell =>
  seconds === null ? { value: null } : { value: seconds, text: formatDuration(seconds) }

function createTime({ readAtMs }: DashboardData): (seconds: number | null) => Cell {
  const now = readAtMs / 1000
  return (seconds) =>
    seconds === null
      ? { value: null }
      : { value: seconds, text: `${formatTime(seconds, now)} · ${formatAge(seconds, now)}` }
}

function clocksTable(data: DashboardData): Omit<Table, 'id'> {
  const time = createTime(data)
  return {
    caption: 'The clocks of both layers',
    columns: [
      { key: 'clock', title: 'Clock' },
      { key: 'layer', title: 'Layer' },
      { key: 'block', title: 'Block', isNumeric: true },
      { key: 'timestamp', title: 'Time (UTC)' },
      { key: 'behind', title: 'Behind', isNumeric: true },
      { key: 'hash', title: 'Hash' },
      { key: 'meaning', title: 'In words' },
    ],
    rows: data.clocks.map((clock) => ({
      cells: [
        { value: clock.name, text: CLOCK_TITLES[clock.name] },
        text(clock.layer),
        number(clock.number),
        time(clock.timestamp),
        number(clock.behind),
        hex(clock.hash),
        text(describeClock(clock, data.clocks)),
      ],
    })),
    empty: 'No clock is known.',
  }
}

function sequencersTable({ slots }: DashboardData): Omit<Table, 'id'> {
  const sequencers = isUnavailable(slots) ? [] : slots.sequencers
  return {
    caption: 'Whose the slots above are',
    columns: [
      { key: 'label', title: 'Sequencer' },
      { key: 'who', title: 'Who' },
      { key: 'right', title: 'By which right' },
      { key: 'slots', title: 'Slots', isNumeric: true },
      { key: 'landed', title: 'Proposals landed', isNumeric: true },
      { key: 'validators', title: 'Validators', isNumeric: true },
    ],
    rows: sequencers.map((sequencer) => ({
      cells: [
        text(sequencer.label),
        {
          value: sequencer.accounts.join(' ') || describeSequencer(sequencer),
          text: describeSequencer(sequencer),
        },
        text(sequencer.isFallback ? 'fallback' : isUnavailable(slots) ? null : slots.schedule),
        number(sequencer.slots),
        number(sequencer.landed),
        number(sequencer.validators),
      ],
    })),
    empty: isUnavailable(slots) ? slots.unavailable : 'L1 has settled nobody yet.',
  }
}

export function slotRowId(slot: number): string {
  return `slot-${slot}`
}

function slotsTable(data: DashboardData): Omit<Table, 'id'> {
  const { slots } = data
  const time = createTime(data)
  return {
    caption: 'Slots of this epoch and the next',
    columns: [
      { key: 'slot', title: 'Slot', isNumeric: true },
      { key: 'epoch', title: 'Epoch', isNumeric: true },
      { key: 'timestamp', title: 'Time (UTC)' },
      { key: 'sequencer', title: 'Sequencer' },
      { key: 'validator', title: 'Validator', isNumeric: true },
      { key: 'windowLastSlot', title: 'Window ends', isNumeric: true },
      { key: 'outcome', title: 'Outcome' },
      { key: 'proposals', title: 'Proposals' },
      { key: 'blocks', title: 'L2 blocks' },
    ],
    rows: isUnavailable(slots) ? [] : slotRows(slots, time),
    empty: isUnavailable(slots) ? slots.unavailable : 'L1 has settled no epoch yet.',
  }
}

function slotRows({ epochs }: SlotsData, time: (seconds: number) => Cell): readonly Row[] {
  return epochs.flatMap(({ epoch, slots }) =>
    slots.map((slot) => {
      const { icon, word } = SLOT_OUTCOMES[slot.outcome]
      const { firstBlock, lastBlock } = slot
      return {
        id: slotRowId(slot.slot),
        cells: [
          number(slot.slot),
          number(epoch),
          time(slot.timestamp),
          text(slot.sequencer),
          slot.validatorIndex === null
            ? { value: null }
            : { value: slot.validatorIndex, text: formatNumber(slot.validatorIndex) },
          number(slot.windowLastSlot),
          { value: slot.outcome, text: `${icon} ${word}` },
          { value: slot.proposals.join(' ') || null },
          {
            value: firstBlock === null ? null : `${firstBlock}-${lastBlock}`,
            text: firstBlock === null ? '–' : blockRange(firstBlock, lastBlock ?? firstBlock),
          },
        ],
      }
    }),
  )
}

function blockRange(first: number, last: number): string {
  return first === last ? formatNumber(first) : `${formatNumber(first)} to ${formatNumber(last)}`
}

function gapsTable(data: DashboardData): Omit<Table, 'id'> {
  const time = createTime(data)
  return {
    caption: 'Landed proposals and the time between them, newest first',
    columns: [
      { key: 'proposal', title: 'Proposal', isNumeric: true },
      { key: 'timestamp', title: 'Landed (UTC)' },
      { key: 'gapSeconds', title: 'After', isNumeric: true },
      { key: 'slot', title: 'Slot', isNumeric: true },
      { key: 'l1Block', title: 'L1 block', isNumeric: true },
      { key: 'proposer', title: 'Proposer' },
      { key: 'firstBlock', title: 'First block', isNumeric: true },
      { key: 'lastBlock', title: 'Last block', isNumeric: true },
    ],
    rows: [...data.gaps.proposals].reverse().map((proposal) => ({
      cells: [
        number(proposal.id),
        time(proposal.timestamp),
        duration(proposal.gapSeconds),
        number(proposal.slot),
        number(proposal.l1Block),
        hex(proposal.proposer),
        number(proposal.firstBlock),
        number(proposal.lastBlock),
      ],
    })),
    empty: 'No proposal has landed yet.',
  }
}

function streamSourcesTable(data: DashboardData): Omit<Table, 'id'> {
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

function scoresTable({ preconf }: DashboardData): Omit<Table, 'id'> {
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

function promisesTable(data: DashboardData): Omit<Table, 'id'> {
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

function listsTable({ preconf }: DashboardData): Omit<Table, 'id'> {
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

function marked(value: string, { icon, word }: { readonly icon: string; readonly word: string }): Cell {
  return { value, text: `${icon} ${word}` }
}

function forcedInclusionsTable(data: DashboardData): Omit<Table, 'id'> {
  const { forcedInclusions: queue } = data
  const time = createTime(data)
  return {
    caption: 'The oldest entries of the queue',
    columns: [
      { key: 'index', title: 'Entry', isNumeric: true },
      { key: 'savedAt', title: 'Queued (UTC)' },
      { key: 'dueAt', title: 'Due (UTC)' },
      { key: 'dueSlot', title: 'Due slot', isNumeric: true },
      { key: 'takenBy', title: 'To be taken by' },
      { key: 'overdueAfter', title: 'By anyone after' },
      { key: 'state', title: 'State' },
      { key: 'feeGwei', title: 'Fee (gwei)', isNumeric: true },
      { key: 'blob', title: 'Blob' },
    ],
    rows: (isUnavailable(queue) ? [] : queue.inclusions).map((entry) => ({
      cells: [
        number(entry.index),
        time(entry.savedAt),
        time(entry.dueAt),
        number(entry.dueSlot),
        entry.takenBy === null
          ? { value: null, text: 'not known yet' }
          : {
              value: entry.takenBy.accounts.join(' ') || entry.takenBy.type,
              text: describeSequencer(entry.takenBy),
            },
        time(entry.overdueAfter),
        {
          value: entry.isOverdue ? 'overdue' : entry.isDue ? 'due' : 'waiting',
          text: entry.isOverdue ? '✕ overdue' : entry.isDue ? '▸ due now' : '◷ waiting',
        },
        { value: entry.feeGwei, text: formatNumber(entry.feeGwei) },
        hex(entry.blob),
      ],
    })),
    empty: isUnavailable(queue) ? queue.unavailable : 'Nothing waits in the queue.',
  }
}

function serversTable({ health }: DashboardData): Omit<Table, 'id'> {
  return {
    caption: 'L1 servers this node asks',
    columns: [
      { key: 'name', title: 'Server' },
      { key: 'demotions', title: 'Demoted', isNumeric: true },
      { key: 'lastError', title: 'Last error' },
    ],
    rows: health.l1Providers.map(({ name, demotions, lastError }) => ({
      cells: [text(name), number(demotions), text(lastError)],
    })),
    empty: 'This node asks no L1 server.',
  }
}
