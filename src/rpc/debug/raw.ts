/** Blocks, headers, receipts and transactions as consensus encodes them. */
import { z } from 'zod'
import type { StoredBlock } from '../../chain/chain.ts'
import { encodeBlock } from '../../engine/ethereum/block.ts'
import { encodeHeader } from '../../primitives/header.ts'
import { bytesToHex, type Hash, type Hex } from '../../primitives/hex.ts'
import { encodeReceipt } from '../../primitives/receipt.ts'
import type { RpcDeps } from '../deps.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { blockNumberParam, blockParam, hashParam, indexParam } from '../params.ts'
import { findPending } from '../pending.ts'
import { findBlock } from '../resolve.ts'
import { bytes } from '../schemas/words.ts'
import { wantBlock } from './find.ts'

/** What geth says of a transaction that is not there. */
const NO_BYTES: Hex = '0x'

export function rawMethods({ chain, pool, pending }: Pick<RpcDeps, 'chain' | 'pool' | 'pending'>): Methods {
  const rawAt = (block: Pick<StoredBlock, 'transactions'> | undefined, index: number): Hex => {
    const transaction = block?.transactions[index]
    return transaction === undefined ? NO_BYTES : bytesToHex(transaction.raw)
  }
  const rawByHash = async (hash: Hash): Promise<Hex> => {
    const position = await chain.transactionPosition(hash)
    const block = position && (await chain.blockByNumber(position.blockNumber))
    const landed = position && block?.transactions[position.index]
    if (landed?.hash === hash) return bytesToHex(landed.raw)
    const waiting = pool?.get(hash) ?? pending?.()?.transactions.find((other) => other.hash === hash)
    return waiting === undefined ? NO_BYTES : bytesToHex(waiting.raw)
  }
  const rawTransaction = defineMethod({
    cost: COST.block,
    summary: 'The bytes of a transaction, of the chain or still waiting; none when nobody knows it.',
    params: { hash: hashParam },
    result: bytes,
    handle: ({ hash }) => rawByHash(hash),
  })

  return {
    debug_getRawBlock: defineMethod({
      cost: COST.block,
      summary:
        'The RLP of a block: header, transactions, ommers, and withdrawals where its header has a root of them.',
      params: { block: blockParam },
      result: bytes,
      handle: async ({ block }) => bytesToHex(rawBlock(await wantBlock(chain, block))),
    }),
    debug_getRawHeader: defineMethod({
      cost: COST.block,
      summary: 'The RLP of the header of a block.',
      params: { block: blockParam },
      result: bytes,
      handle: async ({ block }) => bytesToHex(encodeHeader((await wantBlock(chain, block)).header)),
    }),
    debug_getRawReceipts: defineMethod({
      cost: COST.block,
      summary: 'The receipts of a block as their trie holds them.',
      params: { block: blockParam },
      result: z.array(bytes),
      handle: async ({ block }) => {
        const { transactions } = await wantBlock(chain, block)
        return transactions.map(({ receipt }) => bytesToHex(encodeReceipt(receipt)))
      },
    }),
    debug_getRawTransaction: rawTransaction,
    eth_getRawTransactionByHash: rawTransaction,
    eth_getRawTransactionByBlockHashAndIndex: defineMethod({
      cost: COST.block,
      summary: 'The bytes of a transaction of a block; none when there is no such transaction.',
      params: { hash: hashParam, index: indexParam },
      result: bytes,
      handle: async ({ hash, index }) => rawAt(await chain.blockByHash(hash), index),
    }),
    eth_getRawTransactionByBlockNumberAndIndex: defineMethod({
      cost: COST.block,
      summary: 'The bytes of a transaction of a block; none when there is no such transaction.',
      params: { block: blockNumberParam, index: indexParam },
      result: bytes,
      handle: async ({ block, index }) =>
        rawAt(findPending(pending, block) ?? (await findBlock(chain, block)), index),
    }),
    debug_getBadBlocks: defineMethod({
      cost: COST.constant,
      summary:
        'Blocks that others made and this node refused: always none, since it makes its blocks itself.',
      params: {},
      result: z.array(z.never()),
      handle: () => [],
    }),
  }
}

export function rawBlock({ header, transactions, ommers = [], withdrawals }: StoredBlock): Uint8Array {
  const list = withdrawals ?? (header.withdrawalsRoot === undefined ? undefined : [])
  return encodeBlock({
    header,
    transactions: transactions.map(({ raw }) => raw),
    ommers,
    ...(list !== undefined && { withdrawals: list }),
  })
}
