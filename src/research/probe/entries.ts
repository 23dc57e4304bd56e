/** How a probe enters at each entry point, and what counts as having been taken there. */
import type { EventOf, LoggedProbe } from './events.ts'

/** What an entry point said, in its own words as far as it has any. */
export type Answer = Pick<EventOf<'answer'>, 'outcome' | 'detail' | 'promise'>

export type EntryPoint = {
  /** Shortly before the moment: whatever has to be known or made, so that sending is one request. */
  ready(probes: readonly LoggedProbe[], signal: AbortSignal): Promise<void>
  send(probe: LoggedProbe, signal: AbortSignal): Promise<Answer>
}

/** Longer words of a server are cut. */
const DETAIL_MAX = 200

export const accepted = (promise?: Answer['promise']): Answer => ({
  outcome: 'accepted',
  detail: '',
  ...(promise && { promise }),
})
export const refused = (detail: string): Answer => ({ outcome: 'refused', detail: shorten(detail) })
export const failed = (detail: string): Answer => ({ outcome: 'failed', detail: shorten(detail) })

/** Hashes are taken out, so that the same words are the same reason. */
function shorten(text: string): string {
  return text
    .replaceAll(/0x[0-9a-fA-F]{8,}/g, '0x…')
    .replaceAll(/\s+/g, ' ')
    .slice(0, DETAIL_MAX)
}
