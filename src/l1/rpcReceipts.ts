/** Receipts from JSON-RPC, believed only if together they make the header's receipts root. EIP-658, EIP-2718. */
import type { Hash } from '../primitives/hex.ts'
import { bytesToHex } from '../primitives/hex.ts'
import { orderedTrieRoot } from '../primitives/orderedTrie.ts'
import { encodeReceipt, type Log, type Receipt } from '../primitives/receipt.ts'
import type { L1Log } from '../protocol/protocol.ts'
import type { L1Header } from './l1.ts'
import { readBytes, readHex, readList, readObject, readQuantity } from './rpcJson.ts'
import { check } from './wrongData.ts'

/** The receipts of the block, in order. */
export function verifyReceipts(json: unknown, block: L1Header): readonly Receipt[] {
  const receipts = readList(json, 'the receipts').map(decodeReceipt)
  const root = orderedTrieRoot(receipts.map(encodeReceipt))
  check(
    root === block.header.receiptsRoot,
    `receipts of block ${block.number} have root ${root}, its header says ${block.header.receiptsRoot}`,
  )
  return receipts
}

/** All logs of a block. `transactionHashes` must be verified: receipts do not commit to them. */
export function logsOfReceipts(
  receipts: readonly Receipt[],
  block: L1Header,
  transactionHashes: readonly Hash[],
): readonly L1Log[] {
  check(
    receipts.length === transactionHashes.length,
    `block ${block.number} has ${transactionHashes.length} transactions and ${receipts.length} receipts`,
  )
  const logs: L1Log[] = []
  for (const [index, receipt] of receipts.entries()) {
    for (const log of receipt.logs) {
      logs.push({
        address: log.address,
        topics: log.topics,
        data: bytesToHex(log.data),
        blockNumber: block.number,
        blockHash: block.hash,
        transactionHash: transactionHashes[index] as Hash,
        logIndex: logs.length,
      })
    }
  }
  return logs
}

function decodeReceipt(json: unknown): Receipt {
  const receipt = readObject(json, 'a receipt')
  const type = readQuantity(receipt.type ?? '0x0', 'a receipt type')
  check(type < 0x80n, `a receipt has type ${type}`)
  return {
    type: Number(type),
    succeeded: readQuantity(receipt.status, 'a receipt status') === 1n,
    cumulativeGasUsed: readQuantity(receipt.cumulativeGasUsed, 'cumulativeGasUsed'),
    logs: readList(receipt.logs, 'the logs of a receipt').map(decodeLog),
  }
}

export function decodeLog(json: unknown): Log {
  const log = readObject(json, 'a log')
  return {
    address: readHex(log.address, 'the address of a log', 20),
    topics: readList(log.topics, 'the topics of a log').map((topic) => readHex(topic, 'a topic', 32)),
    data: readBytes(log.data, 'the data of a log'),
  }
}
