/** The builder of an operator who builds his own L1 blocks, by its JSON-RPC: what may be promised about L1, and what came of it. */
import { createPublicClient, http, TransactionReceiptNotFoundError } from 'viem'
import { bytesToHex, type Hash } from '../../primitives/hex.ts'
import type { L1Moment } from '../promises/l1Facts.ts'

export type L1Builder = {
  /** Hands a transaction over for the operator's next block. Throws when the builder does not take it. */
  take(raw: Uint8Array): Promise<void>
  /** The L1 block that holds it. */
  find(transactionHash: Hash): Promise<L1Moment | undefined>
  /** Of the L1 head, in wei per gas. */
  baseFee(): Promise<bigint>
}

export function createL1Builder(url: string): L1Builder {
  const client = createPublicClient({ transport: http(url) })
  return {
    async take(raw) {
      await client.sendRawTransaction({ serializedTransaction: bytesToHex(raw) })
    },
    async find(hash) {
      try {
        const { blockNumber, blockHash } = await client.getTransactionReceipt({ hash })
        const { timestamp } = await client.getBlock({ blockHash })
        return { number: blockNumber, hash: blockHash, timestamp }
      } catch (error) {
        if (error instanceof TransactionReceiptNotFoundError) return undefined
        throw error
      }
    },
    baseFee: async () => (await client.getBlock()).baseFeePerGas ?? 0n,
  }
}
