/** `eth_` reads of blocks and of what is in them. */
import { z } from 'zod'
import type { StoredBlock } from '../../chain/chain.ts'
import { type Hash, toQuantity } from '../../primitives/hex.ts'
import type { RpcDeps } from '../deps.ts'
import { blockJson, pendingTransactionJson, receiptJsonAt, receiptsJson, transactionJson } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { blockNumberParam, blockParam, hashParam, indexParam } from '../params.ts'
import { findPending, pendingBlockJson } from '../pending.ts'
import { findBlock } from '../resolve.ts'

const full = z.boolean('true or false wanted').optional()

export function blockMethods(deps: Pick<RpcDeps, 'chain' | 'pool' | 'pending'>): Methods {
  const { chain, pool } = deps

  const findTransaction = async (hash: Hash): Promise<{ block: StoredBlock; index: number } | undefined> => {
    const position = await chain.transactionPosition(hash)
    const block = position && (await chain.blockByNumber(position.blockNumber))
    // A reorg between the two reads leaves the position pointing at another transaction.
    if (position === undefined || block?.transactions[position.index]?.hash !== hash) return undefined
    return { block, index: position.index }
  }
  const byHash = (hash: Hash) => chain.blockByHash(hash)
  const countJson = (block: Pick<StoredBlock, 'transactions'> | undefined) =>
    block === undefined ? null : toQuantity(block.transactions.length)

  return {
    eth_blockNumber: defineMethod({
      cost: COST.constant,
      params: {},
      handle: () => toQuantity(chain.heads().latest.number),
    }),
    eth_getBlockByNumber: defineMethod({
      cost: COST.block,
      params: { block: blockNumberParam, full },
      handle: async (params) => {
        const pending = findPending(deps.pending, params.block)
        if (pending !== undefined) return pendingBlockJson(pending, params.full ?? false)
        const block = await findBlock(chain, params.block)
        return block === undefined ? null : blockJson(block, params.full ?? false)
      },
    }),
    eth_getBlockByHash: defineMethod({
      cost: COST.block,
      params: { hash: hashParam, full },
      handle: async (params) => {
        const block = await byHash(params.hash)
        return block === undefined ? null : blockJson(block, params.full ?? false)
      },
    }),
    eth_getBlockTransactionCountByNumber: defineMethod({
      cost: COST.block,
      params: { block: blockNumberParam },
      handle: async ({ block }) =>
        countJson(findPending(deps.pending, block) ?? (await findBlock(chain, block))),
    }),
    eth_getBlockTransactionCountByHash: defineMethod({
      cost: COST.block,
      params: { hash: hashParam },
      handle: async ({ hash }) => countJson(await byHash(hash)),
    }),
    eth_getUncleCountByBlockNumber: defineMethod({
      cost: COST.block,
      params: { block: blockNumberParam },
      handle: async ({ block }) => ((await findBlock(chain, block)) === undefined ? null : '0x0'),
    }),
    eth_getUncleCountByBlockHash: defineMethod({
      cost: COST.block,
      params: { hash: hashParam },
      handle: async ({ hash }) => ((await byHash(hash)) === undefined ? null : '0x0'),
    }),
    eth_getBlockReceipts: defineMethod({
      cost: COST.block,
      params: { block: blockParam },
      handle: async (params) => {
        const block = await findBlock(chain, params.block)
        return block === undefined ? null : receiptsJson(block)
      },
    }),
    eth_getTransactionByHash: defineMethod({
      cost: COST.block,
      params: { hash: hashParam },
      handle: async ({ hash }) => {
        const found = await findTransaction(hash)
        if (found !== undefined) return transactionJson(found.block, found.index)
        const waiting =
          pool?.get(hash) ?? deps.pending?.()?.transactions.find((pending) => pending.hash === hash)
        return waiting === undefined ? null : pendingTransactionJson(waiting)
      },
    }),
    eth_getTransactionByBlockHashAndIndex: defineMethod({
      cost: COST.block,
      params: { hash: hashParam, index: indexParam },
      handle: async ({ hash, index }) => {
        const block = await byHash(hash)
        return block === undefined ? null : transactionJson(block, index)
      },
    }),
    eth_getTransactionByBlockNumberAndIndex: defineMethod({
      cost: COST.block,
      params: { block: blockNumberParam, index: indexParam },
      handle: async (params) => {
        const block = await findBlock(chain, params.block)
        return block === undefined ? null : transactionJson(block, params.index)
      },
    }),
    eth_getTransactionReceipt: defineMethod({
      cost: COST.block,
      params: { hash: hashParam },
      handle: async ({ hash }) => {
        const found = await findTransaction(hash)
        return found === undefined ? null : receiptJsonAt(found.block, found.index)
      },
    }),
  }
}
