/**
 * Parents of blocks that have not landed. Where L1 puts another block in the place of one, it removes all that was built on it as well,
 * and those are no longer in the chain by then. What was dropped before the start is not known here, and so not held for removed.
 */
import type { BlockRef, ChainChange, ChainReader } from '../../chain/chain.ts'
import type { Hash } from '../../primitives/hex.ts'

export type Ancestry = {
  parentOf(hash: Hash): BlockRef | undefined
  /** Those in the chain at the start have been read. */
  readonly isRead: Promise<void>
  close(): void
}

export function followAncestry(chain: Pick<ChainReader, 'heads' | 'hashes' | 'onChange'>): Ancestry {
  const parents = new Map<Hash, BlockRef>()
  let tip: BlockRef = chain.heads().latest
  let finalized = chain.heads().finalized.number

  function link(parent: BlockRef | undefined, blocks: readonly BlockRef[]): void {
    let last = parent
    for (const block of blocks) {
      if (last?.number === block.number - 1n) parents.set(block.hash, last)
      last = block
    }
  }

  function note({ removed, added, heads }: ChainChange): void {
    const lowest = removed.at(-1)
    link(lowest === undefined ? tip : parents.get(lowest.hash), added)
    tip = heads.latest
    if (heads.finalized.number === finalized) return
    finalized = heads.finalized.number
    for (const [hash, parent] of parents) if (parent.number < finalized) parents.delete(hash)
  }

  const stop = chain.onChange(note)
  const { safe, latest } = chain.heads()
  const isRead = chain.hashes(safe.number, latest.number).then((blocks) => link(undefined, blocks))
  isRead.catch(() => {})
  return { parentOf: (hash) => parents.get(hash), isRead, close: stop }
}
