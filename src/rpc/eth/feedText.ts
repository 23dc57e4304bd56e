/**
 * JSON of what a feed tells: written once, however many are told. Two thousand subscribers of a block's logs would else have it written
 * two thousand times. It is remembered for as long as the event is on its way to them.
 */
import type { FoundLog } from '../../chain/chain.ts'
import type { FeedEvent } from '../feed.ts'
import { headerJson } from '../json.ts'
import { JsonText } from '../jsonText.ts'
import { logJson } from '../logJson.ts'

const texts = new WeakMap<FeedEvent, Map<FoundLog | FeedEvent, JsonText>>()

/** Of a log of the event's block. */
export function logText(event: FeedEvent, log: FoundLog): JsonText {
  return remembered(event, log, () => logJson(log, event.type === 'removed'))
}

export function headerText(event: FeedEvent): JsonText {
  return remembered(event, event, () => headerJson(event.block.hash, event.block.header))
}

function remembered(event: FeedEvent, part: FoundLog | FeedEvent, write: () => unknown): JsonText {
  const ofEvent = texts.get(event) ?? new Map<FoundLog | FeedEvent, JsonText>()
  texts.set(event, ofEvent)
  const text = ofEvent.get(part) ?? new JsonText(JSON.stringify(write()))
  ofEvent.set(part, text)
  return text
}
