/** A transaction as https://github.com/ethereum/execution-apis (schemas/transaction) has it, of any type, in a block or waiting for one. */
import { z } from 'zod'
import { address, bytes, hash, quantity } from './words.ts'

const accessListEntry = z
  .strictObject({ address, storageKeys: z.array(hash) })
  .meta({ id: 'AccessListEntry' })

export const accessList = z.array(accessListEntry)

/** EIP-7702. */
const authorization = z
  .strictObject({ address, chainId: quantity, nonce: quantity, r: quantity, s: quantity, yParity: quantity })
  .meta({ id: 'Authorization' })

/** The first three are null while it waits; which of the optional ones are there, its type says. */
export const transaction = z
  .strictObject({
    blockHash: hash.nullable(),
    blockNumber: quantity.nullable(),
    transactionIndex: quantity.nullable(),
    blockTimestamp: quantity.optional(),
    hash,
    type: quantity,
    from: address,
    nonce: quantity,
    to: address.nullable(),
    value: quantity,
    gas: quantity,
    gasPrice: quantity,
    maxFeePerGas: quantity.optional(),
    maxPriorityFeePerGas: quantity.optional(),
    maxFeePerBlobGas: quantity.optional(),
    blobVersionedHashes: z.array(hash).optional(),
    input: bytes,
    chainId: quantity.optional(),
    accessList: accessList.optional(),
    authorizationList: z.array(authorization).optional(),
    r: quantity,
    s: quantity,
    v: quantity,
    yParity: quantity.optional(),
  })
  .meta({ id: 'Transaction' })
