/** A face behind a real socket on 127.0.0.1: JSON-RPC, beacon API and blob servers on one port. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Fetch } from './face.ts'

export type L1Server = { readonly url: string; close(): Promise<void> }

/** On any port that is free, unless one is named. */
export async function serveL1(face: { readonly fetch: Fetch }, port = 0): Promise<L1Server> {
  const server = createServer((request, response) => {
    answer(face.fetch, url, request, response).catch(() => response.destroy())
  })
  // Longer than any client is silent: a connection that closes just as it is used again is no fault that is meant here.
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  fetch: Fetch,
  origin: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body: Buffer[] = []
  for await (const chunk of request) body.push(chunk as Buffer)
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const method = request.method ?? 'GET'
  const result = await fetch(new URL(request.url ?? '/', origin), {
    method,
    headers: Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    signal: gone.signal,
    ...(method === 'POST' ? { body: Buffer.concat(body) } : {}),
  })
  response.writeHead(result.status, Object.fromEntries(result.headers))
  for await (const chunk of result.body ?? []) await write(response, chunk as Uint8Array)
  response.end()
}

/** Until it is on its way: what was sent before a connection is cut arrives. */
function write(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(chunk, (error) => (error ? reject(error) : resolve()))
  })
}
