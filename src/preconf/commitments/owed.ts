/** Inclusions that are promised and not in a block yet: what binds a sender's next promise, and what the builder takes first. */
import type { ChainReader } from '../../chain/chain.ts'
import { decodeTransaction } from '../../engine/transaction.ts'
import { type Address, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { decodeTransactionRequest } from '../../promise/transactionPromise.ts'
import type { PromiseBook } from '../promises/book.ts'
import type { Account } from './admit.ts'

export type OwedInclusion = {
  readonly transactionHash: Hash
  readonly sender: Address
  readonly nonce: bigint
  /** Gas limit. */
  readonly gas: bigint
  /** The most it can take from its sender, in wei. */
  readonly cost: bigint
  readonly raw: Uint8Array
  /** Seconds. */
  readonly deadline: bigint
  readonly windowEnd: bigint
}

export type Owed = {
  add(inclusion: OwedInclusion): void
  /** Never promised after all. */
  remove(transactionHash: Hash): void
  /** A sender's account once all that is owed to him, or all before a nonce, is executed, and what that may cost. */
  after(
    sender: Address,
    account: Account,
    until?: bigint,
  ): { readonly account: Account; readonly costWei: bigint }
  /** The transaction that is promised for a nonce of the sender. */
  at(sender: Address, nonce: bigint): Hash | undefined
  /** Sum of the gas limits. */
  gas(): bigint
  /** Raw transactions that a block of the window has to take, in the order they were promised. */
  of(windowEnd: bigint): readonly Uint8Array[]
  close(): void
}

/** From the book, after a restart too; kept at the chain's latest block. */
export async function createOwed(deps: {
  readonly book: Pick<PromiseBook, 'owed'>
  readonly chain: Pick<ChainReader, 'transactionPosition' | 'blockByHash' | 'onChange'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}): Promise<Owed> {
  const { chain, now } = deps
  const all = new Map<Hash, OwedInclusion>()
  /** In a block of the chain, which may go again. */
  const included = new Set<Hash>()
  let last: Promise<void> = Promise.resolve()

  for (const { transactionHash, sender, deadline, windowEnd, commitment } of await deps.book.owed()) {
    const request = decodeTransactionRequest(hexToBytes(commitment.payload))
    if (request.type === 'fault' || transactionHash === undefined || sender === undefined) continue
    const raw = request.value.transaction
    const decoded = decodeTransaction(raw)
    if (decoded.type === 'undecodable') continue
    const { nonce, gasLimit: gas, maxFeePerGas, value } = decoded.transaction
    const cost = gas * maxFeePerGas + value
    all.set(transactionHash, { transactionHash, sender, nonce, gas, cost, raw, deadline, windowEnd })
  }
  await locate()

  /** Reads anew which are in the chain, and forgets those whose window is over. */
  async function locate(): Promise<void> {
    for (const { transactionHash, windowEnd } of [...all.values()]) {
      if (Number(windowEnd) * 1000 < now()) {
        all.delete(transactionHash)
        included.delete(transactionHash)
      } else if ((await chain.transactionPosition(transactionHash)) === undefined)
        included.delete(transactionHash)
      else included.add(transactionHash)
    }
  }

  const unsubscribe = chain.onChange(() => {
    if (all.size > 0) last = last.then(locate).catch(() => {})
  })
  const open = () => [...all.values()].filter(({ transactionHash }) => !included.has(transactionHash))
  const openOf = (sender: Address, from: bigint) =>
    open().filter((each) => each.sender === sender && each.nonce >= from)

  return {
    add(inclusion) {
      all.set(inclusion.transactionHash, inclusion)
    },
    remove(transactionHash) {
      all.delete(transactionHash)
      included.delete(transactionHash)
    },
    after(sender, account, until) {
      const nonces = new Map(openOf(sender, account.nonce).map((each) => [each.nonce, each]))
      let { nonce } = account
      let costWei = 0n
      for (let next = nonces.get(nonce); next !== undefined && nonce !== until; next = nonces.get(nonce)) {
        costWei += next.cost
        nonce++
      }
      return { account: { nonce, balance: account.balance }, costWei }
    },
    at: (sender, nonce) =>
      open().find((each) => each.sender === sender && each.nonce === nonce)?.transactionHash,
    gas: () => open().reduce((sum, { gas }) => sum + gas, 0n),
    of: (windowEnd) =>
      open()
        .filter((each) => each.windowEnd === windowEnd)
        .map(({ raw }) => raw),
    close: unsubscribe,
  }
}
