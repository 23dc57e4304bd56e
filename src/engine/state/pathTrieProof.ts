/** Merkle proofs: the nodes from the root to a key, or to where its path ends. EIP-1186. */
import { equalBytes } from '../../primitives/bytes.ts'
import { branchNode, branchReference, extensionNode, extensionReference, leafNode } from './pathTrieHash.ts'
import { missing, type TrieLeaf } from './pathTrieMemory.ts'
import { positionBeside, positionOnPath, type TriePosition } from './pathTriePath.ts'
import { decodeRow, EMPTY, LEAF, type TrieSlot } from './pathTrieRow.ts'

/** Rows of one trie at one moment. Both throw when there is none. */
export type ProofReader = {
  row(position: TriePosition): Promise<Uint8Array>
  /** The leaf whose slot, `depth` nibbles down the path to `position`, is `slot`. */
  leaf(position: TriePosition, depth: number, slot: TrieSlot): Promise<TrieLeaf>
}

/**
 * RLP of the nodes, root first. Nodes shorter than 32 bytes are inside their parents and not listed, except for the root.
 * `target` is the key whose presence or absence is proven; only its path matters.
 */
export async function proveKey(
  reader: ProofReader,
  root: TrieSlot,
  target: Pick<TrieLeaf, 'key' | 'nibbles'>,
): Promise<readonly Uint8Array[]> {
  const proof: Uint8Array[] = []
  const add = (node: Uint8Array) => {
    if (proof.length === 0 || node.length >= 32) proof.push(node)
  }
  let slot = root
  for (let depth = 0; slot.kind !== EMPTY; depth++) {
    if (slot.kind === LEAF) {
      // An inlined leaf was shown with the branch above it.
      if (slot.reference.length < 32 && depth > 0) break
      const leaf = await reader.leaf(positionOnPath(target.key, depth), depth, slot)
      add(leafNode(leaf.nibbles, depth, leaf.value))
      break
    }
    const { extension } = slot
    const start = depth
    const isOnPath = extension.every((nibble, i) => nibble === target.nibbles[start + i])
    const position =
      extension.length === 0
        ? positionOnPath(target.key, depth)
        : positionBeside(target.key, depth, extension)
    const children = decodeRow(await reader.row(position))
    const branch = branchReference(children)
    const reference = extension.length > 0 ? extensionReference(extension, branch) : branch
    if (!equalBytes(reference, slot.reference)) throw missing('branch', position)
    if (extension.length > 0) add(extensionNode(extension, branch))
    // The path leaves the extension: that it does is the proof of absence.
    if (!isOnPath) break
    add(branchNode(children))
    depth += extension.length
    slot = children[target.nibbles[depth] as number] as TrieSlot
  }
  return proof
}
