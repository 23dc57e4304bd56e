/** Slots, whose they are, and what their holders have to take. */
import { type DashboardData, isUnavailable, type SlotsData } from '../data.ts'
import { describeSequencer, formatNumber, SLOT_OUTCOMES } from '../words.ts'
import { type Cell, createTime, hex, number, type Row, type TableContent, text } from './table.ts'

export function sequencersTable({ slots }: DashboardData): TableContent {
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

export function slotsTable(data: DashboardData): TableContent {
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

export function forcedInclusionsTable(data: DashboardData): TableContent {
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
