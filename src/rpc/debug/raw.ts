/** `debug_getRaw…`: headers, blocks, receipts and transactions in their consensus encoding. */
import { z } from 'zod'
import type { StoredBlock } from '../../chain/chain.ts'
import { encodeBlock } from '../../engine/ethereum/block.ts'
import { encodeHeader } from '../../primitives/header.ts'
import { bytesToHex, type Hash, type Hex } from '../../primitives/hex.ts'
import { encodeReceipt } from '../../primitives/receipt.ts'
import type { RpcDeps } from '../deps.ts'
import { RpcError } from '../errors.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { type BlockParameter, blockParam, hashParam } from '../params.ts'
import { findBlock } from '../resolve.ts'
import { bytes } from '../schemas/words.ts'

export function rawMethods({ chain, pool }: Pick<RpcDeps, 'chain' | 'pool'>): Methods {
  const need = async (block: BlockParameter): Promise<StoredBlock> => {
    const found = await findBlock(chain, block)
    if (found === undefined) throw new RpcError({ code: 'resourceNotFound', message: 'block not found' })
    return found
  }
  const findTransaction = async (hash: Hash): Promise<Hex | null> => {
    const position = await chain.transactionPosition(hash)
    const block = position && (await chain.blockByNumber(position.blockNumber))
    const mined = position && block?.transactions[position.index]
    // A reorg between the two reads leaves the position pointing at another transaction.
    const transaction = mined?.hash === hash ? mined : pool?.get(hash)
    return transaction === undefined ? null : bytesToHex(transaction.raw)
  }
  const rawTransaction = defineMethod({
    cost: COST.block,
    summary: 'The bytes of a transaction, of the chain or waiting; null if it is unknown.',
    params: { hash: hashParam },
    result: bytes.nullable(),
    handle: ({ hash }) => findTransaction(hash),
  })
  return {
    debug_getRawHeader: defineMethod({
      cost: COST.block,
      summary: "The RLP of a block's header.",
      params: { block: blockParam },
      result: bytes,
      handle: async ({ block }) => bytesToHex(encodeHeader((await need(block)).header)),
    }),
    debug_getRawBlock: defineMethod({
      cost: COST.block,
      summary: 'The RLP of a block.',
      params: { block: blockParam },
      result: bytes,
      handle: async ({ block }) => bytesToHex(encodeStored(await need(block))),
    }),
    debug_getRawReceipts: defineMethod({
      cost: COST.block,
      summary: "The consensus encoding of each of a block's receipts.",
      params: { block: blockParam },
      result: z.array(bytes),
      handle: async ({ block }) =>
        (await need(block)).transactions.map(({ receipt }) => bytesToHex(encodeReceipt(receipt))),
    }),
    debug_getRawTransaction: rawTransaction,
    eth_getRawTransactionByHash: rawTransaction,
    debug_getBadBlocks: defineMethod({
      cost: COST.constant,
      summary: 'Blocks that broke a rule: none, since this node takes blocks from nobody.',
      params: {},
      result: z.array(z.never()),
      handle: () => [],
    }),
  }
}

function encodeStored({ header, transactions, ommers = [], withdrawals }: StoredBlock): Uint8Array {
  const listed = header.withdrawalsRoot === undefined ? undefined : (withdrawals ?? [])
  return encodeBlock({
    header,
    transactions: transactions.map(({ raw }) => raw),
    ommers,
    ...(listed !== undefined && { withdrawals: listed }),
  })
}
