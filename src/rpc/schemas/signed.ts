/** Signed commitments in the names of the commitments API: snake_case, and uint64 as JSON numbers. */
import { z } from 'zod'
import { receipt } from './receipt.ts'
import { address, bytes, count, hash, quantity } from './words.ts'

const commitment = z
  .strictObject({ commitment_type: count, payload: bytes, request_hash: hash, slasher: address })
  .meta({ id: 'Commitment' })

const signedFields = { commitment, nonce: count, signing_id: hash, signature: bytes }

export const signedCommitment = z.strictObject(signedFields).meta({ id: 'SignedCommitment' })

export const signedList = z
  .strictObject({ ...signedFields, transactions: z.array(bytes) })
  .meta({ id: 'SignedList' })

/** Its block has no hash yet, nor have its logs. */
const promisedReceipt = receipt
  .extend({
    blockHash: z.null(),
    logs: z.array(
      z.strictObject({
        address,
        topics: z.array(hash).max(4),
        data: bytes,
        blockHash: z.null(),
        blockNumber: quantity,
        transactionHash: hash,
        transactionIndex: quantity,
        logIndex: quantity,
        removed: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'PromisedReceipt' })

/** The receipt comes with a promise of execution. */
export const commitmentAnswer = z
  .strictObject({ ...signedFields, receipt: promisedReceipt.optional() })
  .meta({ id: 'CommitmentAnswer' })

export const commitmentRequest = z
  .object({ commitment_type: count, payload: z.string(), slasher: z.string() })
  .meta({ id: 'CommitmentRequest' })

export const slots = z
  .strictObject({
    slots: z.array(
      z.strictObject({
        slot: count,
        offerings: z.array(z.strictObject({ chain_id: count, commitment_types: z.array(count) })),
      }),
    ),
  })
  .meta({ id: 'Slots' })

export const fee = z
  .strictObject({
    fee_payload: bytes,
    payload: bytes,
    commitment_type: count,
    price_wei: quantity,
    tip_wei: quantity,
    valid_until: count,
  })
  .meta({ id: 'Fee' })
