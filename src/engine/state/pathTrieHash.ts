/** References of trie nodes: keccak-256 of the node's RLP, or the RLP itself when shorter than 32 bytes. Yellow Paper, appendix D. */
import { assert } from '../../primitives/assert.ts'
import { EMPTY_TRIE_ROOT_BYTES, keccak256 } from '../../primitives/keccak.ts'
import { CHILDREN, EMPTY, type TrieSlot } from './pathTrieRow.ts'

/** The largest node is a leaf with its value; account leaves have at most 110 bytes, branches 532. */
const NODE_BYTES_MAX = 8_192
const HASH_BYTES = 32
const SHORT = 0x80
const LIST = 0xc0

// One node is written at a time, and referenced or copied before the next.
const node = new Uint8Array(NODE_BYTES_MAX)
let end = 0

export function leafReference(nibbles: Uint8Array, depth: number, value: Uint8Array): Uint8Array {
  writeLeaf(nibbles, depth, value)
  return finishReference()
}

export function leafNode(nibbles: Uint8Array, depth: number, value: Uint8Array): Uint8Array {
  writeLeaf(nibbles, depth, value)
  return node.slice(0, end)
}

export function extensionReference(extension: Uint8Array, branch: Uint8Array): Uint8Array {
  writeExtension(extension, branch)
  return finishReference()
}

export function extensionNode(extension: Uint8Array, branch: Uint8Array): Uint8Array {
  writeExtension(extension, branch)
  return node.slice(0, end)
}

export function branchReference(slots: readonly TrieSlot[]): Uint8Array {
  writeBranch(slots)
  return finishReference()
}

export function branchNode(slots: readonly TrieSlot[]): Uint8Array {
  writeBranch(slots)
  return node.slice(0, end)
}

/** Root hash of a trie: the root is hashed however short it is. */
export function rootHash(root: TrieSlot): Uint8Array {
  if (root.kind === EMPTY) return EMPTY_TRIE_ROOT_BYTES
  return root.reference.length === HASH_BYTES ? root.reference : keccak256(root.reference)
}

function finishReference(): Uint8Array {
  return end < HASH_BYTES ? node.slice(0, end) : keccak256(node.subarray(0, end))
}

function writeLeaf(nibbles: Uint8Array, depth: number, value: Uint8Array): void {
  const pathBytes = ((nibbles.length - depth) >> 1) + 1
  assert(value.length + pathBytes + 9 <= NODE_BYTES_MAX, 'a trie value is too large')
  end = 0
  writeHeader(pathSize(pathBytes) + stringSize(value), LIST)
  writePath(nibbles, depth, pathBytes, true)
  writeString(value)
}

function writeExtension(extension: Uint8Array, branch: Uint8Array): void {
  const pathBytes = (extension.length >> 1) + 1
  end = 0
  writeHeader(pathSize(pathBytes) + referenceSize(branch), LIST)
  writePath(extension, 0, pathBytes, false)
  writeReference(branch)
}

function writeBranch(slots: readonly TrieSlot[]): void {
  let size = 1
  for (let i = 0; i < CHILDREN; i++) size += referenceSize((slots[i] as TrieSlot).reference)
  end = 0
  writeHeader(size, LIST)
  for (let i = 0; i < CHILDREN; i++) writeReference((slots[i] as TrieSlot).reference)
  // The value of a branch: keys have one length, so no key ends here.
  node[end++] = SHORT
}

/** Hex-prefix encoding: a flag nibble for odd length and for a leaf, then the nibbles in pairs. As an RLP string. */
function writePath(nibbles: Uint8Array, from: number, pathBytes: number, isLeaf: boolean): void {
  if (pathBytes > 1) writeHeader(pathBytes, SHORT)
  const isOdd = (nibbles.length - from) & 1
  node[end++] = (isLeaf ? 0x20 : 0) | (isOdd ? 0x10 | (nibbles[from] as number) : 0)
  for (let at = from + isOdd; at < nibbles.length; at += 2)
    node[end++] = ((nibbles[at] as number) << 4) | (nibbles[at + 1] as number)
}

/** A one-byte path is below 0x40 and its own RLP. */
function pathSize(pathBytes: number): number {
  return pathBytes === 1 ? 1 : headerSize(pathBytes) + pathBytes
}

function writeReference(reference: Uint8Array): void {
  // Absent is the empty string; a hash is a string of 32 bytes; anything shorter is a node, RLP already.
  if (reference.length === 0) node[end++] = SHORT
  else {
    if (reference.length === HASH_BYTES) node[end++] = SHORT + HASH_BYTES
    node.set(reference, end)
    end += reference.length
  }
}

function referenceSize(reference: Uint8Array): number {
  return reference.length === HASH_BYTES ? 1 + HASH_BYTES : Math.max(1, reference.length)
}

function writeString(bytes: Uint8Array): void {
  if (bytes.length !== 1 || (bytes[0] as number) >= SHORT) writeHeader(bytes.length, SHORT)
  node.set(bytes, end)
  end += bytes.length
}

function stringSize(bytes: Uint8Array): number {
  if (bytes.length === 1 && (bytes[0] as number) < SHORT) return 1
  return headerSize(bytes.length) + bytes.length
}

function writeHeader(length: number, base: number): void {
  if (length < 56) node[end++] = base + length
  else if (length < 256) {
    node[end++] = base + 56
    node[end++] = length
  } else {
    node[end++] = base + 57
    node[end++] = length >> 8
    node[end++] = length & 255
  }
}

function headerSize(length: number): number {
  return length < 56 ? 1 : length < 256 ? 2 : 3
}
