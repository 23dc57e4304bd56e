/** Promises and inclusion lists, and what this node itself does about them. */
import { html } from 'hono/html'
import { type DashboardData, isUnavailable, type PreconfData, type PromisesData } from '../data.ts'
import { createTable } from '../tables.ts'
import { formatAge, formatNumber, PROMISE_OUTCOMES, shortHex } from '../words.ts'
import { type Html, renderSection, renderState, renderTable, renderTiles } from './parts.ts'

const NO_PART = 'This node takes no part in preconfirmations.'

export function renderPromises(data: DashboardData): Html {
  const { preconf } = data
  if (preconf === null) return renderSection({ id: 'promises', body: sentence(NO_PART) })
  const { promises } = preconf
  if (promises === null || isUnavailable(promises))
    return renderSection({
      id: 'promises',
      body: html`${renderRoles(data, preconf)}${sentence(promises?.unavailable ?? 'This node gives no promises.')}`,
    })
  const table = createTable('promises', data)
  return renderSection({
    id: 'promises',
    table,
    body: html`${renderRoles(data, preconf)}${renderScorecard(promises)}${renderTable(table)}`,
  })
}

function renderScorecard({ scorecard }: PromisesData): Html {
  const { kept, broken } = scorecard
  const settled = kept + broken
  const tiles = (['kept', 'pending', 'broken', 'expired'] as const).map((outcome) => ({
    title: `${PROMISE_OUTCOMES[outcome].icon} ${PROMISE_OUTCOMES[outcome].word}`,
    value: formatNumber(scorecard[outcome]),
  }))
  // Rounds down: 99.99 % with one broken promise is not 100 %.
  const rate = settled === 0 ? '–' : `${Math.floor((kept / settled) * 1000) / 10} %`
  return renderTiles([{ title: 'Kept of settled', value: rate }, ...tiles])
}

function renderRoles(data: DashboardData, { sequencer, follower }: PreconfData): Html {
  const now = data.readAtMs / 1000
  return html`${
    sequencer === null
      ? ''
      : isUnavailable(sequencer)
        ? sentence(sequencer.unavailable)
        : html`<p class="lede">Sequencer ${shortHex(sequencer.committer)}, ${sequencer.state}: ${sequencer.sentence} ${
            sequencer.canShutdown
              ? 'It may be stopped: nothing that it signed waits to be posted.'
              : 'Do not stop it now: something that it signed waits to be posted.'
          }</p>`
  }${
    follower === null
      ? ''
      : isUnavailable(follower)
        ? sentence(follower.unavailable)
        : html`<p class="lede">Follows the stream: block ${formatNumber(follower.received)} received, ${formatNumber(
            follower.executed,
          )} executed, ${formatNumber(follower.derived)} derived from L1.</p>
${follower.sources.map(({ name, isConnected, lastMessageAtMs }) =>
  renderState(
    isConnected,
    `${name}: ${isConnected ? 'connected' : 'not connected'}${
      lastMessageAtMs === null ? '' : `, last heard ${formatAge(Math.floor(lastMessageAtMs / 1000), now)}`
    }.`,
  ),
)}
${follower.problems.map((problem) => renderState(false, problem))}`
  }`
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
