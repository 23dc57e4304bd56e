/** Logs and receipts as https://github.com/ethereum/execution-apis (schemas/receipt) has them. */
import { z } from 'zod'
import { address, bytes, hash, quantity } from './words.ts'

export const log = z
  .strictObject({
    address,
    topics: z.array(hash).max(4),
    data: bytes,
    blockNumber: quantity,
    blockHash: hash,
    blockTimestamp: quantity,
    transactionHash: hash,
    transactionIndex: quantity,
    logIndex: quantity,
    /** True in notifications only: a reorg took its block away. */
    removed: z.boolean(),
  })
  .meta({ id: 'Log' })

export const logs = z.array(log)

/** Before Byzantium the state root after the transaction stands where its status is now. */
export const receipt = z
  .strictObject({
    blockHash: hash,
    blockNumber: quantity,
    transactionHash: hash,
    transactionIndex: quantity,
    type: quantity,
    from: address,
    to: address.nullable(),
    contractAddress: address.nullable(),
    status: z.enum(['0x0', '0x1']).optional(),
    root: hash.optional(),
    gasUsed: quantity,
    cumulativeGasUsed: quantity,
    effectiveGasPrice: quantity,
    blobGasUsed: quantity.optional(),
    blobGasPrice: quantity.optional(),
    logs,
    logsBloom: bytes,
  })
  .meta({ id: 'Receipt' })
