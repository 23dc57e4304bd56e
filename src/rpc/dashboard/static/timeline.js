/** With arrow keys through the slots: one stop for the Tab key each epoch instead of thirty-two. */

export function setUpTimelines() {
  for (const timeline of document.querySelectorAll('.timeline')) {
    const slots = links(timeline)
    const current = slots.find((slot) => slot.classList.contains('next')) ?? slots[0]
    const isSetUp = slots.some((slot) => slot.tabIndex === 0) && slots.some((slot) => slot.tabIndex === -1)
    if (!isSetUp) for (const slot of slots) slot.tabIndex = slot === current ? 0 : -1
  }
}

document.addEventListener('keydown', (event) => {
  const slot = event.target instanceof Element ? event.target.closest('.timeline .slot') : null
  const timeline = slot?.closest('.timeline')
  if (!slot || !timeline) return
  const slots = links(timeline)
  const columns = getComputedStyle(timeline).gridTemplateColumns.split(' ').length
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }
  const at = slots.indexOf(/** @type {HTMLAnchorElement} */ (slot))
  const to =
    event.key === 'Home' ? 0 : event.key === 'End' ? slots.length - 1 : at + (steps[event.key] ?? Number.NaN)
  const next = slots[to]
  if (next === undefined) return
  event.preventDefault()
  for (const each of slots) each.tabIndex = each === next ? 0 : -1
  next.focus()
})

// The row that a slot leads to is in a table that may be closed.
document.addEventListener('click', (event) => {
  const slot = event.target instanceof Element ? event.target.closest('a.slot') : null
  const row = slot && document.querySelector(slot.getAttribute('href') ?? '')
  const details = row?.closest('details')
  if (details) details.open = true
})

/** @param {Element} timeline @returns {HTMLAnchorElement[]} */
function links(timeline) {
  return [...timeline.querySelectorAll('a.slot')]
}
