/**
 * About which transactions something was promised of late, in memory: so that nobody can make the node ask its disk about what was never
 * promised. What memory does not reach back to is known to be so by its slot.
 */
import { minBigint } from '../../primitives/bigint.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { Store } from '../../store/store.ts'

/** Slots ahead that promises are offered for. preconf.md §1.3. */
export const SLOTS_AHEAD = 64n
/** Twice what a hundred promises a second are in twelve minutes. About 200 bytes each. */
const REMEMBERED_MAX = 131_072

export type RecentPromises = {
  /** False: nothing is promised about the transaction, for this slot or one that memory reaches. True says nothing. */
  mayHave(promise: { readonly transactionHash: Hash; readonly slot: bigint }): boolean
  add(promise: { readonly transactionHash?: Hash; readonly slot: bigint }): void
  /** From the book. Until then, and without it, nothing is known. */
  load(store: Pick<Store, 'all'>): Promise<void>
}

export function createRecentPromises(
  spec: { readonly l1: { readonly genesisTime: bigint; readonly secondsPerSlot: bigint } },
  max: number = REMEMBERED_MAX,
): RecentPromises {
  /** With the latest slot of each. */
  const all = new Map<Hash, bigint>()
  const bySlot = new Map<bigint, Hash[]>()
  /** Nothing is missing from here on. */
  let completeFrom: bigint | undefined

  function add({ transactionHash, slot }: { readonly transactionHash?: Hash; readonly slot: bigint }): void {
    if (transactionHash === undefined || (all.get(transactionHash) ?? -1n) >= slot) return
    all.set(transactionHash, slot)
    const ofSlot = bySlot.get(slot)
    if (ofSlot === undefined) bySlot.set(slot, [transactionHash])
    else ofSlot.push(transactionHash)
    while (all.size > max && bySlot.size > 1) forgetOldest()
  }

  function forgetOldest(): void {
    const oldest = [...bySlot.keys()].reduce(minBigint)
    for (const hash of bySlot.get(oldest) ?? []) if (all.get(hash) === oldest) all.delete(hash)
    bySlot.delete(oldest)
    if (completeFrom !== undefined && completeFrom <= oldest) completeFrom = oldest + 1n
  }

  return {
    mayHave: ({ transactionHash, slot }) =>
      completeFrom === undefined || slot < completeFrom || all.has(transactionHash),
    add,
    async load(store) {
      const rows = await store.all(
        `SELECT transaction_hash, slot, requested_at FROM promises WHERE transaction_hash IS NOT NULL
         ORDER BY id DESC LIMIT ?`,
        [max + 1],
      )
      const missing = rows[max]
      // What is older was asked for before, for a slot that is not further ahead than any promise's.
      const askedAt = missing && BigInt(Math.floor((missing.requested_at as number) / 1000))
      completeFrom =
        askedAt === undefined
          ? 0n
          : (askedAt - spec.l1.genesisTime) / spec.l1.secondsPerSlot + SLOTS_AHEAD + 1n
      for (const { transaction_hash, slot } of rows.slice(0, max))
        add({ transactionHash: transaction_hash as Hash, slot: BigInt(slot as number) })
    },
  }
}
