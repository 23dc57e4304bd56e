/** The lists of a derived range as L1 has them: a node keeps the bytes of what executed, and of the rest only why it did not. */
import type { ChainReader, StoredProposal } from '../../chain/chain.ts'
import { prepareEvents } from '../../derive/prepare.ts'
import type { L1 } from '../../l1/l1.ts'
import { defined } from '../../primitives/assert.ts'
import { maxBigint, minBigint } from '../../primitives/bigint.ts'
import type { TemporaryError } from '../../primitives/errors.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { readL1Blocks } from '../collect/l1Source.ts'

export type ListedOnL1 = {
  readonly l1: Pick<L1, 'start' | 'follow' | 'blobs' | 'ancestor' | 'transaction'>
  readonly signal: AbortSignal
  readonly onRetry: (error: TemporaryError) => void
}

/** By L2 block number, each in the order of its list. Throws what reading L1 throws, a missing blob included. */
export async function readLists(
  { l1, signal, onRetry }: ListedOnL1,
  spec: RollupSpec,
  chain: Pick<ChainReader, 'origin'>,
  proposals: readonly StoredProposal[],
): Promise<ReadonlyMap<bigint, readonly Uint8Array[]>> {
  const byHash = new Map(proposals.map((proposal) => [proposal.hash, proposal]))
  const numbers = proposals.map((proposal) => proposal.l1.blockNumber)
  const [first, last] = [numbers.reduce(minBigint), numbers.reduce(maxBigint)]
  // Senders are execution's business.
  const engine = { recoverSenders: async () => [] }
  const events = readL1Blocks(l1, { from: Number(first), to: Number(last) }, { signal, onRetry })
  const lists = new Map<bigint, readonly Uint8Array[]>()
  for await (const event of prepareEvents({ spec, l1, engine, signal }, events)) {
    if (event.type !== 'block') continue
    for (const item of event.items) {
      const stored = item.type === 'proposal' ? byHash.get(item.proposal.hash) : undefined
      if (item.type !== 'proposal' || stored === undefined) continue
      for (let number = stored.firstBlock; number <= stored.lastBlock; number++) {
        const origin = defined(await chain.origin(number), `the origin of L2 block ${number}`)
        const block = item.sources[origin.sourceIndex]?.blocks[origin.indexInSource]
        lists.set(number, block?.transactions.map(({ raw }) => raw) ?? [])
      }
    }
  }
  return lists
}
