/** Inclusion lists over HTTP, for software that speaks the commitments API: SignedCommitment in its names, transactions beside it. */
import type { Hono } from 'hono'
import { type Lists, signedListJson } from '../../preconf/lists/lists.ts'
import { toSafeNumber } from '../../primitives/bigint.ts'
import { LISTED_BYTES_MAX } from '../../promise/inclusionList.ts'
import { readBody } from '../body.ts'
import { REFUSAL_CODES } from './lists.ts'

/** Twice the list in hex, `"0x",` for each transaction of two bytes, and the commitment. */
const BODY_BYTES_MAX = 2 * LISTED_BYTES_MAX + 5 * (LISTED_BYTES_MAX / 2) + 4096
/** Below what SQLite and JavaScript count without rounding. */
const SLOT = /^[0-9]{1,15}$/

export function addListRoutes(
  app: Hono,
  { lists }: { readonly lists: Pick<Lists, 'receive' | 'ofSlot'> },
): void {
  app.post('/preconf/v0/inclusionLists', async (c) => {
    // A browser cannot send this type across origins without asking first.
    if (c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() !== 'application/json')
      return c.json({ error: 'unsupportedType', detail: 'content type application/json wanted' }, 415)
    const body = await readBody(c.req.raw, BODY_BYTES_MAX)
    if (body === undefined) {
      // The rest of the body is not wanted; the connection cannot be used again.
      c.header('Connection', 'close')
      return c.json({ error: 'tooLarge', detail: `at most ${BODY_BYTES_MAX} bytes wanted` }, 413)
    }
    const result = await lists.receive(parseJson(body))
    if (result.type === 'refused')
      return c.json({ error: result.refusal, detail: result.detail }, REFUSAL_CODES[result.refusal][1])
    const { hash, committer, list } = result.signedList
    return c.json({ status: result.type, hash, committer, window_end: toSafeNumber(list.windowEnd) })
  })

  app.get('/preconf/v0/inclusionLists/:slot', async (c) => {
    const slot = c.req.param('slot')
    if (!SLOT.test(slot))
      return c.json({ error: 'malformed', detail: 'a slot in decimal digits wanted' }, 400)
    const records = await lists.ofSlot(BigInt(slot))
    if (records.length === 0)
      return c.json({ error: 'unknown', detail: 'no list is known for the window of this slot' }, 404)
    return c.json(records.flatMap((record) => record.lists.map(signedListJson)))
  })
}

/** Undefined for what is no JSON, which is no list either. */
function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}
