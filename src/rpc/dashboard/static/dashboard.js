/** Keeps the page fresh: fetches it again as the server renders it, and draws. The page is whole without this. */
import { morph } from './morph.js'
import { drawGaps } from './plot.js'
import { setUpTimelines } from './timeline.js'

/** Milliseconds between two looks at the node. */
const REFRESH_MS = 4000
/** Milliseconds between two announcements to a screen reader. */
const ANNOUNCE_MS = 30_000

let announcedAt = performance.now()
let announced = summary()

async function refresh() {
  if (document.hidden) return
  try {
    const response = await fetch('dashboard', { cache: 'no-store', signal: AbortSignal.timeout(10_000) })
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    const page = new DOMParser().parseFromString(await response.text(), 'text/html')
    for (const selector of ['[data-summary]', '.as-of time', 'main']) {
      const from = document.querySelector(selector)
      const to = page.querySelector(selector)
      if (from && to) morph(from, to)
    }
    setFreshness('')
    decorate()
    announce()
  } catch {
    setFreshness('; the node does not answer, so these are its last words')
  }
}

function decorate() {
  setUpTimelines()
  drawGaps()
}

/** @param {string} words */
function setFreshness(words) {
  const place = document.getElementById('freshness')
  if (place && place.textContent !== words) place.textContent = words
}

function summary() {
  const safe = document.querySelectorAll('#clocks .tile')[1]
  return [document.querySelector('[data-summary]')?.textContent, safe?.textContent]
    .map((words) => words?.replace(/\s+/g, ' ').trim())
    .join(' ')
}

/** What changed for good, and not more often than somebody can listen. */
function announce() {
  const words = summary()
  const place = document.getElementById('announcer')
  if (!place || words === announced || performance.now() - announcedAt < ANNOUNCE_MS) return
  announcedAt = performance.now()
  announced = words
  place.textContent = words
}

decorate()
setInterval(refresh, REFRESH_MS)
document.addEventListener('visibilitychange', refresh)
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawGaps)
new ResizeObserver(drawGaps).observe(document.body)
