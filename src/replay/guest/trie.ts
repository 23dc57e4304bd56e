/**
 * Tries of a guest input: nested `{data: "Null" | {Branch} | {Leaf} | {Extension} | {Digest}}`, paths in hex-prefix encoding.
 * A trie over hashed keys is at most 64 nibbles deep, so the nesting is bounded before the recursion can be.
 */
import { decodePath, type Trie, type TrieNode } from '../../engine/state/partialTrie.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../primitives/keccak.ts'
import { requireInput } from '../input.ts'

/** Nibbles of a 32-byte key, and one level more for the leaf below the last branch. */
const DEPTH_MAX = 65

export function parseTrie(json: unknown): Trie {
  return parseNode(json, 0)
}

function parseNode(json: unknown, depth: number): Trie {
  requireInput(depth <= DEPTH_MAX, 'a trie of the witness is deeper than its keys are long')
  if (json === null) return null
  const data = (json as { data?: unknown }).data
  if (data === 'Null') return null
  requireInput(typeof data === 'object' && data !== null, 'a trie node of the witness has no data')
  const [[kind, content] = []] = Object.entries(data)
  switch (kind) {
    case 'Digest': {
      requireInput(
        typeof content === 'string' && /^0x[0-9a-f]{64}$/i.test(content),
        'a digest is not 32 bytes',
      )
      const hash = content.toLowerCase()
      return hash === EMPTY_TRIE_ROOT ? null : { type: 'hash', hash: hexToBytes(hash) }
    }
    case 'Branch': {
      requireInput(Array.isArray(content) && content.length === 16, 'a branch has not sixteen children')
      return { type: 'branch', children: content.map((child) => parseNode(child, depth + 1)) }
    }
    case 'Leaf': {
      const [prefix, value] = pair(content)
      const { path, isLeaf } = pathOf(prefix)
      requireInput(isLeaf, 'a leaf has the path of an extension')
      return { type: 'leaf', path, value: parseBytes(value) }
    }
    case 'Extension': {
      const [prefix, child] = pair(content)
      const { path, isLeaf } = pathOf(prefix)
      requireInput(!isLeaf, 'an extension has the path of a leaf')
      return { type: 'extension', path, child: required(parseNode(child, depth + 1)) }
    }
    default:
      requireInput(false, `unknown kind of trie node: ${String(kind).slice(0, 20)}`)
  }
}

function pair(content: unknown): readonly [unknown, unknown] {
  requireInput(Array.isArray(content) && content.length === 2, 'a trie node has not two parts')
  return [content[0], content[1]]
}

function required(node: Trie): TrieNode {
  requireInput(node !== null, 'an extension leads nowhere')
  return node
}

function parseBytes(json: unknown): Uint8Array {
  const isBytes =
    Array.isArray(json) && json.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255)
  requireInput(isBytes, 'a trie node holds something that is not bytes')
  return Uint8Array.from(json)
}

function pathOf(json: unknown): { readonly path: Uint8Array; readonly isLeaf: boolean } {
  const decoded = decodePath(parseBytes(json))
  requireInput(decoded !== null, 'a path has no valid prefix')
  return decoded
}
