/** Hashes for BLOCKHASH from headers of a node, each the parent of the one after it. */
import { LRUCache } from 'lru-cache'
import type { ParentBlock } from '../../derive/blocks.ts'
import { type BlockHeader, decodeHeader, headerHash } from '../../primitives/header.ts'
import type { Hash } from '../../primitives/hex.ts'
import { RlpError } from '../../primitives/rlp.ts'
import { type L2Node, LyingNodeError, NodeLacksError } from './l2Node.ts'

/** How far BLOCKHASH sees. Yellow Paper, appendix H. */
const DEPTH = 256n
/** A header is about 1 kB; neighbouring proposals share nearly all. */
const HELD_MAX = 2_048

export type HeaderCache = LRUCache<Hash, BlockHeader>

export function createHeaderCache(): HeaderCache {
  return new LRUCache({ max: HELD_MAX })
}

export type Ancestors = {
  /** At or below the parent; below it what is asked for first brings all that any block may ask. */
  hashOf(number: bigint): Promise<Hash>
  /** RLP of headers that may be among them. */
  add(headers: readonly Uint8Array[]): void
}

export function createAncestors(node: L2Node, parent: ParentBlock, cache: HeaderCache): Ancestors {
  const hashes = new Map<bigint, Hash>([[parent.header.number, parent.hash]])
  cache.set(parent.hash, parent.header)
  let oldest = { number: parent.header.number, hash: parent.hash }

  /** Down from the oldest that is known, as far as headers are held. */
  const link = (): void => {
    for (let header = cache.get(oldest.hash); header && oldest.number > 0n; header = cache.get(oldest.hash)) {
      oldest = { number: oldest.number - 1n, hash: header.parentHash }
      hashes.set(oldest.number, oldest.hash)
    }
  }

  return {
    add(headers) {
      for (const bytes of headers) {
        const header = readHeader(node, bytes)
        cache.set(headerHash(header), header)
      }
      link()
    },
    async hashOf(number) {
      link()
      const known = hashes.get(number)
      if (known !== undefined) return known
      const lowest = parent.header.number > DEPTH ? parent.header.number - DEPTH : 0n
      if (number < lowest || number > parent.header.number)
        throw new NodeLacksError(node.name, `the hash of L2 block ${number}`)
      for (const { header, hash } of await node.headers(lowest, oldest.number)) cache.set(hash, header)
      link()
      const found = hashes.get(number)
      if (found === undefined)
        throw new LyingNodeError(
          node.name,
          `its L2 blocks below ${oldest.number} are not of the canonical chain`,
        )
      return found
    },
  }
}

function readHeader(node: L2Node, bytes: Uint8Array): BlockHeader {
  try {
    return decodeHeader(bytes)
  } catch (error) {
    if (!(error instanceof RlpError)) throw error
    throw new LyingNodeError(node.name, `a header of its witness is none: ${error.message}`, error)
  }
}
