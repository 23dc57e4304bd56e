/** Who asks, as far as a connection tells. */
import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'

export type Client = {
  /** What requests are counted by: an IPv4 address, or the first 64 bits of an IPv6 one, which a single subscriber has for itself. */
  readonly address: string
  /** A program on this machine that asks for itself. */
  readonly isLocal: boolean
}

/** A proxy says for whom it asks in one of these. */
const PROXY_HEADERS = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'] as const

/**
 * Only a proxy on this machine is believed: of `X-Forwarded-For` the last entry, which the proxy itself has added. Anybody else could
 * write what he likes there.
 */
export function clientOf({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): Client {
  const address = plainAddress(socket.remoteAddress ?? 'unknown')
  if (!isLoopback(address)) return { address: networkOf(address), isLocal: false }
  if (!PROXY_HEADERS.some((name) => headers[name] !== undefined)) return { address, isLocal: true }
  const forwarded = headers['x-forwarded-for']
  const last = (Array.isArray(forwarded) ? forwarded.at(-1) : forwarded)?.split(',').at(-1)?.trim()
  return { address: last ? networkOf(plainAddress(last)) : address, isLocal: false }
}

export function isLoopback(address: string): boolean {
  return address === '127.0.0.1' || address === '::1'
}

/** IPv4 without its IPv6 clothes. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}

function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const [front = '', back] = address.split('::')
  const groups = front === '' ? [] : front.split(':')
  if (back !== undefined) {
    const rest = back === '' ? [] : back.split(':')
    while (groups.length + rest.length < 8) groups.push('0')
    groups.push(...rest)
  }
  return `${groups.slice(0, 4).join(':')}::/64`
}
