/** Promises and inclusion lists, and what this node itself does about them. */
import { html } from 'hono/html'
import {
  type DashboardData,
  type FollowerData,
  isUnavailable,
  type PreconfData,
  type PromisesData,
  type SequencerData,
} from '../data.ts'
import type { Table } from '../tables/table.ts'
import { createTable } from '../tables/tables.ts'
import { capitalise, formatAge, formatNumber, formatTime, PROMISE_OUTCOMES } from '../words.ts'
import { type Html, renderDetails, renderSection, renderState, renderTable, renderTiles } from './parts.ts'

const NO_PART = 'This node takes no part in preconfirmations.'

export function renderPromises(data: DashboardData): Html {
  const { preconf } = data
  if (preconf === null) return renderSection({ id: 'promises', body: sentence(NO_PART) })
  const roles = renderRoles(data, preconf)
  const { promises } = preconf
  if (promises === null || isUnavailable(promises))
    return renderSection({
      id: 'promises',
      body: html`${roles}${sentence(promises?.unavailable ?? 'This node keeps no book of promises.')}`,
    })
  const table = createTable('promises', data)
  const scores = createTable('scores', data)
  return renderSection({
    id: 'promises',
    table,
    moreTables: [scores, createTable('stream-sources', data)].filter(({ rows }) => rows.length > 0),
    body: html`${roles}${renderTotals(promises)}
${scores.rows.length === 0 ? '' : renderTable(scores)}
${renderDetails(table, 'Promise by promise')}`,
  })
}

function renderTotals({ totals }: PromisesData): Html {
  const settled = totals.kept + totals.broken
  // Rounds down: with one broken promise in a thousand it is not 100 %.
  const share = settled === 0 ? '–' : `${Math.floor((totals.kept / settled) * 1000) / 10} %`
  return renderTiles([
    { title: 'Kept of settled', value: share },
    ...(['kept', 'pending', 'broken', 'expired'] as const).map((outcome) => ({
      title: `${PROMISE_OUTCOMES[outcome].icon} ${capitalise(PROMISE_OUTCOMES[outcome].word)}`,
      value: formatNumber(totals[outcome]),
    })),
  ])
}

function renderRoles(data: DashboardData, { sequencer, follower }: PreconfData): Html {
  const now = data.readAtMs / 1000
  return html`${
    sequencer === null
      ? ''
      : isUnavailable(sequencer)
        ? sentence(sequencer.unavailable)
        : renderSequencer(sequencer, now)
  }${
    follower === null
      ? ''
      : isUnavailable(follower)
        ? sentence(follower.unavailable)
        : renderFollower(follower, createTable('stream-sources', data))
  }`
}

function renderSequencer(sequencer: SequencerData, now: number): Html {
  const { state, detail, posting, windowFirstSlot, windowLastSlot, canShutdown, until } = sequencer
  const { unlandedBlocks: blocks, unlandedBatches: batches } = sequencer
  const window =
    windowFirstSlot === null || windowLastSlot === null
      ? 'none known'
      : `slots ${formatNumber(windowFirstSlot)} to ${formatNumber(windowLastSlot)}`
  const time = until === null ? '' : `${formatTime(until, now)} UTC, ${formatAge(until, now)}`
  const stop = canShutdown
    ? `yes${time === '' ? '' : `, until ${time}`}`
    : `not now${time === '' ? '' : `; by ${time}`}`
  return html`<h3>This node builds blocks</h3>
<dl class="facts">
<div><dt>State</dt><dd>${state}: ${detail}</dd></div>
<div><dt>Posting</dt><dd>${posting}</dd></div>
<div><dt>Its window</dt><dd>${window}</dd></div>
<div><dt>Promised, not landed</dt><dd>${blocks === 0 ? 'nothing' : `${count(blocks, 'block', 'blocks')} in ${count(batches, 'batch', 'batches')}`}</dd></div>
<div><dt>May be stopped</dt><dd>${stop}</dd></div>
</dl>`
}

function count(number: number, one: string, many: string): string {
  return `${formatNumber(number)} ${number === 1 ? one : many}`
}

function renderFollower(follower: FollowerData, sources: Table): Html {
  const { isAtTip, detail, received, executed, derived } = follower
  const hasSources = follower.sources.length > 0
  return html`<h3>The stream</h3>
${hasSources ? renderState(isAtTip, detail) : sentence('This node follows no other.')}
<dl class="facts">
<div><dt>Received</dt><dd>${received === null ? 'nothing yet' : `block ${formatNumber(received)}`}</dd></div>
<div><dt>Executed</dt><dd>block ${formatNumber(executed)}</dd></div>
<div><dt>Derived from L1</dt><dd>block ${formatNumber(derived)}</dd></div>
</dl>
${hasSources ? renderTable(sources) : ''}`
}

export function renderLists(data: DashboardData): Html {
  const lists = data.preconf?.lists ?? null
  if (lists === null || isUnavailable(lists))
    return renderSection({
      id: 'lists',
      body: sentence(
        lists?.unavailable ?? (data.preconf === null ? NO_PART : 'This node judges no inclusion lists.'),
      ),
    })
  const table = createTable('lists', data)
  return renderSection({ id: 'lists', table, body: renderTable(table) })
}

const sentence = (words: string): Html => html`<p class="empty">${words}</p>`
