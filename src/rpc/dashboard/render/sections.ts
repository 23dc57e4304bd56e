/** The sections of the page, in its order. */
import { html } from 'hono/html'
import { type DashboardData, isUnavailable, type SlotData, type SlotsData } from '../data.ts'
import { slotRowId } from '../tables/slots.ts'
import { createTable } from '../tables/tables.ts'
import {
  CLOCK_TITLES,
  describeClock,
  describeSequencer,
  describeTrust,
  formatAge,
  formatDuration,
  formatNumber,
  formatTime,
  SLOT_OUTCOMES,
} from '../words.ts'
import { type Html, renderDetails, renderSection, renderState, renderTable, renderTiles } from './parts.ts'

export function renderClocks(data: DashboardData): Html {
  const now = data.readAtMs / 1000
  const table = createTable('clocks', data)
  return renderSection({
    id: 'clocks',
    table,
    body: html`${renderTiles(
      data.clocks.map((clock) => ({
        title: CLOCK_TITLES[clock.name],
        value: clock.number === null ? '–' : formatNumber(clock.number),
        note: `${ageWords(clock.number, clock.timestamp, now)}${describeClock(clock, data.clocks)}`,
      })),
    )}
${renderDetails(table)}`,
  })
}

/** Genesis is as old as its chain, which says nothing about the clock. */
function ageWords(number: number | null, timestamp: number | null, now: number): string {
  if (number === 0) return 'Genesis. '
  return timestamp === null ? '' : `${formatAge(timestamp, now)}. `
}

export function renderSlots(data: DashboardData): Html {
  const { slots } = data
  const table = createTable('slots', data)
  if (isUnavailable(slots))
    return renderSection({ id: 'slots', body: html`<p class="empty">${slots.unavailable}</p>` })
  return renderSection({
    id: 'slots',
    table,
    body: html`<p class="lede">${nextWords(slots)}</p>
${slots.epochs.map(
  ({
    epoch,
    slots: boxes,
  }) => html`<h3 id="epoch-${epoch}">Epoch ${formatNumber(epoch)} <span class="soft">slots ${formatNumber(
    boxes[0]?.slot ?? 0,
  )} to ${formatNumber(boxes.at(-1)?.slot ?? 0)}</span></h3>
<ol class="timeline" aria-labelledby="epoch-${epoch}">${boxes.map(renderSlot)}</ol>\n`,
)}
${slots.epochs.length === 0 ? html`<p class="empty">${table.empty}</p>` : renderLegend(slots)}
${slots.epochs.length === 0 ? '' : renderDetails(table)}`,
  })
}

function nextWords({ currentSlot, epochs, sequencers }: SlotsData): string {
  const slot = epochs.flatMap((epoch) => epoch.slots).find((each) => each.slot === currentSlot)
  const sequencer = sequencers.find(({ label }) => label === slot?.sequencer)
  const place = `The next proposal can land in slot ${formatNumber(currentSlot)}`
  if (sequencer === undefined) return `${place}; L1 has not settled whose it is.`
  if (sequencer.type === 'nobody') return `${place}, but nobody may propose there.`
  if (sequencer.type === 'unknown')
    return `${place}; whose it is, is not known: ${describeSequencer(sequencer)}`
  const fallback = sequencer.isFallback ? ', by the fallback' : ''
  return `${place}: ${sequencer.label} may propose, ${describeSequencer(sequencer)}${fallback}.`
}

function renderSlot({ slot, sequencer, outcome }: SlotData): Html {
  const { icon, word } = SLOT_OUTCOMES[outcome]
  return html`<li><a class="slot ${outcome}" href="#${slotRowId(slot)}"><span class="hidden">Slot ${slot}, sequencer </span><span class="who">${sequencer}</span><span class="mark" aria-hidden="true">${icon}</span><span class="hidden">, ${word}</span></a></li>`
}

/** Only what there is: a legend of absent things has to be read, too. */
function renderLegend({ epochs }: SlotsData): Html {
  const all = epochs.flatMap(({ slots }) => slots)
  const kinds = (['landed', 'fallback', 'empty', 'missed', 'next', 'upcoming', 'unknown'] as const)
    .map((outcome) => ({
      outcome,
      count: all.filter((slot) => slot.outcome === outcome).length,
    }))
    .filter(({ count }) => count > 0)
  return html`<ul class="legend" aria-label="What the icons mean">${kinds.map(
    ({ outcome, count }) =>
      html`<li><span class="slot sample ${outcome}" aria-hidden="true"><span class="mark">${SLOT_OUTCOMES[outcome].icon}</span></span> ${SLOT_OUTCOMES[outcome].word} <b>${count}</b></li>`,
  )}</ul>`
}

export function renderSequencers(data: DashboardData): Html {
  const table = createTable('sequencers', data)
  return renderSection({ id: 'sequencers', table, body: renderTable(table) })
}

export function renderGaps(data: DashboardData): Html {
  const { gaps, readAtMs } = data
  const table = createTable('gaps', data)
  if (gaps.proposals.length === 0) return renderSection({ id: 'gaps', body: renderTable(table) })
  const now = readAtMs / 1000
  const duration = (seconds: number | null) => (seconds === null ? '–' : formatDuration(seconds))
  const count = gaps.proposals.length
  return renderSection({
    id: 'gaps',
    table,
    body: html`${renderTiles([
      {
        title: 'Since the last',
        value: gaps.lastLandedAt === null ? '–' : formatDuration(Math.max(0, now - gaps.lastLandedAt)),
        ...(gaps.lastLandedAt !== null && {
          note: `It landed at ${formatTime(gaps.lastLandedAt, now)} UTC.`,
        }),
      },
      {
        title: 'Median',
        value: duration(gaps.medianSeconds),
        note: count === 1 ? 'Of one proposal.' : `Of the newest ${count} proposals.`,
      },
      { title: 'Longest', value: duration(gaps.longestSeconds), note: 'Of the same.' },
    ])}
<figure class="plot" id="plot-gaps" data-table="table-gaps" data-keep hidden><figcaption>Time between one landed proposal and the next</figcaption></figure>
${renderDetails(table)}`,
  })
}

export function renderForcedInclusions(data: DashboardData): Html {
  const queue = data.forcedInclusions
  const table = createTable('forced-inclusions', data)
  if (isUnavailable(queue)) return renderSection({ id: 'forced-inclusions', body: renderTable(table) })
  const { pending, inclusions, l1Block } = queue
  const words =
    pending === 0
      ? ''
      : `${pending === 1 ? 'One entry waits' : `${formatNumber(pending)} entries wait`} in the queue, as of L1 block ${formatNumber(l1Block)}${
          pending > inclusions.length ? `; the oldest ${inclusions.length} are here` : ''
        }.`
  return renderSection({
    id: 'forced-inclusions',
    table,
    body: html`${words === '' ? '' : html`<p class="lede">${words}</p>`}${renderTable(table)}`,
  })
}

export function renderHealth(data: DashboardData): Html {
  const { health } = data
  const table = createTable('l1-servers', data)
  return renderSection({
    id: 'health',
    table,
    body: html`${renderReadiness(data)}
${health.warnings.map((warning) => html`<p class="state warn"><span class="icon" aria-hidden="true">!</span> ${warning}</p>`)}
<dl class="facts">
<div><dt>Word for the L1 head</dt><dd>${describeTrust(health.l1HeadTrust)}</dd></div>
<div><dt>Pool</dt><dd>${
      health.pool === null
        ? 'none: this node takes no transactions'
        : `${formatNumber(health.pool.pending)} pending, ${formatNumber(health.pool.queued)} queued`
    }</dd></div>
</dl>
${renderTable(table)}`,
  })
}

export function renderReadiness({ health }: DashboardData): Html {
  return health.ready
    ? renderState(true, 'Ready: answers are about the present.')
    : html`${health.reasons.map((reason) => renderState(false, `Not ready: ${reason}`))}`
}
