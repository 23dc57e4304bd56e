/**
 * What the guard asks of L1, from the node's own chain: nothing here leaves the process while the L1 head stays, since every signature
 * asks. A block is removed when the chain that L1 gives has another one at its number.
 */
import type { ChainReader } from '../../chain/chain.ts'
import type { L1, L1Position } from '../../l1/l1.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { L1View } from './position.ts'

export type L1ViewDeps = {
  readonly chain: Pick<ChainReader, 'heads' | 'headerByNumber' | 'hashes'>
  readonly l1: Pick<L1, 'status' | 'ancestor'>
}

/** Fails with TemporaryError while no L1 head is known; the guard then signs nothing. */
export type ReadL1View = () => Promise<L1View>

export function createL1View({ chain, l1 }: L1ViewDeps): ReadL1View {
  /** Timestamps by hash: of the L1 head, and of the two L2 heads. */
  let headTime: { readonly hash: Hash; readonly timestamp: Promise<bigint> } | undefined
  let facts: { readonly of: string; readonly reading: Promise<Omit<L1View, 'timestamp'>> } | undefined

  function readHeadTime(head: L1Position): Promise<bigint> {
    if (headTime?.hash === head.hash) return headTime.timestamp
    const timestamp = l1.ancestor(head, head.number).then((header) => header.timestamp)
    headTime = { hash: head.hash, timestamp }
    timestamp.catch(() => {
      if (headTime?.timestamp === timestamp) headTime = undefined
    })
    return timestamp
  }

  function readFacts(): Promise<Omit<L1View, 'timestamp'>> {
    const { safe, finalized } = chain.heads()
    const of = `${safe.hash} ${finalized.hash}`
    if (facts?.of === of) return facts.reading
    const reading = (async () => ({
      landed: { number: safe.number, timestamp: await timestampOf(safe.number, safe.hash) },
      finalizedNumber: finalized.number,
      finalizedTimestamp: await timestampOf(finalized.number, finalized.hash),
      isRemoved: async (blockHash: Hash, blockNumber: bigint) => {
        const now = chain.heads().safe
        if (blockNumber > now.number) return false
        if (blockNumber === now.number) return blockHash !== now.hash
        const [block] = await chain.hashes(blockNumber, blockNumber)
        return block !== undefined && block.hash !== blockHash
      },
    }))()
    facts = { of, reading }
    reading.catch(() => {
      if (facts?.reading === reading) facts = undefined
    })
    return reading
  }

  async function timestampOf(number: bigint, hash: Hash): Promise<bigint> {
    const block = await chain.headerByNumber(number)
    // The chain may have moved on between the two questions.
    if (block?.hash !== hash) throw new TemporaryError('the chain has just changed: ask again')
    return block.header.timestamp
  }

  return async () => {
    const { head } = l1.status()
    if (head === undefined) throw new TemporaryError('the L1 head is not known yet')
    const [timestamp, rest] = await Promise.all([readHeadTime(head), readFacts()])
    return { timestamp, ...rest }
  }
}
