/** Holds one recorded conversation with a server. */
import { differenceOf, violationOf } from './compare.ts'
import type { Conversation } from './conversation.ts'

/** hive's. */
const REQUEST_TIMEOUT_MS = 5_000

/** Undefined when every answer is as recorded, else what differs. The connection's own failures are thrown. */
export async function failureOf(
  url: string,
  { exchanges, isSpecOnly }: Conversation,
  timeoutMs = REQUEST_TIMEOUT_MS,
): Promise<string | undefined> {
  for (const { request, response } of exchanges) {
    const reply = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: request,
      signal: AbortSignal.timeout(timeoutMs),
    })
    const answer: unknown = JSON.parse(await reply.text())
    const { method } = JSON.parse(request) as { method: string }
    const found = isSpecOnly ? violationOf(method, answer, response) : differenceOf(answer, response)
    if (found !== undefined) return `${method}: ${found}`
  }
  return undefined
}
