/** A request body of bounded size: counted while it arrives, so that an endless one costs no more than the bound. */
import type { IncomingMessage } from 'node:http'
import { concatBytes } from '../primitives/bytes.ts'

/** Undefined when there is more than `bytesMax`; the rest is not read. */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax) return undefined
  const parts: Uint8Array[] = []
  let size = 0
  if (request.body === null) return new Uint8Array(0)
  for await (const part of request.body as AsyncIterable<Uint8Array>) {
    size += part.length
    if (size > bytesMax) return undefined
    parts.push(part)
  }
  return concatBytes(...parts)
}

/** As `readBody`, of node's own request: without the web's streams, which cost more than all else about a small request. Rejects when the client leaves. */
export function readIncoming(incoming: IncomingMessage, bytesMax: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    if (Number(incoming.headers['content-length'] ?? 0) > bytesMax) return resolve(undefined)
    const parts: Buffer[] = []
    let size = 0
    incoming.on('data', (part: Buffer) => {
      size += part.length
      if (size <= bytesMax) parts.push(part)
      else {
        incoming.pause()
        resolve(undefined)
      }
    })
    incoming.once('end', () => resolve(parts.length === 1 ? parts[0] : Buffer.concat(parts)))
    const leave = () => {
      if (!incoming.complete) reject(new ClientGoneError())
    }
    incoming.once('error', leave)
    incoming.once('close', leave)
  })
}

/** Nobody is there to be answered. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'
}
