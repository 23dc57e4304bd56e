/**
 * A Merkle Patricia trie of which parts may be known by their hash alone. Whoever needs such a part gets a MissingStateError;
 * it is never taken for an empty one. Yellow Paper, appendix D.
 *
 * Nodes are immutable and shared between versions. All keys of one trie have the same length (they are keccak hashes),
 * so no branch holds a value.
 */
import { EMPTY_BYTES, equalBytes } from '../../primitives/bytes.ts'
import { bytesToHex, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256, keccak256Hex } from '../../primitives/keccak.ts'
import { encodeRlp, type RlpItem } from '../../primitives/rlp.ts'
import { MissingStateError } from './source.ts'

export type TrieNode = LeafNode | ExtensionNode | BranchNode | HashNode

/** Paths are nibbles, one a byte. */
export type LeafNode = {
  readonly type: 'leaf'
  readonly path: Uint8Array
  readonly value: Uint8Array
} & Cached
export type ExtensionNode = {
  readonly type: 'extension'
  readonly path: Uint8Array
  readonly child: TrieNode
} & Cached
export type BranchNode = { readonly type: 'branch'; readonly children: readonly (TrieNode | null)[] } & Cached
/** A subtree known by its hash only; `isBranch` where it is proven elsewhere that a branch is its top, as that of an extension always is. */
export type HashNode = { readonly type: 'hash'; readonly hash: Uint8Array; readonly isBranch?: true }

/** Filled in by this file: what a parent holds of the node. Never supply it. */
type Cached = { reference?: RlpItem }

export type Trie = TrieNode | null

export const BRANCH_WIDTH = 16

export function rootHash(trie: Trie): Hash {
  if (trie === null) return EMPTY_TRIE_ROOT
  if (trie.type === 'hash') return bytesToHex(trie.hash)
  const reference = referenceTo(trie)
  // A reference of 32 bytes is the hash; a shorter node is embedded, but the root is hashed whatever its size.
  return reference instanceof Uint8Array ? bytesToHex(reference) : keccak256Hex(encodeRlp(reference))
}

/** The value under `key` (nibbles), or null if the trie proves that there is none. `label` names the trie in errors. */
export function readValue(trie: Trie, key: Uint8Array, label: string): Uint8Array | null {
  let node = trie
  let depth = 0
  for (;;) {
    if (node === null) return null
    switch (node.type) {
      case 'hash':
        throw missing(node, label)
      case 'leaf':
        return pathMatches(node.path, key, depth) ? node.value : null
      case 'extension':
        if (!pathMatches(node.path, key, depth)) return null
        depth += node.path.length
        node = node.child
        break
      case 'branch':
        node = childAt(node, key, depth)
        depth += 1
    }
  }
}

export function writeValue(trie: Trie, key: Uint8Array, value: Uint8Array, label: string): TrieNode {
  return put(trie, key, 0, value, label)
}

/** The trie without `key`; the same object when it was not there. */
export function deleteValue(trie: Trie, key: Uint8Array, label: string): Trie {
  return remove(trie, key, 0, label)
}

function put(node: Trie, key: Uint8Array, depth: number, value: Uint8Array, label: string): TrieNode {
  if (node === null) return { type: 'leaf', path: key.slice(depth), value }
  if (node.type === 'hash') throw missing(node, label)
  if (node.type === 'branch') {
    const child = put(childAt(node, key, depth), key, depth + 1, value, label)
    return withChild(node, key[depth] as number, child)
  }
  const shared = commonLength(node.path, key, depth)
  if (shared === node.path.length) {
    if (node.type === 'leaf') return { type: 'leaf', path: node.path, value }
    return { ...extension(node.path), child: put(node.child, key, depth + shared, value, label) }
  }
  return fork(node, key, depth, shared, value)
}

/** Splits a leaf or an extension where `key` leaves its path. */
function fork(
  node: LeafNode | ExtensionNode,
  key: Uint8Array,
  depth: number,
  shared: number,
  value: Uint8Array,
): TrieNode {
  const children: (TrieNode | null)[] = new Array(BRANCH_WIDTH).fill(null)
  const rest = node.path.subarray(shared + 1)
  const old: TrieNode =
    node.type === 'leaf'
      ? { type: 'leaf', path: rest, value: node.value }
      : rest.length === 0
        ? node.child
        : { ...extension(rest), child: node.child }
  children[node.path[shared] as number] = old
  children[key[depth + shared] as number] = { type: 'leaf', path: key.slice(depth + shared + 1), value }
  const branch: BranchNode = { type: 'branch', children }
  return shared === 0 ? branch : { ...extension(node.path.subarray(0, shared)), child: branch }
}

function remove(node: Trie, key: Uint8Array, depth: number, label: string): Trie {
  if (node === null) return null
  switch (node.type) {
    case 'hash':
      throw missing(node, label)
    case 'leaf':
      return pathMatches(node.path, key, depth) ? null : node
    case 'extension': {
      if (!pathMatches(node.path, key, depth)) return node
      const child = remove(node.child, key, depth + node.path.length, label)
      return child === node.child ? node : prepend(node.path, child, label)
    }
    case 'branch': {
      const before = childAt(node, key, depth)
      const child = remove(before, key, depth + 1, label)
      if (child === before) return node
      const branch = withChild(node, key[depth] as number, child)
      const left = branch.children.flatMap((each, nibble) => (each === null ? [] : [nibble]))
      if (left.length > 1) return branch
      // A branch with one child is none: the child moves up and takes the branch's nibble into its path.
      const nibble = left[0] as number
      return prepend(Uint8Array.of(nibble), branch.children[nibble] ?? null, label)
    }
  }
}

/** `child` with `path` before its own. What a bare hash holds decides the shape, so a bare hash will not do unless it is known to be a branch. */
function prepend(path: Uint8Array, child: Trie, label: string): Trie {
  if (child === null) return null
  switch (child.type) {
    case 'hash':
      if (child.isBranch) return { ...extension(path), child }
      throw missing(child, label)
    case 'branch':
      return { ...extension(path), child }
    case 'leaf':
      return { type: 'leaf', path: join(path, child.path), value: child.value }
    case 'extension':
      return { ...extension(join(path, child.path)), child: child.child }
  }
}

/** What a parent holds of a node: its hash, or its whole structure when that encodes in fewer than 32 bytes. */
function referenceTo(node: Trie): RlpItem {
  if (node === null) return EMPTY_BYTES
  if (node.type === 'hash') return node.hash
  if (node.reference === undefined) {
    const structure = structureOf(node)
    const encoded = encodeRlp(structure)
    node.reference = encoded.length < 32 ? structure : keccak256(encoded)
  }
  return node.reference
}

function structureOf(node: LeafNode | ExtensionNode | BranchNode): readonly RlpItem[] {
  switch (node.type) {
    case 'leaf':
      return [encodePath(node.path, true), node.value]
    case 'extension':
      return [encodePath(node.path, false), referenceTo(node.child)]
    case 'branch':
      return [...node.children.map(referenceTo), EMPTY_BYTES]
  }
}

/** RLP of the node itself, as a witness carries it. */
export function encodeNode(node: LeafNode | ExtensionNode | BranchNode): Uint8Array {
  return encodeRlp(structureOf(node))
}

export function toNibbles(bytes: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(2 * bytes.length)
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    nibbles[2 * i] = byte >> 4
    nibbles[2 * i + 1] = byte & 15
  }
  return nibbles
}

/** Hex-prefix encoding: a flag nibble for odd length and for a leaf, then the nibbles in pairs. */
export function encodePath(path: Uint8Array, isLeaf: boolean): Uint8Array {
  const odd = path.length & 1
  const out = new Uint8Array((path.length >> 1) + 1)
  out[0] = (isLeaf ? 0x20 : 0) | (odd ? 0x10 | (path[0] as number) : 0)
  for (let i = 1, at = odd; at < path.length; i++, at += 2) {
    out[i] = ((path[at] as number) << 4) | (path[at + 1] as number)
  }
  return out
}

/** Null for bytes that are no hex-prefix encoding. */
export function decodePath(bytes: Uint8Array): { isLeaf: boolean; path: Uint8Array } | null {
  const first = bytes[0]
  if (first === undefined || first >= 0x40) return null
  const isOdd = (first & 0x10) !== 0
  if (!isOdd && (first & 0x0f) !== 0) return null
  return { isLeaf: (first & 0x20) !== 0, path: toNibbles(bytes).slice(isOdd ? 1 : 2) }
}

// The reference belongs to one node: building from the path alone keeps an old one from being carried into a new node.
function extension(path: Uint8Array): { type: 'extension'; path: Uint8Array } {
  return { type: 'extension', path }
}

function withChild(branch: BranchNode, nibble: number, child: Trie): BranchNode {
  const children = branch.children.slice()
  children[nibble] = child
  return { type: 'branch', children }
}

function childAt(branch: BranchNode, key: Uint8Array, depth: number): Trie {
  return branch.children[key[depth] as number] ?? null
}

function pathMatches(path: Uint8Array, key: Uint8Array, depth: number): boolean {
  return commonLength(path, key, depth) === path.length
}

function commonLength(path: Uint8Array, key: Uint8Array, depth: number): number {
  let i = 0
  while (i < path.length && path[i] === key[depth + i]) i++
  return i
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length)
  out.set(a)
  out.set(b, a.length)
  return out
}

function missing(node: HashNode, label: string): MissingNodeError {
  return new MissingNodeError({ hash: bytesToHex(node.hash), label })
}

/** A part of a trie is known by its hash alone and is needed. */
export class MissingNodeError extends MissingStateError {
  readonly hash: Hash

  constructor(data: { readonly hash: Hash; readonly label: string }) {
    super({ what: `trie node ${data.hash} of the ${data.label}` })
    this.hash = data.hash
  }
}

/** Nibbles from the root to a part that is known by this hash alone; null when there is none. */
export function pathToHash(trie: Trie, hash: Hash): Uint8Array | null {
  const wanted = hexToBytes(hash)
  const open: { node: TrieNode; path: Uint8Array }[] =
    trie === null ? [] : [{ node: trie, path: EMPTY_BYTES }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, path } = next
    if (node.type === 'hash' && equalBytes(node.hash, wanted)) return path
    if (node.type === 'extension') open.push({ node: node.child, path: join(path, node.path) })
    if (node.type === 'branch')
      for (const [nibble, child] of node.children.entries())
        if (child !== null) open.push({ node: child, path: join(path, Uint8Array.of(nibble)) })
  }
  return null
}

/**
 * Where the deletion of `key` may need a part that is known by its hash alone: the only neighbour of the leaf, which moves up when the
 * leaf is gone. Nibbles from the root; null when there is no such part.
 */
export function loneNeighbour(trie: Trie, key: Uint8Array): Uint8Array | null {
  let node = trie
  let depth = 0
  let neighbour: Uint8Array | null = null
  while (node !== null && (node.type === 'extension' || node.type === 'branch')) {
    if (node.type === 'extension') {
      if (!pathMatches(node.path, key, depth)) return null
      depth += node.path.length
      node = node.child
      continue
    }
    const own = key[depth] as number
    const others = node.children.flatMap((child, nibble) =>
      child === null || nibble === own ? [] : [nibble],
    )
    const [only] = others
    const isHash = others.length === 1 && only !== undefined && node.children[only]?.type === 'hash'
    neighbour = isHash ? join(key.subarray(0, depth), Uint8Array.of(only)) : null
    node = node.children[own] ?? null
    depth += 1
  }
  return node?.type === 'leaf' && pathMatches(node.path, key, depth) ? neighbour : null
}
