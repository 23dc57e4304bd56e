/** Clocks, landed proposals and L1 servers. */
import type { DashboardData } from '../data.ts'
import { CLOCK_TITLES, describeClock } from '../words.ts'
import { createTime, duration, hex, number, type TableContent, text } from './table.ts'

export function clocksTable(data: DashboardData): TableContent {
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

export function gapsTable(data: DashboardData): TableContent {
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

export function serversTable({ health }: DashboardData): TableContent {
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
