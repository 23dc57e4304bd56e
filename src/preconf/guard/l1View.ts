/**
 * What the guard asks of L1, from the node's own chain. Every signature asks, so nothing is read again before a head changes. A block is
 * removed when the chain that L1 gives has another one at its number, or at an ancestor's.
 */
import type { BlockRef, ChainReader } from '../../chain/chain.ts'
import type { L1, L1Position } from '../../l1/l1.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import { followAncestry } from './ancestry.ts'
import type { L1View } from './position.ts'

export type L1ViewReader = {
  /** TemporaryError while no L1 head is known: nothing can be signed then. */
  read(): Promise<L1View>
  close(): void
}

type ChainFacts = Omit<L1View, 'timestamp'>

/** Made before the chain is written to. */
export function createL1View({
  chain,
  l1,
}: {
  readonly chain: Pick<ChainReader, 'heads' | 'headerByNumber' | 'hashes' | 'onChange'>
  readonly l1: Pick<L1, 'status' | 'ancestor'>
}): L1ViewReader {
  const ancestry = followAncestry(chain)
  let headTime: { readonly hash: Hash; readonly timestamp: Promise<bigint> } | undefined
  let facts: { readonly of: string; readonly reading: Promise<ChainFacts> } | undefined

  function readHeadTime(head: L1Position): Promise<bigint> {
    if (headTime?.hash === head.hash) return headTime.timestamp
    const timestamp = l1.ancestor(head, head.number).then((header) => header.timestamp)
    headTime = { hash: head.hash, timestamp }
    timestamp.catch(() => {
      if (headTime?.timestamp === timestamp) headTime = undefined
    })
    return timestamp
  }

  function readFacts(): Promise<ChainFacts> {
    const { safe, finalized } = chain.heads()
    const of = `${safe.hash} ${finalized.hash}`
    if (facts?.of === of) return facts.reading
    const reading = readChainFacts(safe, finalized)
    facts = { of, reading }
    reading.catch(() => {
      if (facts?.reading === reading) facts = undefined
    })
    return reading
  }

  async function readChainFacts(safe: BlockRef, finalized: BlockRef): Promise<ChainFacts> {
    await ancestry.isRead
    return {
      landed: { number: safe.number, timestamp: await timestampOf(safe) },
      finalizedNumber: finalized.number,
      finalizedTimestamp: await timestampOf(finalized),
      isRemoved: async (hash, number) => isReplaced({ hash, number }),
    }
  }

  async function isReplaced(block: BlockRef): Promise<boolean> {
    const { safe } = chain.heads()
    // Bounded by the blocks that have not landed: each parent is one lower.
    let landed: BlockRef | undefined = block
    while (landed !== undefined && landed.number > safe.number) landed = ancestry.parentOf(landed.hash)
    if (landed === undefined) return false
    if (landed.number === safe.number) return landed.hash !== safe.hash
    const [now] = await chain.hashes(landed.number, landed.number)
    return now !== undefined && now.hash !== landed.hash
  }

  async function timestampOf({ number, hash }: BlockRef): Promise<bigint> {
    const block = await chain.headerByNumber(number)
    // It may have gone between the two questions.
    if (block?.hash !== hash) throw new TemporaryError('the chain has just changed: ask again')
    return block.header.timestamp
  }

  return {
    read: async () => {
      const { head } = l1.status()
      if (head === undefined) throw new TemporaryError('the L1 head is not known yet')
      const [timestamp, known] = await Promise.all([readHeadTime(head), readFacts()])
      return { timestamp, ...known }
    },
    close: ancestry.close,
  }
}
