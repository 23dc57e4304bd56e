/** `eth_` reads of blocks and of what is in them. */
import { z } from 'zod'
import type { StoredBlock } from '../../chain/chain.ts'
import { type Hash, toQuantity } from '../../primitives/hex.ts'
import { blobBaseFeeOf } from '../blobFee.ts'
import type { RpcDeps } from '../deps.ts'
import { pendingTransactionJson, receiptJsonAt, receiptsJson, transactionJson, uncleJson } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { blockNumberParam, blockParam, hashParam, indexParam } from '../params.ts'
import { findPending, pendingBlockJson, pendingTransactionAt } from '../pending.ts'
import { findBlock } from '../resolve.ts'
import { block, uncle } from '../schemas/block.ts'
import { receipt } from '../schemas/receipt.ts'
import { transaction } from '../schemas/transaction.ts'
import { quantity } from '../schemas/words.ts'
import { createBlockText } from './blockText.ts'

const full = z.boolean('true or false wanted').optional()

export function blockMethods(deps: Pick<RpcDeps, 'execution' | 'chain' | 'pool' | 'pending'>): Methods {
  const { chain, pool } = deps
  const blockText = createBlockText()

  const findTransaction = async (hash: Hash): Promise<{ block: StoredBlock; index: number } | undefined> => {
    const position = await chain.transactionPosition(hash)
    const block = position && (await chain.blockByNumber(position.blockNumber))
    // A reorg between the two reads leaves the position pointing at another transaction.
    if (position === undefined || block?.transactions[position.index]?.hash !== hash) return undefined
    return { block, index: position.index }
  }
  const byHash = (hash: Hash) => chain.blockByHash(hash)
  const uncleCountJson = (block: StoredBlock | undefined) =>
    block === undefined ? null : toQuantity(block.ommers?.length ?? 0)
  const countJson = (block: Pick<StoredBlock, 'transactions'> | undefined) =>
    block === undefined ? null : toQuantity(block.transactions.length)

  return {
    eth_blockNumber: defineMethod({
      cost: COST.constant,
      summary: 'The number of the last sealed block.',
      params: {},
      result: quantity,
      handle: () => toQuantity(chain.heads().latest.number),
    }),
    eth_getBlockByNumber: defineMethod({
      cost: COST.block,
      summary: 'A block with its transactions, whole or as hashes; null if there is none.',
      params: { block: blockNumberParam, full },
      result: block.nullable(),
      handle: async (params) => {
        const pending = findPending(deps.pending, params.block)
        if (pending !== undefined) return pendingBlockJson(pending, params.full ?? false)
        const block = await findBlock(chain, params.block)
        return block === undefined ? null : blockText(block, params.full ?? false)
      },
    }),
    eth_getBlockByHash: defineMethod({
      cost: COST.block,
      summary: 'A block with its transactions, whole or as hashes; null if there is none.',
      params: { hash: hashParam, full },
      result: block.nullable(),
      handle: async (params) => {
        const block = await byHash(params.hash)
        return block === undefined ? null : blockText(block, params.full ?? false)
      },
    }),
    eth_getBlockTransactionCountByNumber: defineMethod({
      cost: COST.block,
      summary: 'How many transactions a block has; null if there is no such block.',
      params: { block: blockNumberParam },
      result: quantity.nullable(),
      handle: async ({ block }) =>
        countJson(findPending(deps.pending, block) ?? (await findBlock(chain, block))),
    }),
    eth_getBlockTransactionCountByHash: defineMethod({
      cost: COST.block,
      summary: 'How many transactions a block has; null if there is no such block.',
      params: { hash: hashParam },
      result: quantity.nullable(),
      handle: async ({ hash }) => countJson(await byHash(hash)),
    }),
    eth_getUncleCountByBlockNumber: defineMethod({
      cost: COST.block,
      summary: 'How many uncles a block has; null if there is no such block.',
      params: { block: blockNumberParam },
      result: quantity.nullable(),
      handle: async ({ block }) => uncleCountJson(await findBlock(chain, block)),
    }),
    eth_getUncleCountByBlockHash: defineMethod({
      cost: COST.block,
      summary: 'How many uncles a block has; null if there is no such block.',
      params: { hash: hashParam },
      result: quantity.nullable(),
      handle: async ({ hash }) => uncleCountJson(await byHash(hash)),
    }),
    eth_getUncleByBlockNumberAndIndex: defineMethod({
      cost: COST.block,
      summary: 'The header of an uncle of a block; null if there is none.',
      params: { block: blockNumberParam, index: indexParam },
      result: uncle.nullable(),
      handle: async (params) => {
        const block = await findBlock(chain, params.block)
        return block === undefined ? null : uncleJson(block, params.index)
      },
    }),
    eth_getUncleByBlockHashAndIndex: defineMethod({
      cost: COST.block,
      summary: 'The header of an uncle of a block; null if there is none.',
      params: { hash: hashParam, index: indexParam },
      result: uncle.nullable(),
      handle: async ({ hash, index }) => {
        const block = await byHash(hash)
        return block === undefined ? null : uncleJson(block, index)
      },
    }),
    eth_getBlockReceipts: defineMethod({
      cost: COST.block,
      summary: 'Every receipt of a block, in order; null if there is no such block.',
      params: { block: blockParam },
      result: z.array(receipt).nullable(),
      handle: async (params) => {
        // Of a block that is not sealed nothing is certain yet.
        if (findPending(deps.pending, params.block) !== undefined) return null
        const block = await findBlock(chain, params.block)
        return block === undefined ? null : receiptsJson(block, blobBaseFeeOf(deps.execution, block.header))
      },
    }),
    eth_getTransactionByHash: defineMethod({
      cost: COST.block,
      summary: 'A transaction of the chain, or one that waits; null if it is unknown.',
      params: { hash: hashParam },
      result: transaction.nullable(),
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
      summary: 'The transaction at a place in a block; null if there is none.',
      params: { hash: hashParam, index: indexParam },
      result: transaction.nullable(),
      handle: async ({ hash, index }) => {
        const block = await byHash(hash)
        return block === undefined ? null : transactionJson(block, index)
      },
    }),
    eth_getTransactionByBlockNumberAndIndex: defineMethod({
      cost: COST.block,
      summary: 'The transaction at a place in a block; null if there is none.',
      params: { block: blockNumberParam, index: indexParam },
      result: transaction.nullable(),
      handle: async (params) => {
        const pending = findPending(deps.pending, params.block)
        if (pending !== undefined) return pendingTransactionAt(pending, params.index)
        const block = await findBlock(chain, params.block)
        return block === undefined ? null : transactionJson(block, params.index)
      },
    }),
    eth_getTransactionReceipt: defineMethod({
      cost: COST.block,
      summary: 'What came of a transaction; null until it is in a block.',
      params: { hash: hashParam },
      result: receipt.nullable(),
      handle: async ({ hash }) => {
        const found = await findTransaction(hash)
        if (found === undefined) return null
        const { block, index } = found
        return receiptJsonAt(block, index, blobBaseFeeOf(deps.execution, block.header))
      },
    }),
  }
}
