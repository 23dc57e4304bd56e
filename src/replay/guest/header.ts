/** Block headers of a guest input, L1 and L2. Two layouts: `nonce` as a number or as hex, `requests_root` or `requests_hash`. */
import { z } from 'zod'
import { bigintToFixedBytes } from '../../primitives/bytes.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import { address, bytes, hash, quantity } from './fields.ts'

const nonce = z.union([
  z
    .number()
    .int()
    .nonnegative()
    .transform((value) => bigintToFixedBytes(BigInt(value), 8)),
  z
    .string()
    .regex(/^0x[0-9a-fA-F]{16}$/)
    .transform(hexToBytes),
])

export const header = z
  .object({
    parent_hash: hash,
    ommers_hash: hash,
    beneficiary: address,
    state_root: hash,
    transactions_root: hash,
    receipts_root: hash,
    logs_bloom: bytes,
    difficulty: quantity,
    number: quantity,
    gas_limit: quantity,
    gas_used: quantity,
    timestamp: quantity,
    extra_data: bytes,
    mix_hash: hash,
    nonce,
    base_fee_per_gas: quantity.nullish(),
    withdrawals_root: hash.nullish(),
    blob_gas_used: quantity.nullish(),
    excess_blob_gas: quantity.nullish(),
    parent_beacon_block_root: hash.nullish(),
    requests_root: hash.nullish(),
    requests_hash: hash.nullish(),
  })
  .transform((fields): BlockHeader => {
    const requestsHash = fields.requests_hash ?? fields.requests_root
    return {
      parentHash: fields.parent_hash,
      ommersHash: fields.ommers_hash,
      coinbase: fields.beneficiary,
      stateRoot: fields.state_root,
      transactionsRoot: fields.transactions_root,
      receiptsRoot: fields.receipts_root,
      logsBloom: fields.logs_bloom,
      difficulty: fields.difficulty,
      number: fields.number,
      gasLimit: fields.gas_limit,
      gasUsed: fields.gas_used,
      timestamp: fields.timestamp,
      extraData: fields.extra_data,
      mixHash: fields.mix_hash,
      nonce: fields.nonce,
      ...present('baseFeePerGas', fields.base_fee_per_gas),
      ...present('withdrawalsRoot', fields.withdrawals_root),
      ...present('blobGasUsed', fields.blob_gas_used),
      ...present('excessBlobGas', fields.excess_blob_gas),
      ...present('parentBeaconBlockRoot', fields.parent_beacon_block_root),
      ...present('requestsHash', requestsHash),
    }
  })

function present<K extends string, V>(name: K, value: V | null | undefined): { [key in K]?: V } {
  return value === null || value === undefined ? {} : ({ [name]: value } as { [key in K]: V })
}
