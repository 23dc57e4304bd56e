/**
 * A stored branch. Only branches have rows: an extension lives in the slot of the branch above it, and a leaf's content in
 * its flat row, with its reference in the slot.
 *
 * Row: kinds (4 bytes, little-endian, 2 bits a child), then for each child that is there: length and bytes of its reference,
 * and for an extension the number of its nibbles and the nibbles in pairs.
 */
import { assert } from '../../primitives/assert.ts'

export const EMPTY = 0
export const LEAF = 1
/** A branch, behind an extension when `extension` has nibbles. */
export const BRANCH = 2
/** In a row only: a branch behind an extension. */
const EXTENDED = 3

export type TrieSlot = {
  readonly kind: typeof EMPTY | typeof LEAF | typeof BRANCH
  /** How the parent names it: keccak-256 of its RLP, or the RLP itself when shorter than 32 bytes. */
  readonly reference: Uint8Array
  readonly extension: Uint8Array
  /** Reference of the branch behind the extension, where it is known; rows do not keep it. */
  readonly branch?: Uint8Array
}

const NO_BYTES = new Uint8Array(0)
export const EMPTY_SLOT: TrieSlot = { kind: EMPTY, reference: NO_BYTES, extension: NO_BYTES }
export const CHILDREN = 16
/** 16 references of 32 bytes, each with its length and an extension of at most 64 nibbles. */
const ROW_BYTES_MAX = 4 + CHILDREN * (1 + 32 + 1 + 32)

export function leafSlot(reference: Uint8Array): TrieSlot {
  return { kind: LEAF, reference, extension: NO_BYTES }
}

export function branchSlot(reference: Uint8Array, extension: Uint8Array = NO_BYTES): TrieSlot {
  return { kind: BRANCH, reference, extension }
}

// A plain array: slices and views of a Buffer are Buffers, which cost several times as much to make.
const scratch = new Uint8Array(ROW_BYTES_MAX)

export function encodeRow(slots: readonly TrieSlot[]): Uint8Array {
  let kinds = 0
  let at = 4
  for (let i = 0; i < CHILDREN; i++) {
    const slot = slots[i]
    if (slot === undefined || slot.kind === EMPTY) continue
    const { reference, extension } = slot
    kinds |= (extension.length > 0 ? EXTENDED : slot.kind) << (2 * i)
    scratch[at++] = reference.length
    scratch.set(reference, at)
    at += reference.length
    if (extension.length === 0) continue
    scratch[at++] = extension.length
    for (let n = 0; n < extension.length; n += 2)
      scratch[at++] = ((extension[n] ?? 0) << 4) | (extension[n + 1] ?? 0)
  }
  for (let i = 0; i < 4; i++) scratch[i] = kinds >>> (8 * i)
  return scratch.slice(0, at)
}

/** References are views into `row`. */
export function decodeRow(row: Uint8Array): TrieSlot[] {
  const kinds = byteAt(row, 0) | (byteAt(row, 1) << 8) | (byteAt(row, 2) << 16) | (byteAt(row, 3) << 24)
  const slots = new Array<TrieSlot>(CHILDREN)
  let at = 4
  for (let i = 0; i < CHILDREN; i++) {
    const kind = (kinds >>> (2 * i)) & 3
    if (kind === EMPTY) {
      slots[i] = EMPTY_SLOT
      continue
    }
    const length = byteAt(row, at++)
    const reference = row.subarray(at, at + length)
    at += length
    if (kind !== EXTENDED) {
      slots[i] = kind === LEAF ? leafSlot(reference) : branchSlot(reference)
      continue
    }
    const nibbles = byteAt(row, at++)
    const extension = new Uint8Array(nibbles)
    for (let n = 0; n < nibbles; n++) {
      const pair = byteAt(row, at + (n >> 1))
      extension[n] = n & 1 ? pair & 15 : pair >> 4
    }
    at += (nibbles + 1) >> 1
    slots[i] = branchSlot(reference, extension)
  }
  assert(at === row.length, 'a trie row has bytes left over')
  return slots
}

function byteAt(row: Uint8Array, at: number): number {
  const byte = row[at]
  assert(byte !== undefined, 'a trie row ends early')
  return byte
}
