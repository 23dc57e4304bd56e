/** Requests as an abuser makes them: from an address of his own, of any shape, with what came of them in a word. */
import { Agent, request as httpRequest, type OutgoingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'
import { WebSocket } from 'ws'

export type Target = {
  readonly url: string
  /** Of this machine, but not the one its own programs have. */
  readonly from: string
}

const agents = new Map<string, Agent>()
const ANSWER_MAX_MS = 60_000

function agentOf(from: string): Agent {
  const known = agents.get(from) ?? new Agent({ keepAlive: true, maxSockets: 64 })
  agents.set(from, known)
  return known
}

/** Status and error code, as in `200 -32005`; `broken` when there was no answer. */
export function post(
  { url, from }: Target,
  body: string | Uint8Array,
  headers: OutgoingHttpHeaders = {},
): Promise<string> {
  return new Promise((resolve) => {
    const sent = httpRequest(url, {
      method: 'POST',
      agent: agentOf(from),
      localAddress: from,
      headers: { 'content-type': 'application/json', ...headers },
      timeout: ANSWER_MAX_MS,
    })
    sent.on('error', () => resolve('broken'))
    sent.on('timeout', () => {
      resolve('no answer')
      sent.destroy()
    })
    sent.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        if (text.length < 2000) text += part
      })
      response.on('end', () => resolve(outcomeOf(response.statusCode, text)))
      response.on('error', () => resolve('broken'))
    })
    sent.end(body)
  })
}

function outcomeOf(status: number | undefined, text: string): string {
  const code = /"code":(-?\d+)/.exec(text)?.[1]
  return code === undefined ? String(status) : `${status} ${code}`
}

export const call = (method: string, ...params: unknown[]): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })

/** A connection that is held, and written to every second until it is closed. */
export function trickle({ url, from }: Target, first: string, then: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = open(url, from)
    socket.write(first)
    const timer = setInterval(() => socket.write(then), 1000)
    socket.resume()
    socket.on('error', () => {})
    socket.once('close', () => {
      clearInterval(timer)
      resolve('closed')
    })
  })
}

/** Sends without end; what is answered, or `closed`. */
export function flood({ url, from }: Target, first: string, part: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const socket = open(url, from)
    let answer = ''
    socket.on('data', (data) => {
      answer += data
      socket.destroy()
    })
    socket.on('error', () => {})
    socket.once('close', () => resolve(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'closed'))
    socket.write(first)
    const pump = () => {
      while (!socket.destroyed && socket.write(part));
      if (!socket.destroyed) socket.once('drain', pump)
    }
    pump()
  })
}

function open(url: string, from: string): Socket {
  return connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress: from })
}

/** What `use` makes of a WebSocket, or why there was none. */
export function withSocket(
  { url, from }: Target,
  use: (socket: WebSocket) => Promise<string>,
): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), { localAddress: from, perMessageDeflate: false })
    socket.on('error', (error) => resolve(/response: (\d+)/.exec(error.message)?.[1] ?? 'broken'))
    socket.once('open', () =>
      use(socket).then((outcome) => {
        resolve(outcome)
        socket.terminate()
      }),
    )
  })
}
