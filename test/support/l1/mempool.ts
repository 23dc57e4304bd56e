/**
 * Transactions sent over RPC that are in no canonical block. What a pool refuses, it refuses in geth's words; the rules for blob
 * transactions are those of geth's blob pool. It keeps what was mined, too, so that a reorg gives it back.
 */
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { type AccountState, accountOf } from './accountState.ts'
import type { L1Transaction } from './calls.ts'
import { decodeTransaction, type WrapperVersion } from './decodeTransaction.ts'
import { effectiveGasPrice, intrinsicGas, maxCost } from './fees.ts'
import { RpcError } from './rpcError.ts'
import type { View } from './tree.ts'

export type Mempool = {
  /** Throws an RpcError. */
  submit(raw: Uint8Array): L1Transaction
  /** Not in a canonical block, in no order. */
  pending(): readonly L1Transaction[]
  find(hash: Hash): L1Transaction | undefined
  /** The account's nonce after all of its transactions that can be mined. */
  nonceAfter(address: Address): bigint
  /** What fits the next block, best paying first, each account's in order of nonce. */
  select(context: SelectionContext): readonly L1Transaction[]
  /** As a pool that has lost them: also after a reorg they do not come back. */
  forget(hashes: Iterable<Hash>): void
}

export type SelectionContext = {
  readonly accounts: AccountState
  /** Wei. */
  readonly baseFee: bigint
  readonly blobBaseFee: bigint
  readonly gasLeft: bigint
  readonly blobsLeft: number
  /** Those the proposer does not want. */
  readonly leavesOut: (tx: L1Transaction) => boolean
}

export type MempoolConfig = {
  readonly chainId: bigint
  readonly inbox: Address
  readonly wrapper: WrapperVersion
  readonly gasLimit: bigint
}

/** EIP-7594: blobs of one transaction. */
const BLOBS_PER_TRANSACTION_MAX = 6
/** EIP-7825, from Osaka. */
const GAS_PER_TRANSACTION_MAX = 2n ** 24n

export function createMempool(view: View, config: MempoolConfig): Mempool {
  /** By sender and nonce: all that were sent and not replaced, in the order they came. */
  const sent = new Map<Hash, L1Transaction>()

  const accounts = (): AccountState => view.head().accounts
  const isPending = (tx: L1Transaction) =>
    tx.nonce >= accountOf(accounts(), tx.from).nonce && view.transaction(tx.hash) === undefined
  /** The newest of each sender's nonce: a reorg may bring back one that another has taken the place of since. */
  const pending = (): readonly L1Transaction[] => {
    const bySlot = new Map<string, L1Transaction>()
    for (const tx of sent.values()) if (isPending(tx)) bySlot.set(`${tx.from} ${tx.nonce}`, tx)
    return [...bySlot.values()]
  }
  const ofSender = (address: Address) =>
    pending()
      .filter(({ from }) => from === address)
      .sort((a, b) => Number(a.nonce - b.nonce))
  const nonceAfter = (address: Address): bigint => {
    let next = accountOf(accounts(), address).nonce
    for (const { nonce } of ofSender(address)) if (nonce === next) next++
    return next
  }

  const admit = (tx: L1Transaction): void => {
    checkStatically(tx, config)
    const { nonce, wei } = accountOf(accounts(), tx.from)
    if (tx.nonce < nonce) throw refusal(`nonce too low: next nonce ${nonce}, tx nonce ${tx.nonce}`)
    const others = ofSender(tx.from)
    if (others.some(({ type }) => (type === 3) !== (tx.type === 3))) throw refusal('address already reserved')
    if (tx.type === 3 && tx.nonce > nonceAfter(tx.from)) throw refusal('nonce too high')
    const earlier = others.find((other) => other.nonce === tx.nonce)
    const committed = others.reduce((sum, other) => (other === earlier ? sum : sum + maxCost(other)), 0n)
    if (wei < committed + maxCost(tx))
      throw refusal(`insufficient funds for gas * price + value: balance ${wei}, tx cost ${maxCost(tx)}`)
    if (earlier !== undefined && !paysEnoughMore(tx, earlier))
      throw refusal('replacement transaction underpriced')
    if (earlier !== undefined) sent.delete(earlier.hash)
  }

  return {
    pending,
    nonceAfter,
    find: (hash) => pending().find((tx) => tx.hash === hash),
    submit(raw) {
      const tx = decodeTransaction(raw, config)
      if (sent.has(tx.hash) && isPending(tx)) throw refusal('already known')
      admit(tx)
      // Behind those sent before it, also when it comes again after it was lost.
      sent.delete(tx.hash)
      sent.set(tx.hash, tx)
      return tx
    },
    select: (context) => select(pending(), context),
    forget(hashes) {
      for (const hash of hashes) sent.delete(hash)
    },
  }
}

function checkStatically(tx: L1Transaction, config: MempoolConfig): void {
  if (tx.chainId !== config.chainId)
    throw refusal(`invalid chain id for signer: have ${tx.chainId} want ${config.chainId}`)
  if (tx.gas > config.gasLimit) throw refusal('exceeds block gas limit')
  if (config.wrapper === 1 && tx.gas > GAS_PER_TRANSACTION_MAX)
    throw refusal('transaction gas limit too high (cap: 16777216)')
  if (tx.gas < intrinsicGas(tx))
    throw refusal(`intrinsic gas too low: gas ${tx.gas}, minimum needed ${intrinsicGas(tx)}`)
  if (tx.maxPriorityFeePerGas > tx.maxFeePerGas)
    throw refusal('max priority fee per gas higher than max fee per gas')
  if (tx.blobHashes.length > BLOBS_PER_TRANSACTION_MAX) throw refusal('too many blobs in transaction')
  // The least that geth's pools take.
  if (tx.maxPriorityFeePerGas < 1n || (tx.type === 3 && tx.maxFeePerBlobGas < 1n))
    throw refusal('transaction underpriced: tip needed 1')
}

/** A blob transaction's fees must all double, another's rise by a tenth. geth: blobpool and legacypool `PriceBump`. */
function paysEnoughMore(tx: L1Transaction, earlier: L1Transaction): boolean {
  const percent = tx.type === 3 ? 200n : 110n
  const rises = (now: bigint, before: bigint) => now * 100n >= before * percent
  return (
    rises(tx.maxFeePerGas, earlier.maxFeePerGas) &&
    rises(tx.maxPriorityFeePerGas, earlier.maxPriorityFeePerGas) &&
    (tx.type !== 3 || rises(tx.maxFeePerBlobGas, earlier.maxFeePerBlobGas))
  )
}

function select(pending: readonly L1Transaction[], context: SelectionContext): readonly L1Transaction[] {
  let { gasLeft, blobsLeft } = context
  const queues = new Map<Address, L1Transaction[]>()
  for (const tx of [...pending].sort((a, b) => Number(a.nonce - b.nonce)))
    queues.set(tx.from, [...(queues.get(tx.from) ?? []), tx])
  const nonces = new Map([...queues.keys()].map((from) => [from, accountOf(context.accounts, from).nonce]))
  const balances = new Map([...queues.keys()].map((from) => [from, accountOf(context.accounts, from).wei]))
  const fits = (tx: L1Transaction) =>
    tx.nonce === nonces.get(tx.from) &&
    maxCost(tx) <= (balances.get(tx.from) ?? 0n) &&
    tx.maxFeePerGas >= context.baseFee &&
    (tx.type !== 3 || tx.maxFeePerBlobGas >= context.blobBaseFee) &&
    tx.gas <= gasLeft &&
    tx.blobs.length <= blobsLeft &&
    !context.leavesOut(tx)
  const tipOf = (tx: L1Transaction) => effectiveGasPrice(tx, context.baseFee) - context.baseFee

  const chosen: L1Transaction[] = []
  for (;;) {
    const best = [...queues.values()]
      .flatMap((queue) => queue.slice(0, 1))
      .filter(fits)
      .reduce<L1Transaction | undefined>(
        (a, b) => (a === undefined || tipOf(b) > tipOf(a) ? b : a),
        undefined,
      )
    if (best === undefined) return chosen
    chosen.push(best)
    gasLeft -= best.gas
    blobsLeft -= best.blobs.length
    nonces.set(best.from, best.nonce + 1n)
    balances.set(best.from, (balances.get(best.from) ?? 0n) - maxCost(best))
    queues.get(best.from)?.shift()
  }
}

function refusal(message: string): RpcError {
  return new RpcError(-32000, message)
}
