/** Payloads of the Engine API as the parts of a beacon block. */
import { createHash } from 'node:crypto'
import { ssz } from '@lodestar/types'
import { fromHex, toHex } from './hex.mjs'

export function readPayload(json) {
  return {
    parentHash: fromHex(json.parentHash),
    feeRecipient: fromHex(json.feeRecipient),
    stateRoot: fromHex(json.stateRoot),
    receiptsRoot: fromHex(json.receiptsRoot),
    logsBloom: fromHex(json.logsBloom),
    prevRandao: fromHex(json.prevRandao),
    blockNumber: Number(json.blockNumber),
    gasLimit: Number(json.gasLimit),
    gasUsed: Number(json.gasUsed),
    timestamp: Number(json.timestamp),
    extraData: fromHex(json.extraData),
    baseFeePerGas: BigInt(json.baseFeePerGas),
    blockHash: fromHex(json.blockHash),
    transactions: json.transactions.map(fromHex),
    withdrawals: [],
    blobGasUsed: BigInt(json.blobGasUsed),
    excessBlobGas: BigInt(json.excessBlobGas),
  }
}

/** EIP-7685: each request list is its type byte and the SSZ of the list. */
export function readExecutionRequests(lists = []) {
  const requests = ssz.electra.ExecutionRequests.defaultValue()
  for (const [type, ...data] of lists.map(fromHex)) {
    const bytes = Uint8Array.from(data)
    if (type === 0) requests.deposits = ssz.electra.DepositRequests.deserialize(bytes)
    if (type === 1) requests.withdrawals = ssz.electra.WithdrawalRequests.deserialize(bytes)
    if (type === 2) requests.consolidations = ssz.electra.ConsolidationRequests.deserialize(bytes)
  }
  return requests
}

/** EIP-4844. */
export function versionedHashOf(commitment) {
  const hash = createHash('sha256').update(commitment).digest()
  hash[0] = 1
  return toHex(hash)
}
