/** What an execution client answers to those who send transactions: pool, nonces, fees, estimates. */
import { type Address, type Hex, hexToBytes, toQuantity } from '../../../src/primitives/hex.ts'
import { accountOf } from './accountState.ts'
import { type BlockConfig, contextAfter, type L1Block } from './block.ts'
import { blockById, requireBlock } from './blockId.ts'
import { type CallObject, type CallTransaction, revertError, toTransaction } from './callObject.ts'
import type { L1Transaction } from './calls.ts'
import type { WrapperVersion } from './decodeTransaction.ts'
import { executeBlock, gasNeeded, runCall } from './execute.ts'
import { blobBaseFee, effectiveGasPrice, nextBaseFee, nextExcessBlobGas } from './fees.ts'
import type { BlockContext } from './inbox.ts'
import type { InboxState } from './inboxState.ts'
import type { Mempool } from './mempool.ts'
import { RpcError } from './rpcError.ts'
import { formatPooled, type Json } from './rpcFormat.ts'
import { numberOf, type View } from './tree.ts'

export type SendDeps = {
  readonly view: View
  readonly config: BlockConfig & { readonly chainId: bigint; readonly wrapper: WrapperVersion }
  readonly pool: Mempool
  /** Transactions that the next block would have if it came now. */
  readonly next: () => readonly L1Transaction[]
}

type Method = (params: readonly unknown[]) => unknown
const HISTORY_BLOCKS_MAX = 1024
const FEE_PERCENTILES_MAX = 100
const BLOBS_TARGET = 6
const BLOBS_MAX = 9

export function createSendMethods(deps: SendDeps): Readonly<Record<string, Method>> {
  const { view, config, pool } = deps
  return {
    eth_sendRawTransaction: ([raw]) => {
      if (typeof raw !== 'string' || !/^0x([0-9a-f]{2})+$/i.test(raw))
        throw new RpcError(-32602, 'invalid argument 0: hex string expected')
      return pool.submit(hexToBytes(raw)).hash
    },
    eth_getTransactionCount: ([address, tag]) => {
      const account = toAddress(address)
      if (tag === 'pending') return toQuantity(pool.nonceAfter(account))
      return toQuantity(accountOf(blockAt(view, tag).accounts, account).nonce)
    },
    eth_getBalance: ([address, tag]) =>
      toQuantity(accountOf(blockAt(view, tag).accounts, toAddress(address)).wei),
    eth_estimateGas: ([call, tag]) => estimateGas(deps, call as CallObject, tag),
    eth_feeHistory: ([count, newest, percentiles]) =>
      feeHistory(view, Number(count), newest, (percentiles ?? []) as readonly number[]),
    eth_blobBaseFee: () => toQuantity(blobBaseFee(nextExcessBlobGas(view.head().header))),
    eth_config: () => ({ current: forkConfig(config), next: null, last: null }),
    txpool_content: () => ({ pending: pool.pending().map(formatPooled), queued: {} }),
  }
}

/** EIP-7910; the fork is told from another by its precompiles. */
function forkConfig({ chainId, genesisTime, wrapper }: SendDeps['config']): Json {
  return {
    activationTime: Number(genesisTime),
    blobSchedule: { target: BLOBS_TARGET, max: BLOBS_MAX, baseFeeUpdateFraction: 5_007_716 },
    chainId: toQuantity(chainId),
    precompiles: {
      KZG_POINT_EVALUATION: `0x${'0a'.padStart(40, '0')}`,
      ...(wrapper === 1 && { P256VERIFY: `0x${'0100'.padStart(40, '0')}` }),
    },
  }
}

/** At `pending` behind the transactions of the pool, in the next block; otherwise on top of the block and with its number, as geth does. */
function estimateGas(deps: SendDeps, call: CallObject, tag: unknown): Hex {
  const { config, view } = deps
  const head = view.head()
  const tx = toTransaction(config.inbox, call)
  if (tag === 'pending') {
    const context = contextAfter(config, head, head.beacon.slot + 1)
    const { inbox } = executeBlock(config, head, deps.next(), context)
    return answer(config, inbox, tx, context)
  }
  const block = blockAt(view, tag)
  const { number, timestamp, parentHash } = block.header
  return answer(config, block.inbox, tx, { number, timestamp, parentHash })
}

function answer(config: BlockConfig, inbox: InboxState, tx: CallTransaction, context: BlockContext): Hex {
  const outcome = runCall(config, inbox, tx, context)
  if (outcome.type === 'reverted') throw revertError(outcome)
  return toQuantity(gasNeeded(tx))
}

function feeHistory(view: View, count: number, newest: unknown, percentiles: readonly number[]): Json {
  if (percentiles.length > FEE_PERCENTILES_MAX) throw new RpcError(-32000, 'over the query limit 100')
  const last = blockAt(view, newest)
  const first = Math.max(0, numberOf(last) + 1 - Math.min(count, HISTORY_BLOCKS_MAX))
  const blocks = Array.from({ length: numberOf(last) + 1 - first }, (_, i) => view.at(first + i)!)
  const { header } = last
  return {
    oldestBlock: toQuantity(first),
    baseFeePerGas: [...blocks.map((block) => block.header.baseFeePerGas ?? 0n), nextBaseFee(header)].map(
      toQuantity,
    ),
    gasUsedRatio: blocks.map(({ header: { gasUsed, gasLimit } }) => Number(gasUsed) / Number(gasLimit)),
    baseFeePerBlobGas: [
      ...blocks.map((block) => block.header.excessBlobGas ?? 0n),
      nextExcessBlobGas(header),
    ].map((excess) => toQuantity(blobBaseFee(excess))),
    blobGasUsedRatio: blocks.map(({ blobs }) => blobs.length / BLOBS_MAX),
    ...(percentiles.length > 0 && {
      reward: blocks.map((block) => percentiles.map((percent) => toQuantity(tipAt(block, percent)))),
    }),
  }
}

/** Weighted by gas. */
function tipAt(block: L1Block, percent: number): bigint {
  const baseFee = block.header.baseFeePerGas ?? 0n
  const tips = block.transactions
    .map((tx, i) => ({
      tip: effectiveGasPrice(tx, baseFee) - baseFee,
      gas: block.receipts[i]!.cumulativeGasUsed - (block.receipts[i - 1]?.cumulativeGasUsed ?? 0n),
    }))
    .sort((a, b) => (a.tip < b.tip ? -1 : 1))
  const threshold = (Number(block.header.gasUsed) * percent) / 100
  let sum = 0
  for (const { tip, gas } of tips) {
    sum += Number(gas)
    if (sum >= threshold) return tip > 0n ? tip : 0n
  }
  return 0n
}

/** There is no pending block to read; a transaction count of one is the pool's. */
function blockAt(view: View, id: unknown): L1Block {
  return id === undefined || id === 'pending' ? view.head() : requireBlock(blockById(view, id))
}

function toAddress(value: unknown): Address {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{40}$/i.test(value))
    throw new RpcError(-32602, 'invalid argument 0: address expected')
  return value.toLowerCase() as Address
}
