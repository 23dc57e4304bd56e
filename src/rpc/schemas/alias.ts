/** What methods answer that other stacks have under these names. */
import { z } from 'zod'
import { bytes, count, hash, quantity } from './words.ts'

export const l1Origin = z
  .strictObject({
    blockID: quantity,
    l2BlockHash: hash,
    l1BlockHeight: quantity.nullable(),
    l1BlockHash: hash,
    buildPayloadArgsID: z.array(count).length(8),
    isForcedInclusion: z.boolean(),
    signature: bytes,
  })
  .meta({ id: 'L1Origin' })

const l1Ref = z.strictObject({ number: count, hash })
const l2Ref = z.strictObject({
  number: count,
  hash,
  parentHash: hash.optional(),
  timestamp: count.optional(),
  l1origin: l1Ref.optional(),
})

export const optimismSyncStatus = z
  .strictObject({
    current_l1: l1Ref.nullable(),
    head_l1: l1Ref.nullable(),
    safe_l1: l1Ref.nullable(),
    finalized_l1: l1Ref.nullable(),
    unsafe_l2: l2Ref,
    safe_l2: l2Ref,
    finalized_l2: l2Ref,
    pending_safe_l2: l2Ref,
    local_safe_l2: l2Ref,
  })
  .meta({ id: 'OptimismSyncStatus' })
