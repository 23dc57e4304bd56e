/**
 * Routes on node's own request and response, beside the web's (http.ts): for what anybody may ask very often, at a fraction of the cost
 * of a Request, a Response and their streams. Host names and origins are treated as on every other route.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Access, isHostAllowed } from './access.ts'

export type Door = {
  takes(request: IncomingMessage): boolean
  /** Never rejects. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
}

export type Headers = Readonly<Record<string, string>>

/** Whether the request was refused, and answered so: its host is not ours. */
export function refuseHost(request: IncomingMessage, response: ServerResponse, access: Access): boolean {
  if (isHostAllowed(request.headers.host, access)) return false
  refuse(response, 403, 'invalid host: add its name to --http.vhosts')
  return true
}

/** What `cors` of Hono adds to an answer; what a browser asks before it asks (OPTIONS) is its own. */
export function originHeaders(origin: string | undefined, { origins }: Access): Headers {
  if (origins.length === 0) return {}
  if (origins.includes('*')) return { 'Access-Control-Allow-Origin': '*' }
  if (origin === undefined || !origins.includes(origin)) return { Vary: 'Origin' }
  return { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' }
}

/** A sentence for people. */
export function refuse(
  response: ServerResponse,
  status: number,
  sentence: string,
  headers: Headers = {},
): void {
  endWith(response, status, { 'Content-Type': 'text/plain; charset=UTF-8', ...headers }, `${sentence}\n`)
}

export function endWith(response: ServerResponse, status: number, headers: Headers, text: string): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) }).end(text)
}
