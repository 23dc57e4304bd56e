/** The transactions of a derived range, each in its place on L1: what executed, and what was listed and might execute in another order. */
import type { StoredBlock } from '../../chain/chain.ts'
import { recoverSender } from '../../engine/sender.ts'
import type { StateSource } from '../../engine/state/source.ts'
import { decodeTransaction } from '../../engine/transaction.ts'
import { assert } from '../../primitives/assert.ts'
import { minBigint } from '../../primitives/bigint.ts'
import { bytesToHex } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import type { PastTransaction } from './history.ts'

/** A listed transaction in its place, before it is known when it arrived. */
export type Placed = Omit<PastTransaction, 'canonicalIndex' | 'firstSeenMs' | 'dueMs'> & {
  readonly raw: Uint8Array
}

export function placeExecuted(block: StoredBlock, canonicalSlot: number): readonly Placed[] {
  return usersOf(block).map(({ raw, hash, sender, gasUsed, effectiveGasPrice }) => {
    const decoded = decodeTransaction(raw)
    assert(decoded.type === 'transaction', 'an executed transaction is one')
    return {
      ...{ raw, hash, sender, canonicalSlot, gas: gasUsed },
      nonce: decoded.transaction.nonce,
      tip: effectiveGasPrice - (block.header.baseFeePerGas ?? 0n),
    }
  })
}

/** Also what did not execute, once each, where some order might have executed it. */
export async function placeListed(
  blocks: readonly StoredBlock[],
  lists: ReadonlyMap<bigint, readonly Uint8Array[]>,
  state: StateSource,
): Promise<readonly (readonly Placed[])[]> {
  const executed = blocks.map(placeExecuted)
  const known = new Set(executed.flat().map(({ hash }) => hash))
  const placed: (readonly Placed[])[] = []
  for (const [canonicalSlot, block] of blocks.entries()) {
    const own = new Map(
      usersOf(block).map(({ listedIndex }, index) => [listedIndex, executed[canonicalSlot]?.[index]]),
    )
    const list: Placed[] = []
    for (const [listedIndex, raw] of (lists.get(block.header.number) ?? []).entries()) {
      const hash = keccak256Hex(raw)
      const here = own.get(listedIndex)
      const dropped = here || known.has(hash) ? undefined : await placeDropped(raw, block, state)
      if (here) list.push(here)
      if (dropped === undefined) continue
      list.push({ ...dropped, hash, canonicalSlot })
      known.add(hash)
    }
    placed.push(list)
  }
  return placed
}

async function placeDropped(raw: Uint8Array, { header }: StoredBlock, state: StateSource) {
  const decoded = decodeTransaction(raw)
  if (decoded.type !== 'transaction') return undefined
  const { nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas } = decoded.transaction
  const signer = recoverSender(decoded.transaction)
  if (signer === null) return undefined
  const sender = bytesToHex(signer)
  if (nonce < ((await state.account(sender))?.nonce ?? 0n)) return undefined
  const tip = minBigint(maxPriorityFeePerGas, maxFeePerGas - (header.baseFeePerGas ?? 0n))
  return { raw, sender, nonce, tip, gas: gasLimit, isDropped: true as const }
}

/** Without the anchor transaction. */
function usersOf({ transactions }: StoredBlock): StoredBlock['transactions'] {
  return transactions.filter(({ listedIndex }) => listedIndex !== undefined)
}
