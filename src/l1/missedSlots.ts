/** Slots that L1 proposers left empty: the time between two blocks tells. */
import type { L1Event } from './l1.ts'
import type { L1Reader } from './reader.ts'

export async function* countMissedSlots(
  events: AsyncIterable<L1Event>,
  reader: Pick<L1Reader, 'known'>,
  secondsPerSlot: bigint,
): AsyncGenerator<L1Event> {
  for await (const event of events) {
    const parent = event.type === 'block' ? reader.known(event.block.parentHash) : undefined
    if (event.type !== 'block' || parent === undefined) {
      yield event
      continue
    }
    // Rounds down: a development L1 may be a second off its slots.
    const slots = (event.block.timestamp - parent.timestamp) / secondsPerSlot
    yield { ...event, missedSlots: slots > 1n ? Number(slots - 1n) : 0 }
  }
}
