/** A log as JSON-RPC shows it: written by the node, and by the processes that search for it. */
import type { FoundLog } from '../chain/chain.ts'
import { bytesToHex, toQuantity } from '../primitives/hex.ts'
import type { Json } from './json.ts'

/** `removed`: a reorg took the log's block away. */
export function logJson(log: FoundLog, removed = false): Json {
  return {
    address: log.address,
    topics: log.topics,
    data: bytesToHex(log.data),
    blockNumber: toQuantity(log.blockNumber),
    blockHash: log.blockHash,
    blockTimestamp: toQuantity(log.blockTimestamp),
    transactionHash: log.transactionHash,
    transactionIndex: toQuantity(log.transactionIndex),
    logIndex: toQuantity(log.logIndex),
    removed,
  }
}
