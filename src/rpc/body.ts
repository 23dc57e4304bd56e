/** A request body of bounded size: counted while it arrives, so that an endless one costs no more than the bound. */
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
