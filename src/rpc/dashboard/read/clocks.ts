/** The clocks of both layers: the numbers of `based_syncStatus`, each with the time of its block. */
import type { BlockRef, ChainReader, Heads } from '../../../chain/chain.ts'
import type { L1Position } from '../../../l1/l1.ts'
import { toSafeNumber } from '../../../primitives/bigint.ts'
import type { SyncStatus } from '../../deps.ts'
import type { ClockData } from '../data.ts'
import type { L1Blocks } from './l1Blocks.ts'

const L2_CLOCKS = ['latest', 'safe', 'finalized', 'executable'] as const

export async function readClocks(input: {
  readonly rpc: { readonly chain: ChainReader }
  readonly heads: Heads
  readonly sync: SyncStatus
  readonly l1Blocks?: L1Blocks
}): Promise<readonly ClockData[]> {
  const { rpc, heads, sync, l1Blocks } = input
  const l2 = L2_CLOCKS.map(async (name): Promise<ClockData> => {
    const head: BlockRef = heads[name]
    const found = await rpc.chain.headerByNumber(head.number)
    return {
      name,
      layer: 'L2',
      number: toSafeNumber(head.number),
      hash: head.hash,
      // A reorg between the two reads: the head is named without its time.
      timestamp: found?.hash === head.hash ? toSafeNumber(found.header.timestamp) : null,
      behind: toSafeNumber(heads.latest.number - head.number),
    }
  })
  const l1Head = sync.l1.head
  const l1 = ([['l1Head', l1Head] as const, ['l1Derived', sync.cursor] as const] as const).map(
    async ([name, position]): Promise<ClockData> => ({
      name,
      layer: 'L1',
      number: position === undefined ? null : toSafeNumber(position.number),
      hash: position?.hash ?? null,
      timestamp: await timestampOf(l1Blocks, position),
      behind: position === undefined || l1Head === undefined ? null : behindOf(l1Head, position),
    }),
  )
  return Promise.all([...l2, ...l1])
}

async function timestampOf(
  l1Blocks: L1Blocks | undefined,
  position: L1Position | undefined,
): Promise<number | null> {
  const block = position && (await l1Blocks?.at(position))
  return block === undefined ? null : toSafeNumber(block.timestamp)
}

/** The head may be of a shorter branch than the one that was derived last. */
function behindOf(head: L1Position, position: L1Position): number {
  return head.number < position.number ? 0 : toSafeNumber(head.number - position.number)
}
