/** Servers that a slow or a crowding client cannot hold up: started with a sentence when a port is not to be had, and stopped at once. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CriticalError } from '../primitives/errors.ts'
import type { RpcLimits } from './limits.ts'

const HEADER_BYTES_MAX = 16 * 1024

export function boundedServer(
  listener: RequestListener,
  limits: Pick<RpcLimits, 'headersTimeoutMs' | 'requestTimeoutMs' | 'connectionsMax'>,
): Server {
  const { headersTimeoutMs, requestTimeoutMs } = limits
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Node looks for late connections this often; its default of 30 s would make the timeouts above meaningless.
      connectionsCheckingInterval: Math.ceil(headersTimeoutMs / 4),
    },
    listener,
  )
  // Their bytes are bounded. By a number, node would leave out the last ones without a word: those that a proxy puts behind the client's own.
  server.maxHeadersCount = 0
  server.maxConnections = limits.connectionsMax
  return server
}

/** The port, chosen by the system for 0. Throws a CriticalError with a sentence when it cannot be had. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(cause, host, port)))
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): CriticalError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} on ${host} is in use by another program; stop it or choose another port`,
    EACCES: `port ${port} on ${host} may not be opened by this user; choose one above 1023`,
    EADDRNOTAVAIL: `${host} is not an address of this machine; choose another one to listen on`,
  }
  const reason = reasons[cause.code ?? ''] ?? `cannot listen on ${host}:${port}: ${cause.message}`
  return new CriticalError(reason, { cause })
}

/** As it stands in a URL. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** Requests under way are cut off: a client asks again, a node that stops has a database to close. */
export function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
