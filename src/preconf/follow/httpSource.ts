/** Server-sent events of `/preconf/v0/stream` (https://html.spec.whatwg.org/multipage/server-sent-events.html), read with bounds. */
import { MESSAGE_CHARS_MAX } from '../stream/message.ts'
import {
  nameOf,
  REQUEST_TIMEOUT_MS,
  readTip,
  SILENCE_MAX_MS,
  type Source,
  SourceGoneError,
  type SourceItem,
} from './source.ts'

/** A line: a message behind its field name. */
const LINE_CHARS_MAX = MESSAGE_CHARS_MAX + 16
/** An answer with blocks: at most one message more than a full one. */
const ANSWER_BYTES_MAX = 2 * MESSAGE_CHARS_MAX

export function createHttpSource(url: URL): Source {
  const base = new URL(url)
  const pathOf = (path: string, query: Record<string, string>) => {
    const target = new URL(base)
    target.pathname = `${base.pathname.replace(/\/$/, '')}${path}`
    for (const [key, value] of Object.entries(query)) target.searchParams.set(key, value)
    return target
  }
  const name = nameOf(url)

  async function ask(target: URL, accept: string, signal: AbortSignal): Promise<Response> {
    const response = await fetch(target, { signal, headers: { accept } }).catch((cause: unknown) => {
      throw new SourceGoneError('it does not answer', { cause })
    })
    if (!response.ok || response.body === null) {
      await response.body?.cancel()
      throw new SourceGoneError(`it answers with status ${response.status}`)
    }
    return response
  }

  return {
    name,
    async *read(from, signal) {
      const silence = new AbortController()
      const both = AbortSignal.any([signal, silence.signal])
      const heard = () => {
        clearTimeout(timer)
        timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS)
        timer.unref()
      }
      let timer: NodeJS.Timeout | undefined
      heard()
      try {
        const response = await ask(
          pathOf('/preconf/v0/stream', { from: from.toString() }),
          'text/event-stream',
          both,
        )
        for await (const event of readEvents(response, heard)) yield readEvent(event)
        throw new SourceGoneError('it ended the stream')
      } catch (error) {
        if (silence.signal.aborted && !signal.aborted) throw new SourceGoneError('it says nothing any more')
        if (signal.aborted || error instanceof SourceGoneError) throw error
        throw new SourceGoneError('the connection broke', { cause: error })
      } finally {
        clearTimeout(timer)
      }
    },
    async blocks(from, count, signal) {
      const both = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)])
      const target = pathOf('/preconf/v0/blocks', { from: from.toString(), count: count.toString() })
      const response = await ask(target, 'application/json', both)
      const json = JSON.parse(await readText(response)) as { readonly blocks?: unknown }
      if (!Array.isArray(json.blocks)) throw new SourceGoneError('its blocks are no list')
      return json.blocks.slice(0, count)
    },
  }
}

type ServerEvent = { readonly name: string; readonly data: string; readonly isCut: boolean }

function readEvent({ name, data, isCut }: ServerEvent): SourceItem {
  if (isCut) return { type: 'unreadable', detail: `a line of more than ${LINE_CHARS_MAX} characters` }
  if (name === 'dropped') throw new SourceGoneError(`it let us go: ${data.slice(0, 200)}`)
  let json: unknown
  try {
    json = JSON.parse(data)
  } catch {
    return { type: 'unreadable', detail: 'not JSON' }
  }
  return name === 'tip' ? readTip(json) : { type: 'message', json }
}

/** Of each event only the last data line counts: ours have one. */
async function* readEvents(response: Response, heard: () => void): AsyncGenerator<ServerEvent> {
  let name = 'message'
  let data: string | undefined
  let isCut = false
  for await (const line of readLines(response, heard)) {
    if (line.text === '') {
      if (data !== undefined || isCut) yield { name, data: data ?? '', isCut }
      name = 'message'
      data = undefined
      isCut = false
    } else if (line.isCut) isCut = true
    else if (line.text.startsWith('event:')) name = line.text.slice(6).trim()
    else if (line.text.startsWith('data:')) data = line.text.slice(5)
  }
}

/** Lines up to LINE_CHARS_MAX; what is longer is passed over and said to be cut. */
async function* readLines(
  response: Response,
  heard: () => void,
): AsyncGenerator<{ readonly text: string; readonly isCut: boolean }> {
  const decoder = new TextDecoder()
  let parts: string[] = []
  let length = 0
  const take = (part: string) => {
    length += part.length
    if (length <= LINE_CHARS_MAX) parts.push(part)
    else parts = []
  }
  for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
    heard()
    const chunk = decoder.decode(bytes, { stream: true })
    let at = 0
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', at)) {
      take(chunk.slice(at, end))
      at = end + 1
      const isCut = length > LINE_CHARS_MAX
      // Anything but an empty text: an empty line would end the event.
      yield { text: isCut ? ':' : parts.join('').replace(/\r$/, ''), isCut }
      parts = []
      length = 0
    }
    take(chunk.slice(at))
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  const parts: string[] = []
  let size = 0
  for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += bytes.length
    if (size > ANSWER_BYTES_MAX) throw new SourceGoneError('its answer is too large')
    parts.push(decoder.decode(bytes, { stream: true }))
  }
  return parts.join('')
}
