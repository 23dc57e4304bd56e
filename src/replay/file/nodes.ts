/** Tries as a list of their RLP nodes, and back: the form a witness file keeps them in. A node shorter than 32 bytes stands inside its parent. */
import { decodePath, encodeNode, type Trie, type TrieNode } from '../../engine/state/partialTrie.ts'
import { bytesToHex, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256Hex } from '../../primitives/keccak.ts'
import { decodeRlp, type RlpItem } from '../../primitives/rlp.ts'
import { requireInput } from '../input.ts'

/** A branch that embeds branches that embed leaves: a node is under 600 bytes, and each level costs two. */
const NODE_DEPTH_MAX = 64
/** Nibbles of a 32-byte key, and one level more for the leaf below the last branch. */
const TRIE_DEPTH_MAX = 65

/** Adds the known nodes of `trie` to `nodes`, by hash. */
export function collectNodes(trie: Trie, nodes: Map<Hash, Uint8Array>): void {
  if (trie === null || trie.type === 'hash') return
  const collect = (node: TrieNode | null, isRoot: boolean): void => {
    if (node === null || node.type === 'hash') return
    const encoded = encodeNode(node)
    if (isRoot || encoded.length >= 32) nodes.set(keccak256Hex(encoded), encoded)
    if (node.type === 'extension') collect(node.child, false)
    if (node.type === 'branch') for (const child of node.children) collect(child, false)
  }
  collect(trie, true)
}

/** The trie under `root`, as far as its nodes are there; what is not stays a hash. `branches`: hashes that are known to be of branches. */
export function buildTrie(
  root: Hash,
  nodes: ReadonlyMap<Hash, Uint8Array>,
  branches?: ReadonlySet<Hash>,
): Trie {
  if (root === EMPTY_TRIE_ROOT) return null
  const resolve = (hash: Hash, depth: number): TrieNode => {
    requireInput(depth <= TRIE_DEPTH_MAX, 'a trie of the witness is deeper than its keys are long')
    const encoded = nodes.get(hash)
    if (encoded === undefined)
      return { type: 'hash', hash: hexToBytes(hash), ...(branches?.has(hash) && { isBranch: true as const }) }
    return parse(decodeRlp(encoded, NODE_DEPTH_MAX), depth)
  }
  const child = (item: RlpItem, depth: number): Trie => {
    if (!(item instanceof Uint8Array)) return parse(item, depth)
    if (item.length === 0) return null
    requireInput(item.length === 32, 'a trie node refers to something that is no hash')
    return resolve(bytesToHex(item), depth)
  }
  const parse = (item: RlpItem, depth: number): TrieNode => {
    requireInput(!(item instanceof Uint8Array), 'a trie node is not a list')
    requireInput(depth <= TRIE_DEPTH_MAX, 'a trie of the witness is deeper than its keys are long')
    if (item.length === 17) {
      return { type: 'branch', children: item.slice(0, 16).map((entry) => child(entry, depth + 1)) }
    }
    const [prefix, content] = item
    requireInput(
      item.length === 2 && prefix instanceof Uint8Array && content !== undefined,
      'a trie node has neither two nor seventeen parts',
    )
    const decoded = decodePath(prefix)
    requireInput(decoded !== null, 'a path has no valid prefix')
    const { path, isLeaf } = decoded
    if (isLeaf) {
      requireInput(content instanceof Uint8Array, 'a leaf holds a list')
      return { type: 'leaf', path, value: content }
    }
    const next = child(content, depth + path.length)
    requireInput(next !== null, 'an extension leads nowhere')
    return { type: 'extension', path, child: next }
  }
  return resolve(root, 0)
}

/** Storage roots of the account leaves that `trie` shows. */
export function* leafValues(trie: Trie): Generator<Uint8Array> {
  if (trie === null || trie.type === 'hash') return
  if (trie.type === 'leaf') yield trie.value
  else if (trie.type === 'extension') yield* leafValues(trie.child)
  else for (const child of trie.children) yield* leafValues(child)
}
