/** Bounds on the tries of a witness, before anything walks them: foreign files may nest as deep as they like. */
import { CriticalError } from '../../primitives/errors.ts'
import { BRANCH_WIDTH, type Trie, type TrieNode } from './partialTrie.ts'

/** The witness contradicts itself or the block it is for; it is refused as a whole. */
export class WitnessError extends CriticalError {
  override readonly name = 'WitnessError'

  constructor(reason: string) {
    super(`the witness is refused: ${reason}`)
  }
}

/** Keys are 32-byte hashes. */
const NIBBLES_MAX = 64

/** Throws a WitnessError unless every leaf ends at exactly 64 nibbles and every branch has 16 places. */
export function assertShape(trie: Trie, label: string): void {
  const open: { node: TrieNode; depth: number }[] = trie === null ? [] : [{ node: trie, depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next
    switch (node.type) {
      case 'hash':
        if (node.hash.length !== 32) throw new WitnessError(`a hash in the ${label} is not 32 bytes`)
        break
      case 'leaf':
        if (depth + node.path.length !== NIBBLES_MAX)
          throw new WitnessError(`a leaf of the ${label} is not at the end of a 32-byte key`)
        break
      case 'extension':
        if (node.path.length === 0) throw new WitnessError(`an extension of the ${label} has no path`)
        open.push({ node: node.child, depth: depth + node.path.length })
        break
      case 'branch':
        if (node.children.length !== BRANCH_WIDTH || depth >= NIBBLES_MAX)
          throw new WitnessError(`a branch of the ${label} is malformed`)
        for (const child of node.children) if (child !== null) open.push({ node: child, depth: depth + 1 })
    }
  }
}
