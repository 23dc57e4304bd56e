/**
 * Typed reads from L1, each checked against what it commits to. Everything is read by block hash, except ranges of history,
 * which are read by number and linked by hash. A null is an absence today, and is remembered nowhere.
 */
import { LRUCache } from 'lru-cache'
import { TemporaryError } from '../primitives/errors.ts'
import { type Hash, toQuantity } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import type { Receipt } from '../primitives/receipt.ts'
import type { L1Log } from '../protocol/protocol.ts'
import { SourcesFailedError } from './failover.ts'
import type { L1Call, L1Header, L1TransactionPlace } from './l1.ts'
import type { L1Provider } from './provider.ts'
import { readClaimedHashes, readClaimedTransactions, verifyTransactions } from './rpcBody.ts'
import { type RpcCall, RpcError } from './rpcEndpoint.ts'
import { verifyHeader } from './rpcHeader.ts'
import { decodeRangeLogs } from './rpcLogs.ts'
import { logsOfReceipts, verifyReceipts } from './rpcReceipts.ts'
import { findTransaction, verifyTransaction } from './rpcTransaction.ts'
import type { Watch } from './watch.ts'

/** Headers kept by hash; about 2 KB each. More than any anchor offset (512 blocks) and any reorg. */
const HEADERS_KEPT = 10_000
const METHOD_NOT_FOUND = -32601

export type BlockTag = 'latest' | 'finalized'

/** What a block holds, each in order. */
export type L1Body = {
  readonly receipts: readonly Receipt[]
  /** As their trie holds them. */
  readonly transactions: readonly Uint8Array[]
  /** False on an L1 whose transactions root is that of another encoding; see `trustsTransactionHashes`. */
  readonly areTransactionsProven: boolean
}

export type L1Reader = {
  headerByHash(hash: Hash, signal?: AbortSignal): Promise<L1Header | null>
  /** Null also while a server has only part of the range. The headers are linked to each other. */
  headersByNumber(from: bigint, to: bigint, signal?: AbortSignal): Promise<readonly L1Header[] | null>
  headerByTag(tag: BlockTag, signal?: AbortSignal): Promise<L1Header | null>
  /** Wanted logs of the block from its receipts, complete, in order, with verified transaction hashes. */
  logsOfBlock(block: L1Header, signal?: AbortSignal): Promise<readonly L1Log[] | null>
  /** Whole, against the roots of the header. */
  bodyOf(block: L1Header, signal?: AbortSignal): Promise<L1Body | null>
  /**
   * `eth_getLogs` over linked headers. `accept` decides whether the answer is true; its WrongDataError demotes the server,
   * and the next one is asked.
   */
  logsOfRange<T>(
    headers: readonly L1Header[],
    accept: (logs: ReadonlyMap<Hash, readonly L1Log[]>) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T | null>
  /** Null: no server has it, neither by its hash nor in its block. */
  transaction(at: L1TransactionPlace, signal?: AbortSignal): Promise<L1Call | null>
  /** A header this process has hashed before. */
  known(hash: Hash): L1Header | undefined
  /** Who gave it. */
  servedBy(hash: Hash): string | undefined
}

export function createL1Reader(deps: {
  readonly provider: L1Provider
  readonly watch: Watch
  /** See `readClaimedHashes`. Default false. */
  readonly trustsTransactionHashes?: boolean | undefined
}): L1Reader {
  const { provider, watch, trustsTransactionHashes = false } = deps
  const headers = new LRUCache<Hash, { readonly header: L1Header; readonly from: string }>({
    max: HEADERS_KEPT,
  })
  const keep = (header: L1Header, from: string): L1Header => {
    headers.set(header.hash, { header, from })
    return header
  }

  const transactionHashes = (block: L1Header, signal?: AbortSignal) =>
    provider.ask(
      [{ method: 'eth_getBlockByHash', params: [block.hash, !trustsTransactionHashes] }],
      ([json]) => {
        if (json === null) return null
        return trustsTransactionHashes
          ? readClaimedHashes(json)
          : verifyTransactions(json, block).map(keccak256Hex)
      },
      signal,
    )

  const receiptsOf = async (block: L1Header, signal?: AbortSignal) => {
    try {
      const receipts = await provider.ask(
        [{ method: 'eth_getBlockReceipts', params: [block.hash] }],
        ([json]) => (json === null ? null : verifyReceipts(json, block)),
        signal,
      )
      if (receipts !== null) return receipts
    } catch (error) {
      if (!isMethodMissing(error)) throw error
    }
    // Servers without the method, or whose method takes no hash (EthereumJS answers null): one receipt at a time.
    const hashes = await transactionHashes(block, signal)
    if (hashes === null) return null
    const calls = hashes.map((hash) => ({ method: 'eth_getTransactionReceipt', params: [hash] }))
    return provider.ask(
      calls,
      (results) => (results.includes(null) ? null : verifyReceipts(results, block)),
      signal,
    )
  }

  return {
    async headerByHash(hash, signal) {
      const held = headers.get(hash)
      if (held) return held.header
      return provider.ask(
        [{ method: 'eth_getBlockByHash', params: [hash, false] }],
        ([json], from) => (json === null ? null : keep(verifyHeader(json, { hash }), from)),
        signal,
      )
    },
    async headersByNumber(from, to, signal) {
      const numbers: bigint[] = []
      for (let number = from; number <= to; number++) numbers.push(number)
      return provider.ask(
        numbers.map((number) => ({ method: 'eth_getBlockByNumber', params: [toQuantity(number), false] })),
        (results, server) =>
          results.includes(null) ? null : linkHeaders(results, from).map((header) => keep(header, server)),
        signal,
      )
    },
    async headerByTag(tag, signal) {
      const call: RpcCall = { method: 'eth_getBlockByNumber', params: [tag, false] }
      return provider.ask(
        [call],
        ([json], from) => (json === null ? null : keep(verifyHeader(json, {}), from)),
        signal,
      )
    },
    async logsOfBlock(block, signal) {
      const receipts = await receiptsOf(block, signal)
      if (receipts === null) return null
      if (!receipts.some((receipt) => receipt.logs.some((log) => watch.wants(log)))) return []
      const hashes = await transactionHashes(block, signal)
      return hashes && logsOfReceipts(receipts, block, hashes).filter((log) => watch.wants(log))
    },
    async bodyOf(block, signal) {
      const receipts = await receiptsOf(block, signal)
      const transactions = await provider.ask(
        [{ method: 'eth_getBlockByHash', params: [block.hash, true] }],
        ([json]) => {
          if (json === null) return null
          return trustsTransactionHashes ? readClaimedTransactions(json) : verifyTransactions(json, block)
        },
        signal,
      )
      return (
        receipts &&
        transactions && { receipts, transactions, areTransactionsProven: !trustsTransactionHashes }
      )
    },
    logsOfRange(range, accept, signal) {
      const [first, last] = [range[0], range.at(-1)]
      if (first === undefined || last === undefined) return Promise.resolve(null)
      const filter = {
        address: watch.addresses,
        fromBlock: toQuantity(first.number),
        toBlock: toQuantity(last.number),
      }
      return provider.ask(
        [{ method: 'eth_getLogs', params: [filter] }],
        ([json]) => (json === null ? null : accept(decodeRangeLogs(json, range, watch))),
        signal,
      )
    },
    async transaction({ hash, blockHash }, signal) {
      const found = await provider.ask(
        [{ method: 'eth_getTransactionByHash', params: [hash] }],
        ([json]) => (json === null ? null : verifyTransaction(json, hash)),
        signal,
      )
      if (found !== null) return found
      // Servers that keep no index of old transactions still have their blocks.
      return provider.ask(
        [{ method: 'eth_getBlockByHash', params: [blockHash, true] }],
        ([json]) => (json === null ? null : findTransaction(json, hash)),
        signal,
      )
    },
    known: (hash) => headers.get(hash)?.header,
    servedBy: (hash) => headers.get(hash)?.from,
  }
}

/**
 * A break between two headers is no lie: behind one address there may be several servers, on different forks for a moment.
 */
function linkHeaders(results: readonly unknown[], from: bigint): readonly L1Header[] {
  const linked: L1Header[] = []
  for (const json of results) {
    const header = verifyHeader(json, { number: from + BigInt(linked.length) })
    const parent = linked.at(-1)
    if (parent !== undefined && header.parentHash !== parent.hash)
      throw new TemporaryError(`blocks ${parent.number} and ${header.number} are of different forks`)
    linked.push(header)
  }
  return linked
}

function isMethodMissing(error: unknown): boolean {
  return (
    error instanceof SourcesFailedError &&
    error.failures.some(({ error: each }) => each instanceof RpcError && each.code === METHOD_NOT_FOUND)
  )
}
