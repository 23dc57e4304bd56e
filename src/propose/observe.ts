/** What has become of a post, by what L1 says now. */
import type { Address, Hash } from '../primitives/hex.ts'
import { PROPOSED_TOPIC } from '../protocol/shasta/proposals.ts'
import type { Landing, PostEntry } from './journal.ts'
import { type L1Head, type L1Receipt, type RpcRequest, readReceipt } from './l1Rpc.ts'

export type PostEvent =
  | ({ readonly type: 'landed'; readonly nonce: number } & Landing)
  /** Mined without effect; the fee is lost. */
  | { readonly type: 'reverted'; readonly nonce: number; readonly transactionHash: Hash }
  /** Mined, but the inbox said nothing: it is not our inbox. */
  | { readonly type: 'noEvent'; readonly nonce: number; readonly transactionHash: Hash }
  /** A reorg took a landed proposal away. */
  | { readonly type: 'dropped'; readonly nonce: number; readonly proposalId: bigint }
  | { readonly type: 'confirmed'; readonly nonce: number; readonly proposalId: bigint }
  /** Somebody else used the nonce with our key. */
  | { readonly type: 'superseded'; readonly nonce: number }

type Observation = {
  /** As it is now; undefined when there is nothing left to watch. */
  readonly entry?: PostEntry
  readonly events: readonly PostEvent[]
}

export async function observeEntry(input: {
  readonly rpc: RpcRequest
  readonly entry: PostEntry
  readonly head: L1Head
  /** Nonces of the account that are in blocks. */
  readonly minedNonces: number
  readonly options: { readonly inbox: Address; readonly confirmations: bigint }
  readonly signal: AbortSignal | undefined
}): Promise<Observation> {
  const { entry, head, minedNonces, options } = input
  const mined = await findReceipt(input.rpc, entry, input.signal)
  const { nonce, landed } = entry
  if (mined === undefined) {
    if (landed !== undefined) {
      const { landed: _, ...dropped } = entry
      return { entry: dropped, events: [{ type: 'dropped', nonce, proposalId: landed.proposalId }] }
    }
    // A receipt can lag the nonce by a moment, but not by a block.
    const isForeign = minedNonces > nonce && head.number > entry.sentAtBlock + 1n
    return isForeign ? { events: [{ type: 'superseded', nonce }] } : { entry, events: [] }
  }
  const { receipt, transactionHash } = mined
  if (!receipt.succeeded) return { events: [{ type: 'reverted', nonce, transactionHash }] }
  const proposalId = findProposalId(receipt, options.inbox)
  if (proposalId === undefined) return { events: [{ type: 'noEvent', nonce, transactionHash }] }
  if (head.number - receipt.blockNumber >= options.confirmations)
    return { events: [{ type: 'confirmed', nonce, proposalId }] }
  const { blockNumber, blockHash } = receipt
  if (landed?.blockHash === blockHash) return { entry, events: [] }
  const landing = { blockNumber, blockHash, transactionHash, proposalId }
  return { entry: { ...entry, landed: landing }, events: [{ type: 'landed', nonce, ...landing }] }
}

/** Of whichever attempt was mined; the newest is the likeliest. */
async function findReceipt(
  rpc: RpcRequest,
  entry: PostEntry,
  signal: AbortSignal | undefined,
): Promise<{ readonly receipt: L1Receipt; readonly transactionHash: Hash } | undefined> {
  for (const { hash } of entry.attempts.toReversed()) {
    const receipt = await readReceipt(rpc, hash, signal)
    if (receipt !== null) return { receipt, transactionHash: hash }
  }
  return undefined
}

function findProposalId(receipt: L1Receipt, inbox: Address): bigint | undefined {
  const log = receipt.logs.find(({ address, topics }) => address === inbox && topics[0] === PROPOSED_TOPIC)
  const id = log?.topics[1]
  return id === undefined ? undefined : BigInt(id)
}
