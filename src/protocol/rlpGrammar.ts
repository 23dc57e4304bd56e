/**
 * RLP by grammar: one pass over foreign bytes that says where each item lies, without building a tree.
 * Depth is bounded by the grammar itself, so no nesting can exhaust the stack. Agrees with `@ethereumjs/rlp` on what is
 * canonical (test/unit/protocol/rlpGrammar.test.ts).
 */

/** Where the content of an item lies, its header excluded. */
export type RlpSpan = { readonly isList: boolean; readonly start: number; readonly end: number }

/** Whether an item has the form the grammar asks for. Total: foreign bytes never make it throw. */
export type RlpForm = (bytes: Uint8Array, item: RlpSpan) => boolean

/** A length above this has no bytes behind it in any payload; it also keeps sums exact. */
const LENGTH_BYTES_MAX = 6

/** The item whose header is at `at`; undefined if the header is not canonical or the item ends after `limit`. */
export function readRlpItem(bytes: Uint8Array, at: number, limit: number): RlpSpan | undefined {
  if (at >= limit) return undefined
  const first = bytes[at] as number
  if (first < 0x80) return { isList: false, start: at, end: at + 1 }
  const isList = first >= 0xc0
  const short = first - (isList ? 0xc0 : 0x80)
  if (short <= 55) {
    const start = at + 1
    const end = start + short
    if (end > limit) return undefined
    // A byte below 0x80 stands for itself; with a header it would be a second encoding of the same item.
    if (!isList && short === 1 && (bytes[start] as number) < 0x80) return undefined
    return { isList, start, end }
  }
  const lengthBytes = short - 55
  const start = at + 1 + lengthBytes
  if (start > limit || lengthBytes > LENGTH_BYTES_MAX || bytes[at + 1] === 0) return undefined
  let length = 0
  for (let i = at + 1; i < start; i++) length = length * 256 + (bytes[i] as number)
  if (length <= 55 || start + length > limit) return undefined
  return { isList, start, end: start + length }
}

/** An unsigned integer without leading zeros, of at most `bits` bits. */
export function uint(bits: number): RlpForm {
  return (bytes, item) =>
    !item.isList && item.end - item.start <= bits / 8 && !(item.end > item.start && bytes[item.start] === 0)
}

export const byteString: RlpForm = (_, item) => !item.isList

export function fixedBytes(size: number): RlpForm {
  return (_, item) => !item.isList && item.end - item.start === size
}

/** Zero or one. */
export const bool: RlpForm = (bytes, item) =>
  !item.isList && (item.end === item.start || (item.end - item.start === 1 && bytes[item.start] === 1))

export function either(a: RlpForm, b: RlpForm): RlpForm {
  return (bytes, item) => a(bytes, item) || b(bytes, item)
}

/** A list of exactly these. */
export function struct(...fields: readonly RlpForm[]): RlpForm {
  return (bytes, list) => {
    if (!list.isList) return false
    let at = list.start
    for (const field of fields) {
      const item = readRlpItem(bytes, at, list.end)
      if (item === undefined || !field(bytes, item)) return false
      at = item.end
    }
    return at === list.end
  }
}

/** A list of any number of these. */
export function listOf(element: RlpForm): RlpForm {
  return (bytes, list) => {
    if (!list.isList) return false
    // Ends: every item is at least one byte long.
    for (let at = list.start; at < list.end; ) {
      const item = readRlpItem(bytes, at, list.end)
      if (item === undefined || !element(bytes, item)) return false
      at = item.end
    }
    return true
  }
}

/** Value of an item that `uint` accepted. */
export function readUint(bytes: Uint8Array, item: RlpSpan): bigint {
  let value = 0n
  for (let i = item.start; i < item.end; i++) value = (value << 8n) | BigInt(bytes[i] as number)
  return value
}
