/**
 * Root of the Merkle Patricia trie that maps RLP(index) to a value: transactions, receipts and withdrawals of a block.
 * Built in one pass over the sorted keys; the general trie library takes 38 times as long for 300 receipts (bench/orderedTrie.ts).
 * Yellow Paper, appendix D.
 */
import { RLP } from '@ethereumjs/rlp'
import { bigintToBytes, EMPTY_BYTES } from './bytes.ts'
import { bytesToHex, type Hash } from './hex.ts'
import { EMPTY_TRIE_ROOT, keccak256 } from './keccak.ts'
import { encodeRlp } from './rlp.ts'

type Entry = { readonly nibbles: Uint8Array; readonly value: Uint8Array }
/** A node as its parent holds it: its hash, or the node itself when its RLP is shorter than 32 bytes. */
type NodeReference = Uint8Array | NodeContent
type NodeContent = readonly NodeReference[]

/** Of a hex-prefixed path's first byte. */
const LEAF_FLAG = 0x20
const ODD_FLAG = 0x10

export function orderedTrieRoot(values: readonly Uint8Array[]): Hash {
  if (values.length === 0) return EMPTY_TRIE_ROOT
  return bytesToHex(keccak256(encodeRlp(buildTrie(values))))
}

/**
 * For each of the indexes the RLP of the nodes on the way from the root to its value, root first; nodes that lie inside their parent are
 * left out. What `verifyMerkleProof` of @ethereumjs/mpt takes, with the key RLP(index).
 */
export function orderedTrieProofs(
  values: readonly Uint8Array[],
  indexes: readonly number[],
): readonly (readonly Uint8Array[])[] {
  const known = new Map<string, Uint8Array>()
  const root = encodeRlp(buildTrie(values, known))
  return indexes.map((index) => {
    if (index < 0 || index >= values.length) throw new RangeError(`no value ${index} of ${values.length}`)
    return collectProof(root, toNibbles(encodeRlp(bigintToBytes(BigInt(index)))), known)
  })
}

function collectProof(
  root: Uint8Array,
  nibbles: Uint8Array,
  known: ReadonlyMap<string, Uint8Array>,
): readonly Uint8Array[] {
  const proof = [root]
  let node = RLP.decode(root) as NodeContent
  let at = 0
  while (at < nibbles.length) {
    let next: NodeReference
    if (node.length === 17) next = node[nibbles[at++] as number] as NodeReference
    else {
      const path = node[0] as Uint8Array
      const flags = path[0] as number
      if (flags & LEAF_FLAG) break
      at += 2 * (path.length - 1) + (flags & ODD_FLAG ? 1 : 0)
      next = node[1] as NodeReference
    }
    const encoded = next instanceof Uint8Array ? known.get(bytesToHex(next)) : undefined
    if (encoded !== undefined) proof.push(encoded)
    node = encoded === undefined ? (next as NodeContent) : (RLP.decode(encoded) as NodeContent)
  }
  return proof
}

function buildTrie(values: readonly Uint8Array[], known?: Map<string, Uint8Array>): NodeContent {
  const entries = values.map((value, index) => ({
    nibbles: toNibbles(encodeRlp(bigintToBytes(BigInt(index)))),
    value,
  }))
  entries.sort((a, b) => Buffer.compare(a.nibbles, b.nibbles))
  return buildNode(entries, 0, entries.length, 0, known)
}

/** `known` takes every node that its parent names by hash. */
function buildNode(
  entries: readonly Entry[],
  from: number,
  to: number,
  depth: number,
  known?: Map<string, Uint8Array>,
): NodeContent {
  const first = entries[from] as Entry
  if (to - from === 1) return [compactPath(first.nibbles, depth, first.nibbles.length, true), first.value]
  const last = entries[to - 1] as Entry
  let fork = depth
  while (first.nibbles[fork] === last.nibbles[fork]) fork++
  const children: NodeReference[] = new Array(17).fill(EMPTY_BYTES)
  for (let start = from; start < to; ) {
    const nibble = (entries[start] as Entry).nibbles[fork] as number
    let end = start + 1
    while (end < to && (entries[end] as Entry).nibbles[fork] === nibble) end++
    children[nibble] = reference(buildNode(entries, start, end, fork + 1, known), known)
    start = end
  }
  if (fork === depth) return children
  return [compactPath(first.nibbles, depth, fork, false), reference(children, known)]
}

function reference(node: NodeContent, known?: Map<string, Uint8Array>): NodeReference {
  const encoded = encodeRlp(node)
  if (encoded.length < 32) return node
  const hash = keccak256(encoded)
  known?.set(bytesToHex(hash), encoded)
  return hash
}

function toNibbles(key: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(2 * key.length)
  for (let i = 0; i < key.length; i++) {
    const byte = key[i] as number
    nibbles[2 * i] = byte >> 4
    nibbles[2 * i + 1] = byte & 15
  }
  return nibbles
}

/** Hex-prefix encoding of a path: a flag nibble for odd length and for a leaf, then the nibbles in pairs. */
function compactPath(nibbles: Uint8Array, from: number, to: number, leaf: boolean): Uint8Array {
  const odd = (to - from) & 1
  const out = new Uint8Array(((to - from) >> 1) + 1)
  out[0] = (leaf ? LEAF_FLAG : 0) | (odd ? ODD_FLAG | (nibbles[from] as number) : 0)
  for (let i = 1, at = from + odd; at < to; i++, at += 2) {
    out[i] = ((nibbles[at] as number) << 4) | (nibbles[at + 1] as number)
  }
  return out
}
