/**
 * Makes the page the same as one that came later, touching only what differs: what has the focus keeps it, what is open stays
 * open, and a screen reader hears of nothing that did not change.
 */

/** Set by the reader or by the other scripts, and not by the server. */
const OWN_ATTRIBUTES = new Set(['open', 'tabindex'])

/** @param {Element} from @param {Element} to */
export function morph(from, to) {
  if (from.isEqualNode(to)) return
  syncAttributes(from, to)
  const wanted = [...to.childNodes]
  for (const [i, next] of wanted.entries()) {
    const now = from.childNodes[i]
    if (now === undefined) from.append(next)
    else if (now.nodeType !== next.nodeType || now.nodeName !== next.nodeName) now.replaceWith(next)
    else if (now instanceof Element) {
      if (!now.hasAttribute('data-keep')) morph(now, /** @type {Element} */ (next))
    } else if (now.nodeValue !== next.nodeValue) now.nodeValue = next.nodeValue
  }
  while (from.childNodes.length > wanted.length) from.lastChild?.remove()
}

/** @param {Element} from @param {Element} to */
function syncAttributes(from, to) {
  for (const name of from.getAttributeNames())
    if (!to.hasAttribute(name) && !OWN_ATTRIBUTES.has(name)) from.removeAttribute(name)
  for (const name of to.getAttributeNames()) {
    const value = to.getAttribute(name) ?? ''
    if (!OWN_ATTRIBUTES.has(name) && from.getAttribute(name) !== value) from.setAttribute(name, value)
  }
}
