/** JSON-RPC over WebSocket: the same methods, and pushed notifications. A client that does not read is let go. */
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import type { Logger } from '../telemetry/log.ts'
import { type Access, isHostAllowed, isOriginAllowed } from './access.ts'
import { clientOf } from './client.ts'
import type { Dispatcher } from './jsonrpc.ts'
import { resultText } from './jsonText.ts'
import type { RpcLimits } from './limits.ts'
import type { PushConnection } from './method.ts'

/** Requests of one connection worked on at a time; past them its socket is not read. */
const IN_FLIGHT_MAX = 16
/** A connection that has not answered the last ping by the next is dead. */
const PING_INTERVAL_MS = 30_000
/** RFC 6455 §7.4.1. */
const GOING_AWAY = 1001

export type WsServer = { close(): void }

export function attachWebSocket(
  server: Server,
  deps: {
    readonly dispatcher: Dispatcher
    readonly limits: RpcLimits
    readonly access: Access
    readonly logger: Logger
  },
): WsServer {
  const { dispatcher, limits, access, logger } = deps
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.bodyBytesMax,
    perMessageDeflate: false,
  })
  const alive = new WeakSet<WebSocket>()
  /** Open connections by address. */
  const openOf = new Map<string, number>()

  server.on('upgrade', (request, socket, head) => {
    const status = refuseHandshake(request)
    if (status !== undefined) return refuse(socket, status)
    sockets.handleUpgrade(request, socket, head, serve)
  })

  function refuseHandshake(request: IncomingMessage): number | undefined {
    const { host, origin } = request.headers
    if (!isHostAllowed(host, access) || !isOriginAllowed(origin, access)) return 403
    if (sockets.clients.size >= limits.connectionsMax) return 503
    return (openOf.get(clientOf(request).address) ?? 0) >= limits.socketsPerAddressMax ? 429 : undefined
  }

  function serve(socket: WebSocket, request: IncomingMessage): void {
    const client = clientOf(request)
    openOf.set(client.address, (openOf.get(client.address) ?? 0) + 1)
    const subscriptions: PushConnection['subscriptions'] = new Map()
    const gone = new AbortController()
    let inFlight = 0
    /** Asked too much: what it sends meanwhile waits at its own end. */
    let isHeld = false

    const resume = () => {
      if (!isHeld && inFlight < IN_FLIGHT_MAX && socket.isPaused) socket.resume()
    }
    const onLimited = (seconds: number) => {
      if (isHeld) return
      isHeld = true
      socket.pause()
      setTimeout(() => {
        isHeld = false
        resume()
      }, seconds * 1000).unref()
    }
    const send = (text: string) => {
      if (socket.readyState !== socket.OPEN) return
      socket.send(text)
      endUnlessRead()
    }
    const endUnlessRead = () => {
      if (socket.bufferedAmount <= limits.unreadBytesMax) return
      logger.warn({ unreadBytes: socket.bufferedAmount }, 'a WebSocket client does not read; closing it')
      // A close frame would wait behind what is not read; only ending the connection frees the memory.
      socket.terminate()
    }
    const notify = (subscription: string, result: unknown) =>
      send(
        `{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":${JSON.stringify(subscription)},"result":${resultText(result)}}}`,
      )

    async function answer(body: Uint8Array): Promise<void> {
      const afterReply: (() => void)[] = []
      const connection = { subscriptions, notify, afterReply: (work: () => void) => afterReply.push(work) }
      const text = await dispatcher.handle(body, { signal: gone.signal, client, connection, onLimited })
      if (text !== undefined) send(text)
      for (const work of afterReply) if (!gone.signal.aborted) work()
    }

    alive.add(socket)
    socket.on('pong', () => alive.add(socket))
    // Each is answered by a pong, which waits in our memory when nobody reads it.
    socket.on('ping', endUnlessRead)
    socket.on('error', (error) => logger.debug({ error }, 'a WebSocket connection failed'))
    socket.on('close', () => {
      gone.abort()
      const left = (openOf.get(client.address) ?? 1) - 1
      if (left === 0) openOf.delete(client.address)
      else openOf.set(client.address, left)
      for (const end of subscriptions.values()) end()
      subscriptions.clear()
    })
    socket.on('message', (data) => {
      if (++inFlight >= IN_FLIGHT_MAX) socket.pause()
      answer(toBytes(data))
        .catch((error) => logger.error({ error }, 'answering a WebSocket request failed'))
        .finally(() => {
          inFlight--
          resume()
        })
    })
  }

  const pings = setInterval(() => {
    for (const socket of sockets.clients) {
      if (!alive.delete(socket)) socket.terminate()
      else socket.ping()
    }
  }, PING_INTERVAL_MS)
  pings.unref()

  return {
    close() {
      clearInterval(pings)
      for (const socket of sockets.clients) {
        socket.close(GOING_AWAY)
        socket.terminate()
      }
      sockets.close()
    },
  }
}

function refuse(socket: Duplex, status: number): void {
  // The server has let go of it: unheard, its error would end the process, and half open it would keep the server from closing.
  socket.on('error', () => {})
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}
