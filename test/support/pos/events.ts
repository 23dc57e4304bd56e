/** Server-sent events of the beacon node, as they come. */
import type { PosL1 } from './startPosL1.ts'

export type BeaconEvent = { readonly topic: string; readonly data: Readonly<Record<string, unknown>> }

/** `heard` grows with each event. Resolves once the node listens. */
export async function listenToEvents(
  l1: PosL1,
  topics: readonly string[],
): Promise<{ readonly heard: readonly BeaconEvent[]; close(): void }> {
  const heard: BeaconEvent[] = []
  const ending = new AbortController()
  const response = await fetch(`${l1.beaconUrl}/eth/v1/events?topics=${topics.join(',')}`, {
    signal: ending.signal,
  })
  if (!response.ok || response.body === null) throw new Error(`events: ${response.status}`)
  const read = async (body: AsyncIterable<Uint8Array>) => {
    let text = ''
    for await (const chunk of body) {
      const parts = (text + Buffer.from(chunk).toString()).split('\n\n')
      text = parts.pop() ?? ''
      for (const part of parts) {
        const [, topic, data] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? []
        if (topic && data) heard.push({ topic, data: JSON.parse(data) })
      }
    }
  }
  read(response.body).catch(() => {})
  return { heard, close: () => ending.abort() }
}
