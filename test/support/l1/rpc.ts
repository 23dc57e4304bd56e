/** The execution client's JSON-RPC over a view. Answers and errors are shaped as a real client's. */
import { type Address, bytesToHex, toQuantity } from '../../../src/primitives/hex.ts'
import type { L1Block } from './block.ts'
import { blockById, blockByTag, requireBlock, toHash } from './blockId.ts'
import type { CallObject } from './callObject.ts'
import { IMPLEMENTATION_SLOT, proveContracts } from './checkpointTrie.ts'
import type { Mempool } from './mempool.ts'
import { type ContractsConfig, callContract } from './rpcCall.ts'
import { RpcError } from './rpcError.ts'
import {
  formatBlock,
  formatLogs,
  formatPooled,
  formatReceipt,
  formatTransaction,
  type Json,
} from './rpcFormat.ts'
import { numberOf, type View } from './tree.ts'

/** Rejects with an RpcError; the signal matters only to a provider that hangs. */
export type Request = (method: string, params?: readonly unknown[], signal?: AbortSignal) => Promise<unknown>

export type RpcOptions = {
  /** Widest block range of one eth_getLogs; default without bound. */
  readonly logRangeMax?: number
  /** Most logs of one eth_getLogs; default without bound. */
  readonly logResultsMax?: number
}

export type RpcConfig = ContractsConfig & { readonly chainId: bigint }

export type RpcMethods = Readonly<Record<string, (params: readonly unknown[]) => unknown>>

/** `sending` is there for clients that take transactions: their pool, and the methods that go with it. */
export function createRequest(
  view: View,
  config: RpcConfig,
  options: RpcOptions = {},
  sending?: { readonly pool: Mempool; readonly methods: RpcMethods },
): Request {
  const contracts = [config.inbox, config.signalService, config.scheduleAddress]
  const methods: RpcMethods = {
    web3_clientVersion: () => 'SimulatedL1/v1.0.0',
    net_version: () => String(config.chainId),
    eth_chainId: () => toQuantity(config.chainId),
    eth_syncing: () => false,
    eth_blockNumber: () => toQuantity(view.head().header.number),
    eth_gasPrice: () => toQuantity((view.head().header.baseFeePerGas ?? 0n) + 10n ** 9n),
    eth_maxPriorityFeePerGas: () => toQuantity(10n ** 9n),
    eth_getBlockByNumber: ([tag, full]) => formatted(blockByTag(view, tag), full === true),
    eth_getBlockByHash: ([hash, full]) => formatted(view.block(toHash(hash)), full === true),
    eth_getBlockReceipts: ([id]) => {
      const block = blockById(view, id)
      return block === undefined ? null : block.receipts.map((_, index) => formatReceipt(block, index))
    },
    eth_getLogs: ([filter]) => findLogs(view, filter as LogFilter, options),
    eth_getTransactionByHash: ([hash]) => {
      const found = view.transaction(toHash(hash))
      if (found !== undefined) return formatTransaction(found.block, found.index)
      const pooled = sending?.pool.find(toHash(hash))
      return pooled === undefined ? null : formatPooled(pooled)
    },
    eth_getTransactionReceipt: ([hash]) => {
      const found = view.transaction(toHash(hash))
      return found === undefined ? null : formatReceipt(found.block, found.index)
    },
    eth_getRawTransactionByHash: ([hash]) => {
      const found = view.transaction(toHash(hash))
      return found === undefined ? '0x' : bytesToHex(found.block.transactions[found.index]!.raw)
    },
    eth_getCode: ([address]) =>
      contracts.includes(String(address).toLowerCase() as Address) ? '0x5b60006000fd' : '0x',
    eth_getProof: ([address, slots, id]) =>
      proveContracts(requireBlock(blockById(view, id ?? 'latest')), config, address, slots),
    eth_getStorageAt: ([address, slot, id]) => {
      const { inbox } = requireBlock(blockById(view, id ?? 'latest'))
      const isImplementation =
        String(address).toLowerCase() === config.inbox && String(slot) === IMPLEMENTATION_SLOT
      return toWord(isImplementation ? (inbox.implementation ?? '0x') : '0x')
    },
    eth_call: ([call, id]) =>
      callContract(requireBlock(blockById(view, id ?? 'latest')), config, call as CallObject),
    ...sending?.methods,
  }
  return async (method, params = []) => {
    const answer = methods[method]
    if (answer === undefined)
      throw new RpcError(-32601, `the method ${method} does not exist/is not available`)
    return answer(params)
  }
}

function formatted(block: L1Block | undefined, full: boolean): Json | null {
  return block === undefined ? null : formatBlock(block, full)
}

type LogFilter = {
  readonly fromBlock?: string
  readonly toBlock?: string
  readonly blockHash?: string
  readonly address?: string | readonly string[]
  readonly topics?: readonly (string | readonly string[] | null)[]
}

function findLogs(view: View, filter: LogFilter, options: RpcOptions): Json[] {
  const found = blocksOf(view, filter, options).flatMap((block) =>
    formatLogs(block).filter((log) => matches(filter, log as { address: string; topics: readonly string[] })),
  )
  const { logResultsMax } = options
  if (logResultsMax !== undefined && found.length > logResultsMax)
    throw new RpcError(-32005, `query returned more than ${logResultsMax} results`)
  return found
}

function blocksOf(view: View, filter: LogFilter, { logRangeMax }: RpcOptions): readonly L1Block[] {
  if (filter.blockHash !== undefined) {
    const block = view.block(toHash(filter.blockHash))
    if (block === undefined) throw new RpcError(-32000, 'unknown block')
    return [block]
  }
  const head = numberOf(view.head())
  const [from, to] = [filter.fromBlock, filter.toBlock].map((tag) => {
    const block = blockByTag(view, tag ?? 'latest')
    return block === undefined ? Number(tag) : numberOf(block)
  }) as [number, number]
  if (from > to) throw new RpcError(-32602, 'invalid block range params')
  if (logRangeMax !== undefined && to - from + 1 > logRangeMax)
    throw new RpcError(-32602, `block range is too large, at most ${logRangeMax} blocks`)
  const blocks: L1Block[] = []
  for (let number = from; number <= Math.min(to, head); number++) {
    const block = view.at(number)
    if (block === undefined) break
    blocks.push(block)
  }
  return blocks
}

function matches(filter: LogFilter, log: { address: string; topics: readonly string[] }): boolean {
  const oneOf = (wanted: string | readonly string[], value: string | undefined): boolean =>
    (typeof wanted === 'string' ? [wanted] : wanted).some((item) => item.toLowerCase() === value)
  if (filter.address !== undefined && !oneOf(filter.address, log.address)) return false
  return (filter.topics ?? []).every((wanted, i) => {
    if (wanted === null) return log.topics.length > i
    return (Array.isArray(wanted) && wanted.length === 0) || oneOf(wanted, log.topics[i])
  })
}

function toWord(value: string): string {
  return `0x${value.slice(2).padStart(64, '0')}`
}
