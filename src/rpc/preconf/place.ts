/** Where a transaction is: in a block of the chain, in the one under way, or in neither. */
import type { ChainReader } from '../../chain/chain.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import { type Hash, toQuantity } from '../../primitives/hex.ts'
import type { Json } from '../json.ts'
import type { ReadPending } from '../pending.ts'

export type TransactionPlace =
  | {
      readonly type: 'block'
      readonly number: bigint
      readonly hash: Hash
      readonly header: BlockHeader
      readonly index: number
    }
  | {
      readonly type: 'pending'
      readonly number: bigint
      readonly index: number
      /** Of the block once it is sealed, in seconds. */
      readonly timestamp: bigint
    }

export async function findTransaction(
  deps: { readonly chain: ChainReader; readonly pending?: ReadPending },
  hash: Hash,
): Promise<TransactionPlace | undefined> {
  const position = await deps.chain.transactionPosition(hash)
  const block = position && (await deps.chain.headerByNumber(position.blockNumber))
  if (position !== undefined && block !== undefined)
    return { type: 'block', number: position.blockNumber, index: position.index, ...block }
  const pending = deps.pending?.()
  const index = pending?.transactions.findIndex((each) => each.hash === hash) ?? -1
  if (pending === undefined || index < 0) return undefined
  const { number, timestamp } = pending.attributes
  return { type: 'pending', number, index, timestamp }
}

export function placeJson(place: TransactionPlace | undefined): Json | null {
  if (place === undefined) return null
  return {
    number: toQuantity(place.number),
    /** Null before the block is sealed. */
    hash: place.type === 'block' ? place.hash : null,
    transactionIndex: toQuantity(place.index),
  }
}
