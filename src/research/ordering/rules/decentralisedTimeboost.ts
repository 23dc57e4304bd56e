/** The decentralised Timeboost: what is included is agreed on, its order is a hash of it. */
import { concatBytes } from '../../../primitives/bytes.ts'
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../../primitives/hex.ts'
import { keccak256 } from '../../../primitives/keccak.ts'
import type { OrderableTransaction, OrderingRule } from '../rule.ts'
import { fillSlots } from '../slots.ts'
import { createRoundRobin } from './roundRobin.ts'

export const decentralisedTimeboost: OrderingRule = {
  id: 'decentralised-timeboost',
  title: 'Timeboost, decentralised',
  definition:
    'The inclusion list of a slot is all that has arrived. Order: by keccak256(keccak256(hashes of the list, ascending) ‖ sender), then nonce, then hash; nothing a sender can aim at. Priority bundles are left out: history has none. Leader: round robin by stake.',
  source:
    'Espresso’s Timeboost implementation, which hashes with blake3; here it is keccak256, so the order is another but as arbitrary',
  isRandom: false,
  parameters: [],
  order(transactions, context) {
    const nextLeader = createRoundRobin(context.sequencers)
    return fillSlots(transactions, context, {
      turnOf: () => ({ sequencer: nextLeader() }),
      arrange: sortByDigest,
    })
  },
}

function sortByDigest(list: readonly OrderableTransaction[]): readonly OrderableTransaction[] {
  const digest = keccak256(
    concatBytes(
      ...list
        .map(({ hash }) => hash)
        .sort()
        .map(hexToBytes),
    ),
  )
  const keys = new Map<Address, Hex>()
  for (const { sender } of list)
    if (!keys.has(sender)) keys.set(sender, bytesToHex(keccak256(concatBytes(digest, hexToBytes(sender)))))
  const keyOf = ({ sender }: OrderableTransaction) => keys.get(sender) ?? '0x'
  return [...list].sort(
    (a, b) => compare(keyOf(a), keyOf(b)) || compare(a.nonce, b.nonce) || compare(a.hash, b.hash),
  )
}

function compare<T extends string | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}
