/** What reads of the state and of fees answer. */
import { z } from 'zod'
import { address, bytes, hash, quantity } from './words.ts'

/** EIP-1186. */
export const accountProof = z
  .strictObject({
    address,
    accountProof: z.array(bytes),
    balance: quantity,
    codeHash: hash,
    nonce: quantity,
    storageHash: hash,
    storageProof: z.array(
      z.strictObject({
        /** As it was asked for. */
        key: z.string(),
        value: quantity,
        proof: z.array(bytes),
      }),
    ),
  })
  .meta({ id: 'AccountProof' })

/** One base fee more than blocks: the next block's. */
export const feeHistory = z
  .strictObject({
    oldestBlock: quantity,
    baseFeePerGas: z.array(quantity),
    gasUsedRatio: z.array(z.number().min(0).max(1)),
    baseFeePerBlobGas: z.array(quantity).optional(),
    blobGasUsedRatio: z.array(z.number().min(0).max(1)).optional(),
    reward: z.array(z.array(quantity)).optional(),
  })
  .meta({ id: 'FeeHistory' })

/** False when the L1 head has been reached. */
export const syncing = z.union([
  z.literal(false),
  z
    .strictObject({
      startingBlock: quantity,
      currentBlock: quantity,
      highestBlock: quantity,
      startingL1Block: quantity,
      currentL1Block: quantity.nullable(),
      highestL1Block: quantity.nullable(),
    })
    .meta({ id: 'Syncing' }),
])

export const poolStatus = z.strictObject({ pending: quantity, queued: quantity }).meta({ id: 'PoolStatus' })
