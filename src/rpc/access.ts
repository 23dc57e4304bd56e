/** Who may talk to the server: a web page the operator visits must not, unless allowed (DNS rebinding, cross-origin reads). */
import { isIP } from 'node:net'
import type { Client } from './client.ts'

export type Access = {
  /** Host names a request may name; IP addresses may always be named. `*` allows any. */
  readonly vhosts: readonly string[]
  /** Origins of web pages that may read answers. Empty: none. `*` allows any. */
  readonly origins: readonly string[]
}

export function isHostAllowed(host: string | undefined, { vhosts }: Access): boolean {
  // HTTP/1.0 clients may leave it out; browsers never do.
  if (host === undefined || vhosts.includes('*')) return true
  const name = host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
  return isIP(name) !== 0 || vhosts.includes(name)
}

/** A WebSocket has no cross-origin protection of its own, so a page's origin is checked at the handshake. */
export function isOriginAllowed(origin: string | undefined, { origins }: Access): boolean {
  return origin === undefined || origins.includes('*') || origins.includes(origin)
}

/** Methods that cost many times a call, or are for the operator: of programs on this machine, unless `named` gives them to everybody. */
const LOCAL_NAMESPACES: readonly string[] = ['admin', 'debug']

/** `named`: `--http.api`. */
export function isNamespaceServed(namespace: string, named: readonly string[] | undefined): boolean {
  return named === undefined || named.includes(namespace) || LOCAL_NAMESPACES.includes(namespace)
}

/** A client that is not known has shown a token. */
export function mayUse(method: string, client: Client | undefined, named: readonly string[] = []): boolean {
  const namespace = method.slice(0, Math.max(0, method.indexOf('_')))
  return !LOCAL_NAMESPACES.includes(namespace) || named.includes(namespace) || client?.isLocal !== false
}
