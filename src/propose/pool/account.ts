/**
 * One sender's pooled transactions. Those that follow the state's nonce without a gap are pending (executable), the others
 * are queued. Which is which follows from the nonces alone, so nothing is moved between two lists.
 */
import type { PooledTransaction } from './transaction.ts'

export type PoolAccount = {
  /** In the latest block's state. */
  nonce: bigint
  /** Wei, in the latest block's state. */
  balance: bigint
  readonly byNonce: Map<bigint, PooledTransaction>
  /** Nonce after the last pending transaction; the state's nonce when none is pending. */
  pendingEnd: bigint
  /** Sum of what the pending transactions may cost at most, in wei. */
  pendingCost: bigint
  /** When a transaction of this account last became pending, in milliseconds. Queued ones expire by it. */
  beatMs: number
}

export function createAccount(state: { nonce: bigint; balance: bigint }, nowMs: number): PoolAccount {
  return { ...state, byNonce: new Map(), pendingEnd: state.nonce, pendingCost: 0n, beatMs: nowMs }
}

export function insertTransaction(account: PoolAccount, transaction: PooledTransaction, nowMs: number): void {
  const replaced = account.byNonce.get(transaction.nonce)
  account.byNonce.set(transaction.nonce, transaction)
  if (replaced !== undefined && transaction.nonce < account.pendingEnd) {
    account.pendingCost += transaction.cost - replaced.cost
    account.beatMs = nowMs
  }
  if (extendPending(account)) account.beatMs = nowMs
}

/** Takes transactions out; whatever they leave behind a gap becomes queued. */
export function removeTransactions(account: PoolAccount, transactions: readonly PooledTransaction[]): void {
  if (transactions.length === 0) return
  for (const transaction of transactions) account.byNonce.delete(transaction.nonce)
  account.pendingEnd = account.nonce
  account.pendingCost = 0n
  extendPending(account)
}

/** Moves the account to a new state and answers the transactions this makes worthless: used nonces, and costs it cannot bear. */
export function moveAccount(
  account: PoolAccount,
  state: { nonce: bigint; balance: bigint; gasLimit: bigint },
): readonly PooledTransaction[] {
  account.nonce = state.nonce
  account.balance = state.balance
  const dead = [...account.byNonce.values()].filter(
    ({ nonce, cost, gas }) => nonce < state.nonce || cost > state.balance || gas > state.gasLimit,
  )
  for (const { nonce } of dead) account.byNonce.delete(nonce)
  account.pendingEnd = account.nonce
  account.pendingCost = 0n
  extendPending(account)
  return dead
}

export function isPending(account: PoolAccount, nonce: bigint): boolean {
  return nonce >= account.nonce && nonce < account.pendingEnd
}

export function pendingCount(account: PoolAccount): number {
  return Number(account.pendingEnd - account.nonce)
}

export function queuedCount(account: PoolAccount): number {
  return account.byNonce.size - pendingCount(account)
}

/** Queued transactions, lowest nonce first. */
export function queuedTransactions(account: PoolAccount): readonly PooledTransaction[] {
  return sortByNonce([...account.byNonce.values()].filter(({ nonce }) => nonce >= account.pendingEnd))
}

/** Pending transactions, lowest nonce first. */
export function* pendingTransactions(account: PoolAccount): Generator<PooledTransaction> {
  for (let nonce = account.nonce; nonce < account.pendingEnd; nonce++) {
    const transaction = account.byNonce.get(nonce)
    if (transaction !== undefined) yield transaction
  }
}

function sortByNonce(transactions: PooledTransaction[]): readonly PooledTransaction[] {
  return transactions.sort((a, b) => (a.nonce < b.nonce ? -1 : 1))
}

function extendPending(account: PoolAccount): boolean {
  const before = account.pendingEnd
  for (;;) {
    const next = account.byNonce.get(account.pendingEnd)
    if (next === undefined) return account.pendingEnd > before
    account.pendingCost += next.cost
    account.pendingEnd++
  }
}
