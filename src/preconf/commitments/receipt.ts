/** The receipt of a transaction in a block that has no hash yet, with the fields of `eth_getTransactionReceipt`. */
import type { ExecutedTransaction } from '../../engine/engine.ts'
import { bytesToHex, toQuantity } from '../../primitives/hex.ts'
import { logsBloom } from '../../primitives/receipt.ts'

export function pendingReceiptJson(input: {
  readonly transaction: ExecutedTransaction
  readonly blockNumber: bigint
  /** In the block. */
  readonly index: number
  /** Logs of the transactions before it. */
  readonly firstLogIndex: number
}): Readonly<Record<string, unknown>> {
  const { transaction, index, firstLogIndex } = input
  const { receipt } = transaction
  const place = {
    blockHash: null,
    blockNumber: toQuantity(input.blockNumber),
    transactionHash: transaction.hash,
    transactionIndex: toQuantity(index),
  }
  return {
    ...place,
    type: toQuantity(receipt.type),
    from: transaction.sender,
    to: transaction.to,
    contractAddress: transaction.createdContract,
    status: receipt.succeeded ? '0x1' : '0x0',
    gasUsed: toQuantity(transaction.gasUsed),
    cumulativeGasUsed: toQuantity(receipt.cumulativeGasUsed),
    effectiveGasPrice: toQuantity(transaction.effectiveGasPrice),
    logs: receipt.logs.map((log, i) => ({
      ...place,
      address: log.address,
      topics: log.topics,
      data: bytesToHex(log.data),
      logIndex: toQuantity(firstLogIndex + i),
      removed: false,
    })),
    logsBloom: bytesToHex(logsBloom(receipt.logs)),
  }
}
