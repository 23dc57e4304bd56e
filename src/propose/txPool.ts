/**
 * The transaction pool: admission, replacement and limits as geth's legacy pool has them (core/txpool of go-ethereum),
 * so that wallets meet no surprises. One difference: every transaction is remote, none is exempt from eviction.
 *
 * Changes happen one at a time in the order they were asked for, since each must see the state reads of the one before.
 */
import { LRUCache } from 'lru-cache'
import type { MaybePromise } from '../engine/state/source.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import { type Logger, silentLogger } from '../telemetry/log.ts'
import {
  createAccount,
  insertTransaction,
  isPending,
  moveAccount,
  type PoolAccount,
  pendingCount,
  pendingTransactions,
  queuedCount,
  queuedTransactions,
  removeTransactions,
} from './pool/account.ts'
import { admitTransaction, type PoolRules } from './pool/admission.ts'
import { orderByPriceAndNonce } from './pool/byPrice.ts'
import { TransactionRejectedError } from './pool/errors.ts'
import { DEFAULT_POOL_LIMITS, type PoolLimits, slotsOf } from './pool/limits.ts'
import { comparePrice, mayReplace } from './pool/price.ts'
import type { PooledTransaction } from './pool/transaction.ts'

/** Nonces and balances (wei) after the latest block. Absent accounts have zero of both. */
export type PoolState = {
  nonce(address: Address): MaybePromise<bigint>
  balance(address: Address): MaybePromise<bigint>
}

/** What the next block will ask of a transaction. */
export type PoolHead = {
  /** Wei per gas. */
  readonly baseFeePerGas: bigint
  /** Gas a block has for listed transactions, that of the anchor transaction not counted. */
  readonly gasLimit: bigint
}

export type PoolUpdate = {
  readonly head: PoolHead
  /** Blocks that a reorg took away, newest first. Their transactions return, if they were seen when added. */
  readonly removed: readonly Hash[]
  /** Without the anchor transaction. */
  readonly added: readonly { readonly hash: Hash; readonly transactions: readonly Uint8Array[] }[]
}

/** Of one sender, by nonce; nothing in both. */
export type PoolContent = {
  /** What could be in the next block. */
  readonly pending: readonly PooledTransaction[]
  /** What waits for an earlier nonce. */
  readonly queued: readonly PooledTransaction[]
}

export type TxPool = {
  /** Takes EIP-2718 bytes and answers the hash. Throws TransactionRejectedError. */
  add(raw: Uint8Array): Promise<Hash>
  get(hash: Hash): PooledTransaction | undefined
  /** Nonce after the sender's executable pooled transactions; undefined when none of his is pooled. */
  pendingNonce(sender: Address): bigint | undefined
  status(): { readonly pending: number; readonly queued: number }
  /** By sender, each sender's by nonce. */
  content(): ReadonlyMap<Address, PoolContent>
  /** Of one sender alone. */
  contentOf(sender: Address): PoolContent
  /** Executable transactions as a builder takes them; a snapshot, unaffected by later changes. */
  pendingByPrice(baseFeePerGas: bigint): IterableIterator<PooledTransaction>
  /** Follows the chain to a new head. */
  update(update: PoolUpdate): Promise<void>
  /** Forgets transactions, such as those of a batch that our own check refused. */
  remove(hashes: readonly Hash[]): Promise<void>
  /** Called with each transaction that becomes known; returns the unsubscribe function. */
  onAdded(listener: (transaction: PooledTransaction) => void): () => void
}

export type TxPoolOptions = {
  readonly rules: PoolRules
  readonly head: PoolHead
  readonly limits?: Partial<PoolLimits>
}

export function createTxPool(
  deps: {
    readonly state: PoolState
    /** Milliseconds; only for the age of queued transactions. */
    readonly now?: () => number
    readonly logger?: Logger
  },
  options: TxPoolOptions,
): TxPool {
  const { state, now = Date.now, logger = silentLogger } = deps
  const limits: PoolLimits = { ...DEFAULT_POOL_LIMITS, ...options.limits }
  const accounts = new Map<Address, PoolAccount>()
  const byHash = new Map<Hash, PooledTransaction>()
  const included = new LRUCache<Hash, readonly Uint8Array[]>({ max: limits.reinjectBlocks })
  const listeners = new Set<(transaction: PooledTransaction) => void>()
  let head = options.head
  let slots = 0
  let arrivals = 0
  let tail: Promise<unknown> = Promise.resolve()

  const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work)
    tail = result.catch(() => {})
    return result
  }

  const readAccount = async (sender: Address): Promise<PoolAccount> => {
    const known = accounts.get(sender)
    if (known !== undefined) return known
    const [nonce, balance] = await Promise.all([state.nonce(sender), state.balance(sender)])
    return createAccount({ nonce, balance }, now())
  }

  const forget = (transactions: readonly PooledTransaction[]) => {
    for (const transaction of transactions) {
      if (byHash.delete(transaction.hash)) slots -= slotsOf(transaction)
    }
  }

  const drop = (transactions: readonly PooledTransaction[]) => {
    forget(transactions)
    for (const transaction of transactions) {
      const account = accounts.get(transaction.sender)
      if (account === undefined) continue
      removeTransactions(account, [transaction])
      if (account.byNonce.size === 0) accounts.delete(transaction.sender)
    }
  }

  const insert = async (transaction: PooledTransaction): Promise<void> => {
    if (byHash.has(transaction.hash)) throw new TransactionRejectedError('alreadyKnown')
    const account = await readAccount(transaction.sender)
    checkAgainstAccount(account, transaction)
    const replaced = account.byNonce.get(transaction.nonce)
    if (replaced !== undefined && !mayReplace(replaced, transaction))
      throw new TransactionRejectedError('replacementUnderpriced')
    makeRoom(account, transaction, replaced)
    if (replaced !== undefined) forget([replaced])
    // Eviction may have emptied the account, which forgot it.
    accounts.set(transaction.sender, account)
    insertTransaction(account, transaction, now())
    byHash.set(transaction.hash, transaction)
    slots += slotsOf(transaction)
    enforceLimits([account])
    if (!byHash.has(transaction.hash)) throw new TransactionRejectedError('poolFull')
    for (const listener of listeners) listener(transaction)
  }

  const makeRoom = (
    account: PoolAccount,
    transaction: PooledTransaction,
    replaced: PooledTransaction | undefined,
  ) => {
    const slotsMax = limits.globalSlots + limits.globalQueue
    let excess = slots + slotsOf(transaction) - (replaced === undefined ? 0 : slotsOf(replaced)) - slotsMax
    if (excess <= 0) return
    const spared = new Set(replaced === undefined ? [] : [replaced])
    const victims: PooledTransaction[] = []
    while (excess > 0) {
      const victim = findCheapest(byHash.values(), spared, head.baseFeePerGas)
      if (victim === undefined) throw new TransactionRejectedError('poolFull')
      if (comparePrice(victim, transaction, head.baseFeePerGas) >= 0)
        throw new TransactionRejectedError('underpriced')
      victims.push(victim)
      spared.add(victim)
      excess -= slotsOf(victim)
    }
    const isGapped = transaction.nonce > account.pendingEnd
    if (isGapped && victims.some(({ sender, nonce }) => isPendingOf(accounts.get(sender), nonce)))
      throw new TransactionRejectedError('futureReplacesPending')
    drop(victims)
  }

  const enforceLimits = (changed: Iterable<PoolAccount>) => {
    for (const account of changed) {
      const excess = queuedCount(account) - limits.accountQueue
      if (excess > 0) drop(queuedTransactions(account).slice(-excess))
    }
    // Counting costs a walk over all accounts, so it waits until a limit can be passed at all.
    if (byHash.size > limits.globalSlots) trimPending()
    if (byHash.size > limits.globalQueue) trimQueued()
  }

  /** Past the limit the largest senders lose their last transactions, down to the slots every account is sure of. */
  const trimPending = () => {
    let excess = sum(accounts.values(), pendingCount) - limits.globalSlots
    while (excess > 0) {
      const largest = [...accounts.values()].reduce((a, b) => (pendingCount(b) > pendingCount(a) ? b : a))
      if (pendingCount(largest) <= limits.accountSlots) return
      const last = largest.byNonce.get(largest.pendingEnd - 1n)
      if (last === undefined) return
      drop([last])
      excess--
    }
  }

  /** Past the limit the accounts that have been quiet the longest lose their queued transactions, highest nonces first. */
  const trimQueued = () => {
    let excess = sum(accounts.values(), queuedCount) - limits.globalQueue
    if (excess <= 0) return
    const quietFirst = [...accounts.values()].filter(queuedCount).sort((a, b) => a.beatMs - b.beatMs)
    for (const account of quietFirst) {
      if (excess <= 0) return
      const victims = queuedTransactions(account).slice(-excess)
      drop(victims)
      excess -= victims.length
    }
  }

  const expireQueued = () => {
    for (const account of [...accounts.values()]) {
      if (now() - account.beatMs > limits.queuedLifetimeMs) drop(queuedTransactions(account))
    }
  }

  const decode = (raw: Uint8Array): PooledTransaction =>
    admitTransaction(raw, { ...options.rules, gasLimit: head.gasLimit, arrival: arrivals++ })

  const moveAccounts = async () => {
    for (const [sender, account] of accounts) {
      const [nonce, balance] = await Promise.all([state.nonce(sender), state.balance(sender)])
      forget(moveAccount(account, { nonce, balance, gasLimit: head.gasLimit }))
      if (account.byNonce.size === 0) accounts.delete(sender)
    }
  }

  /** A transaction of a removed block that is no longer valid is lost, as its sender could not have it included anyway. */
  const reinject = async (transactions: readonly Uint8Array[]) => {
    for (const raw of transactions) {
      try {
        await insert(decode(raw))
      } catch (error) {
        if (!(error instanceof TransactionRejectedError)) throw error
        logger.debug(
          { reason: error.message },
          'a transaction of a removed block does not return to the pool',
        )
      }
    }
  }

  return {
    async add(raw) {
      // Stateless checks and the signature need no turn.
      const transaction = decode(raw)
      await inOrder(() => insert(transaction))
      return transaction.hash
    },
    get: (hash) => byHash.get(hash),
    pendingNonce: (sender) => accounts.get(sender)?.pendingEnd,
    status: () => ({
      pending: sum(accounts.values(), pendingCount),
      queued: sum(accounts.values(), queuedCount),
    }),
    content: () => new Map([...accounts].map(([sender, account]) => [sender, contentOf(account)])),
    contentOf: (sender) => contentOf(accounts.get(sender)),
    pendingByPrice: (baseFeePerGas) =>
      orderByPriceAndNonce(
        [...accounts.values()].map((account) => [...pendingTransactions(account)]),
        baseFeePerGas,
      ),
    update: (update) =>
      inOrder(async () => {
        head = update.head
        for (const block of update.added) included.set(block.hash, block.transactions)
        await moveAccounts()
        // Oldest block first, so that a sender's transactions return in the order of their nonces.
        const returning = update.removed.toReversed().flatMap((hash) => included.get(hash) ?? [])
        await reinject(returning)
        expireQueued()
        enforceLimits([...accounts.values()])
      }),
    remove: (hashes) =>
      inOrder(async () =>
        drop(hashes.map((hash) => byHash.get(hash)).filter((known) => known !== undefined)),
      ),
    onAdded(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The transaction worth least to a builder; of equals the youngest. */
function findCheapest(
  transactions: Iterable<PooledTransaction>,
  spared: ReadonlySet<PooledTransaction>,
  baseFeePerGas: bigint,
): PooledTransaction | undefined {
  let cheapest: PooledTransaction | undefined
  for (const candidate of transactions) {
    if (spared.has(candidate)) continue
    if (cheapest === undefined) cheapest = candidate
    const difference = comparePrice(candidate, cheapest, baseFeePerGas)
    if (difference < 0 || (difference === 0 && candidate.arrival > cheapest.arrival)) cheapest = candidate
  }
  return cheapest
}

function isPendingOf(account: PoolAccount | undefined, nonce: bigint): boolean {
  return account !== undefined && isPending(account, nonce)
}

/** A pending sender must be able to pay for all his pending transactions at their highest price. */
function checkAgainstAccount(account: PoolAccount, transaction: PooledTransaction): void {
  const { nonce, cost } = transaction
  const { balance } = account
  if (nonce < account.nonce)
    throw new TransactionRejectedError('nonceTooLow', `next nonce ${account.nonce}, tx nonce ${nonce}`)
  if (balance < cost)
    throw new TransactionRejectedError(
      'insufficientFunds',
      `balance ${balance}, tx cost ${cost}, overshot ${cost - balance}`,
    )
  const replacedCost = isPending(account, nonce) ? (account.byNonce.get(nonce)?.cost ?? 0n) : 0n
  const need = account.pendingCost - replacedCost + cost
  if (balance < need)
    throw new TransactionRejectedError(
      'insufficientFunds',
      `balance ${balance}, queued cost ${account.pendingCost}, tx cost ${cost}, overshot ${need - balance}`,
    )
}

function sum<T>(items: Iterable<T>, measure: (item: T) => number): number {
  let total = 0
  for (const item of items) total += measure(item)
  return total
}

function contentOf(account: PoolAccount | undefined): PoolContent {
  if (account === undefined) return { pending: [], queued: [] }
  return { pending: [...pendingTransactions(account)], queued: queuedTransactions(account) }
}
