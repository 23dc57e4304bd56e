/**
 * How much there is to parse in a body, by one look at its bytes. What parses slowest for its size is told apart by it: a million
 * brackets, or one object of so many keys that no method takes, hold the node up for as long as a thousand honest requests.
 */
import { limitExceeded, RpcError } from './errors.ts'

/** Lists and objects inside one another. The deepest parameter of any method has eight; go-ethereum's parser takes 10,000. */
const DEPTH_MAX = 64
/** In one list or object: twice as many as any method takes (the calls of a block of `eth_simulateV1`). */
const MEMBERS_MAX = 10_000
const TOO_DEEP = `at most ${DEPTH_MAX} lists and objects inside one another wanted`

export type BodyShape = {
  /** Commas and colons, which there are about as many of as values and keys. Counted up to where a bound was passed. */
  readonly separators: number
  /** The answer to what passes a bound. A parser may set a limit on depth (RFC 8259 §9). */
  readonly problem?: RpcError
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Of bytes that are JSON; of others it tells something, and the parser tells the rest. */
export function shapeOf(body: Uint8Array): BodyShape {
  const membersAt = new Uint32Array(DEPTH_MAX + 1)
  let depth = 0
  let separators = 0
  for (let i = 0; i < body.length; i++) {
    switch (body[i]) {
      case QUOTE:
        i = endOfString(body, i)
        break
      case COLON:
        separators++
        break
      case COMMA: {
        separators++
        const members = (membersAt[depth] ?? 0) + 1
        membersAt[depth] = members
        if (members >= MEMBERS_MAX)
          return {
            separators,
            problem: limitExceeded(`at most ${MEMBERS_MAX} members of one list or object wanted`),
          }
        break
      }
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth++
        if (depth > DEPTH_MAX)
          return { separators, problem: new RpcError({ code: 'parse', message: TOO_DEEP }) }
        membersAt[depth] = 0
        break
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth = Math.max(0, depth - 1)
        break
    }
  }
  return { separators }
}

/** Where the string that begins at `start` ends. Most of a large body is in strings, and the engine looks through them the fastest. */
function endOfString(body: Uint8Array, start: number): number {
  for (let end = body.indexOf(QUOTE, start + 1); end >= 0; end = body.indexOf(QUOTE, end + 1)) {
    let escapes = 0
    while (body[end - 1 - escapes] === BACKSLASH) escapes++
    if (escapes % 2 === 0) return end
  }
  return body.length
}
