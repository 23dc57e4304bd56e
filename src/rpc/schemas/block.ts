/** Headers and blocks as https://github.com/ethereum/execution-apis (schemas/block) has them; later forks add fields. */
import { z } from 'zod'
import { transaction } from './transaction.ts'
import { address, bytes, hash, quantity } from './words.ts'

const headerFields = {
  number: quantity,
  hash,
  parentHash: hash,
  sha3Uncles: hash,
  miner: address,
  stateRoot: hash,
  transactionsRoot: hash,
  receiptsRoot: hash,
  logsBloom: bytes,
  difficulty: quantity,
  gasLimit: quantity,
  gasUsed: quantity,
  timestamp: quantity,
  extraData: bytes,
  mixHash: hash,
  nonce: bytes,
  baseFeePerGas: quantity.optional(),
  withdrawalsRoot: hash.optional(),
  blobGasUsed: quantity.optional(),
  excessBlobGas: quantity.optional(),
  parentBeaconBlockRoot: hash.optional(),
  requestsHash: hash.optional(),
}

export const header = z.strictObject(headerFields).meta({ id: 'Header' })

/** A header alone, as https://github.com/ethereum/go-ethereum shows it. */
export const uncle = z
  .strictObject({ ...headerFields, size: quantity, uncles: z.array(hash) })
  .meta({ id: 'Uncle' })

const withdrawal = z
  .strictObject({ index: quantity, validatorIndex: quantity, address, amount: quantity })
  .meta({ id: 'Withdrawal' })

/** Of the block under way, what only a sealed one has is null. */
export const block = z
  .strictObject({
    ...headerFields,
    hash: hash.nullable(),
    nonce: bytes.nullable(),
    miner: address.nullable(),
    size: quantity,
    transactions: z.union([z.array(hash), z.array(transaction)]),
    uncles: z.array(hash),
    withdrawals: z.array(withdrawal).optional(),
  })
  .meta({ id: 'Block' })
