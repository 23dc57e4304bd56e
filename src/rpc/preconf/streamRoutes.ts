/** The stream over HTTP: `GET /preconf/v0/stream` as server-sent events, `GET /preconf/v0/blocks` for what is missing. docs/following.md. */
import type { Context, Hono } from 'hono'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import {
  BLOCKS_MAX,
  HEARTBEAT_MS,
  openLists,
  readBlocks,
  type StreamDeps,
  textOf,
  tipJson,
} from '../../preconf/stream/feed.ts'
import { MESSAGE_CHARS_MAX, type Message } from '../../preconf/stream/message.ts'
import type { Logger } from '../../telemetry/log.ts'
import { clientOf } from '../client.ts'
import { incomingOf } from '../incoming.ts'

export type StreamRouteDeps = StreamDeps & { readonly logger: Logger }

const CLIENTS_MAX = 256
/** Of one address; what is behind a proxy shares one. */
const CLIENTS_OF_ADDRESS_MAX = 16
/** After a refusal; a client that is gone is noticed by then. Seconds. */
const RETRY_AFTER = '10'
/** Characters waiting for a client that reads slowly: two of the largest blocks. */
const WAITING_CHARS_MAX = 2 * MESSAGE_CHARS_MAX
/** How long a client that is let go may take to hear why. Milliseconds. */
const FAREWELL_MS = 1_000
/** Fits a safe integer. */
const NUMBER = /^[0-9]{1,15}$/

export function addStreamRoutes(app: Hono, deps: StreamRouteDeps): void {
  const { logger } = deps
  let clients = 0
  const byAddress = new Map<string, number>()

  app.get('/preconf/v0/stream', (c) => {
    const from = readNumber(c, 'from')
    if (from === null) return refuse(c, 'from: a block number in decimal digits wanted')
    const incoming = incomingOf(c)
    const address = incoming === undefined ? 'unknown' : clientOf(incoming).address
    const ofAddress = byAddress.get(address) ?? 0
    if (ofAddress >= CLIENTS_OF_ADDRESS_MAX)
      return refuseForNow(
        c,
        429,
        'rateLimited',
        `${CLIENTS_OF_ADDRESS_MAX} clients of one address are served`,
      )
    if (clients >= CLIENTS_MAX)
      return refuseForNow(c, 503, 'busy', `${CLIENTS_MAX} clients are served; ask another follower`)
    clients++
    byAddress.set(address, ofAddress + 1)
    return streamSSE(c, async (stream) => {
      try {
        await serve(deps, stream, from, () => incoming?.socket.destroy())
      } catch (error) {
        logger.error({ error }, 'a client of the preconfirmation stream could not be served')
      } finally {
        clients--
        const left = (byAddress.get(address) ?? 1) - 1
        if (left > 0) byAddress.set(address, left)
        else byAddress.delete(address)
      }
    })
  })

  app.get('/preconf/v0/blocks', async (c) => {
    const [from, count] = [readNumber(c, 'from'), readNumber(c, 'count')]
    if (from === null || from === undefined) return refuse(c, 'from: a block number in decimal digits wanted')
    if (count === null || count === 0n) return refuse(c, `count: 1 to ${BLOCKS_MAX} wanted`)
    const wanted = count === undefined || count > BigInt(BLOCKS_MAX) ? BLOCKS_MAX : Number(count)
    return c.json({ blocks: await readBlocks(deps, from, wanted) })
  })
}

/** Until the client goes, or is too slow; then `hangUp` ends the connection, which nobody reads from. */
async function serve(
  deps: StreamRouteDeps,
  stream: SSEStreamingApi,
  from: bigint | undefined,
  hangUp: () => void,
): Promise<void> {
  const { hub, journal, logger } = deps
  const waiting: string[] = []
  let chars = 0
  let isTooSlow = false
  let giveUp = () => {}
  const tooSlow = new Promise<void>((resolve) => {
    giveUp = resolve
  })
  let isBeatDue = false
  let wake = () => {}
  const stop = hub.subscribe((message) => {
    const text = textOf(message)
    chars += text.length
    if (chars > WAITING_CHARS_MAX) {
      isTooSlow = true
      giveUp()
    } else waiting.push(text)
    wake()
  })
  const beats = setInterval(() => {
    isBeatDue = true
    wake()
  }, HEARTBEAT_MS)
  beats.unref()
  const gone = new Promise<void>((resolve) => {
    stream.onAbort(() => {
      wake()
      resolve()
    })
  })
  // Written by hand: a message has no line breaks, and need not be searched for any.
  const send = (event: string, data: string) => stream.write(`event: ${event}\ndata: ${data}\n\n`)
  // Who does not read would be waited for without end.
  const write = (event: string, data: string) => Promise.race([send(event, data), gone, tooSlow])
  const isOver = () => isTooSlow || stream.aborted || stream.closed

  try {
    for (let next = from; next !== undefined && !isOver(); ) {
      const messages: readonly Message[] = await journal.blocksFrom(next, BLOCKS_MAX)
      for (const message of messages) if (!isOver()) await write('message', textOf(message))
      const last = messages.at(-1)
      next = last?.type === 'sealed' ? last.block.header.number + 1n : undefined
    }
    // Only now: who hears of a block that it does not have asks for it.
    await write('tip', JSON.stringify(tipJson(deps)))
    for (const message of [...openLists(deps), ...hub.open()])
      if (!isOver()) await write('message', textOf(message))
    while (!isOver()) {
      const text = waiting.shift()
      if (text !== undefined) {
        await write('message', text)
        chars -= text.length
      } else if (isBeatDue) {
        isBeatDue = false
        await write('tip', JSON.stringify(tipJson(deps)))
      } else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
    if (isTooSlow) {
      logger.warn({ waitingChars: chars }, 'a client of the preconfirmation stream reads too slowly; let go')
      const farewell = send('dropped', JSON.stringify('reads too slowly'))
      await Promise.race([farewell, new Promise((resolve) => setTimeout(resolve, FAREWELL_MS).unref())])
      stream.abort()
      hangUp()
    }
  } finally {
    stop()
    clearInterval(beats)
  }
}

/** Undefined when it is not given, null when it is no number. */
function readNumber(c: Context, name: string): bigint | undefined | null {
  const text = c.req.query(name)
  if (text === undefined) return undefined
  return NUMBER.test(text) ? BigInt(text) : null
}

function refuseForNow(c: Context, status: 429 | 503, error: string, detail: string): Response {
  c.header('Retry-After', RETRY_AFTER)
  return c.json({ error, detail }, status)
}

function refuse(c: Context, detail: string): Response {
  return c.json({ error: 'malformed', detail }, 400)
}
