/** The stream by JSON-RPC over WebSocket: the subscriptions `preconfBlocks` and `preconfFrags`, and `based_getPreconfBlocks`. */
import { type RawData, WebSocket } from 'ws'
import { toQuantity } from '../../primitives/hex.ts'
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

/** An answer with blocks: at most one message more than a full one. */
const FRAME_BYTES_MAX = 2 * MESSAGE_CHARS_MAX
/** Notifications that wait to be consumed; past them the socket is not read, unless an answer is behind them. */
const WAITING_MAX = 64
/** What may come before an answer; a source that sends more is let go. */
const WAITING_BEFORE_ANSWER_MAX = 1024
/** Blocks asked for at a time. */
const PAGE = 64

type Connection = {
  call(method: string, params: readonly unknown[]): Promise<unknown>
  /** The next notification; rejects when the connection is over. */
  next(): Promise<unknown>
  close(): void
}

export function createWebSocketSource(url: URL): Source {
  async function* read(from: bigint, signal: AbortSignal): AsyncGenerator<SourceItem> {
    const connection = await connect(url, signal)
    try {
      // What is sealed from now on comes by itself; what was before is asked for, and what comes twice is known.
      for (const kind of ['preconfBlocks', 'preconfFrags']) await connection.call('eth_subscribe', [kind])
      for (let next = from; ; ) {
        const blocks = await getBlocks(connection, next, PAGE)
        for (const json of blocks) yield { type: 'message', json }
        const last = numberOf(blocks.at(-1))
        if (last === undefined || last < next) break
        next = last + 1n
      }
      for (;;) yield readNotification(await connection.next())
    } finally {
      connection.close()
    }
  }

  return {
    name: nameOf(url),
    read,
    async blocks(from, count, signal) {
      const connection = await connect(url, signal)
      try {
        return (await getBlocks(connection, from, count)).slice(0, count)
      } finally {
        connection.close()
      }
    },
  }
}

async function getBlocks(connection: Connection, from: bigint, count: number): Promise<readonly unknown[]> {
  const answer = await connection.call('based_getPreconfBlocks', [toQuantity(from), toQuantity(count)])
  if (!Array.isArray(answer)) throw new SourceGoneError('its blocks are no list')
  return answer
}

function readNotification(json: unknown): SourceItem {
  const isTip = (json as { readonly type?: unknown } | null)?.type === 'tip'
  return isTip ? readTip(json) : { type: 'message', json }
}

/** By its own word: for paging only. */
function numberOf(json: unknown): bigint | undefined {
  const number = (json as { readonly number?: unknown } | null | undefined)?.number
  return typeof number === 'number' && Number.isSafeInteger(number) ? BigInt(number) : undefined
}

async function connect(url: URL, signal: AbortSignal): Promise<Connection> {
  const socket = new WebSocket(url, {
    maxPayload: FRAME_BYTES_MAX,
    perMessageDeflate: false,
    handshakeTimeout: REQUEST_TIMEOUT_MS,
  })
  const answers = new Map<number, (answer: { readonly result?: unknown; readonly error?: unknown }) => void>()
  const waiting: unknown[] = []
  let wake: (() => void) | undefined
  let over: Error | undefined
  let id = 0
  let timer: NodeJS.Timeout | undefined

  const end = (error: Error) => {
    over ??= error
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    for (const answer of answers.values()) answer({})
    answers.clear()
    wake?.()
    socket.terminate()
  }
  const abort = () => end(new SourceGoneError('stopped'))
  const heard = () => {
    clearTimeout(timer)
    // While it is we who do not read, nothing can be heard.
    timer = setTimeout(
      () => (socket.isPaused ? heard() : end(new SourceGoneError('it says nothing any more'))),
      SILENCE_MAX_MS,
    )
    timer.unref()
  }

  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  heard()
  socket.on('error', () => end(new SourceGoneError('it does not answer')))
  socket.on('close', (code) => end(new SourceGoneError(`it closed the connection with code ${code}`)))
  socket.on('message', (data: RawData) => {
    heard()
    receive(data.toString())
  })

  function receive(text: string): void {
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      end(new SourceGoneError('it sent something that is not JSON'))
      return
    }
    const { id: answered, params } = (json ?? {}) as {
      readonly id?: unknown
      readonly params?: { readonly result?: unknown }
    }
    if (typeof answered === 'number') {
      answers.get(answered)?.(json as object)
      answers.delete(answered)
    } else if (params !== undefined) {
      waiting.push(params.result)
      if (waiting.length > WAITING_BEFORE_ANSWER_MAX)
        end(new SourceGoneError('it sends faster than it answers'))
      else if (waiting.length >= WAITING_MAX && answers.size === 0) socket.pause()
      wake?.()
    }
  }

  await new Promise<void>((resolve, reject) => {
    wake = () => reject(over)
    if (over !== undefined) reject(over)
    socket.once('open', () => resolve())
  })
  wake = undefined

  return {
    call: (method, params) =>
      new Promise((resolve, reject) => {
        if (over !== undefined) return reject(over)
        const call = ++id
        if (socket.isPaused) socket.resume()
        const late = setTimeout(
          () => end(new SourceGoneError(`it does not answer ${method}`)),
          REQUEST_TIMEOUT_MS,
        )
        answers.set(call, (answer) => {
          clearTimeout(late)
          if (over !== undefined) reject(over)
          else if (answer.error !== undefined) reject(new SourceGoneError(`it refuses ${method}`))
          else resolve(answer.result)
        })
        socket.send(JSON.stringify({ jsonrpc: '2.0', id: call, method, params }))
      }),
    async next() {
      for (;;) {
        const first = waiting.shift()
        if (first !== undefined) {
          if (waiting.length < WAITING_MAX && socket.isPaused) socket.resume()
          return first
        }
        if (over !== undefined) throw over
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        wake = undefined
      }
    },
    close: () => end(new SourceGoneError('closed')),
  }
}
