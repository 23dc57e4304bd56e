/** What the `based_` methods about derivation and the schedule answer. */
import { z } from 'zod'
import { FORK_NAMES } from '../../spec/rollupSpec.ts'
import { address, count, hash, quantity } from './words.ts'

/** Numbers in JSON, as rollup tools expect them there. */
const l1Ref = z.strictObject({ number: count, hash }).nullable()
const l2Ref = z.strictObject({
  number: count,
  hash,
  parentHash: hash.optional(),
  timestamp: count.optional(),
})

const saidOnL1 = { l1_block: count, l1_transaction: hash }

export const syncStatus = z
  .strictObject({
    synced: z.boolean(),
    problems: z.array(z.string()),
    warnings: z.array(z.string()),
    current_l1: l1Ref,
    head_l1: l1Ref,
    safe_l1: l1Ref,
    finalized_l1: l1Ref,
    unsafe_l2: l2Ref,
    safe_l2: l2Ref,
    finalized_l2: l2Ref,
    preconfirmed_l2: l2Ref.nullable(),
    l1_executable_l2: l2Ref,
    oldest_l2: l2Ref.nullable(),
    l1_head_trust: z.string(),
    l1_providers: z.array(
      z.strictObject({ name: z.string(), demotions: count, lastError: z.string().optional() }),
    ),
    inbox: z.strictObject({
      proof: z
        .strictObject({
          ...saidOnL1,
          first_proposal: count,
          last_proposal: count,
          claim: z.enum(['commitment', 'indirect', 'distrusted']),
          compared: count,
        })
        .nullable(),
      recovery: z.strictObject({ ...saidOnL1, last_proposal: count }).nullable(),
      voided_forced_inclusions: z.strictObject({ ...saidOnL1, from: count, to: count }).nullable(),
      upgrade: z.strictObject({ ...saidOnL1, implementation: address }).nullable(),
    }),
  })
  .meta({ id: 'SyncStatus' })

const fork = z.enum(FORK_NAMES)

export const rollupConfig = z
  .strictObject({
    name: z.string(),
    l1: z.strictObject({
      chainId: quantity,
      inbox: address,
      legacyInbox: address.optional(),
      inboxImplementations: z.array(address).optional(),
      distrustedProofs: z
        .array(z.strictObject({ fromBlock: quantity, untilTimestamp: quantity.optional() }))
        .optional(),
      bridge: address.optional(),
      checkpoints: z.strictObject({ store: address, slot: quantity }).optional(),
      startBlock: quantity,
      genesisTime: quantity,
      secondsPerSlot: quantity,
    }),
    l2: z.strictObject({
      chainId: quantity,
      genesis: z.strictObject({ hash, stateRoot: hash }).optional(),
      anchor: address,
      bridge: address.optional(),
      boundsInflatedCalldata: z.boolean().optional(),
    }),
    forks: z.array(
      z.strictObject({
        name: fork,
        activation: z.union([
          z.strictObject({ type: z.literal('block'), number: quantity }),
          z.strictObject({ type: z.literal('timestamp'), timestamp: quantity }),
        ]),
      }),
    ),
    shasta: z.strictObject({ timestampMaxOffset: quantity, anchorMaxOffset: quantity, baseFeeMin: quantity }),
  })
  .meta({ id: 'RollupConfig' })

const position = z.strictObject({ number: quantity, hash })
const slice = z.strictObject({ offset: count, length: count.nullable() })
const listed = z.strictObject({ offset: count, length: count }).nullable()
const fault = z.strictObject({ name: z.string(), rule: z.string(), detail: z.string().optional() }).nullable()

export const proposal = z
  .strictObject({
    id: quantity,
    fork,
    hash,
    proposer: address,
    timestamp: quantity,
    windowEnd: quantity.nullable(),
    l1: z.strictObject({
      blockNumber: quantity,
      blockHash: hash,
      transactionHash: hash,
      logIndex: quantity,
    }),
    firstBlock: quantity,
    lastBlock: quantity,
    sources: z.array(
      z.strictObject({
        isForcedInclusion: z.boolean(),
        savedAt: quantity.nullable(),
        blobs: z.array(hash),
        slice,
        fault,
      }),
    ),
  })
  .meta({ id: 'Proposal' })

const place = { transactionHash: hash, blockHash: hash, blockNumber: quantity, transactionIndex: quantity }

export const provenance = z
  .union([
    z.strictObject({ ...place, derived: z.literal(false) }),
    z.strictObject({
      ...place,
      derived: z.literal(true),
      fork,
      proposalId: quantity,
      proposer: address,
      l1Block: position,
      l1Transaction: hash,
      l1LogIndex: quantity,
      sourceIndex: count,
      isForcedInclusion: z.boolean(),
      blobs: z.array(hash),
      slice,
      blockInSource: count,
      isAnchor: z.boolean(),
      position: count.nullable(),
      listed,
    }),
  ])
  .meta({ id: 'Provenance' })

export const explainedSource = z
  .strictObject({
    proposalId: quantity,
    sourceIndex: count,
    isForcedInclusion: z.boolean(),
    fault,
    blocks: z.array(
      z.strictObject({
        blockNumber: quantity,
        blockInSource: count,
        anchorBlockNumber: quantity,
        listed: count,
        dropped: z.array(z.strictObject({ position: count, reason: z.string(), rule: z.string(), listed })),
      }),
    ),
  })
  .meta({ id: 'ExplainedSource' })

const schedule = z.enum(['open', 'whitelist', 'lookahead', 'unknown'])

/** `sequencers` null: anyone; empty: nobody, or, with a `reason`, not known. */
const windowFields = {
  right: z.enum(['open', 'whitelist', 'lookahead', 'unknown', 'fallback']),
  sequencers: z.array(address).nullable(),
  owner: z.strictObject({ validatorIndex: quantity, registrationRoot: hash }).nullable(),
  window: z.strictObject({ firstSlot: quantity, lastSlot: quantity, end: quantity }),
  reason: z.string().nullable(),
}

export const sequencer = z
  .strictObject({
    slot: quantity,
    epoch: quantity,
    timestamp: quantity,
    schedule,
    trust: z.string(),
    ...windowFields,
  })
  .meta({ id: 'Sequencer' })

export const lookahead = z
  .strictObject({
    epoch: quantity,
    schedule,
    trust: z.string(),
    firstSlot: quantity,
    lastSlot: quantity,
    dependentRoot: hash.nullable(),
    l1Block: position,
    windows: z.array(z.strictObject(windowFields)),
  })
  .meta({ id: 'Lookahead' })

export const forcedInclusions = z
  .strictObject({
    l1Block: position,
    pending: quantity,
    inclusions: z.array(
      z.strictObject({
        index: quantity,
        blob: hash,
        offset: count,
        feeGwei: quantity,
        savedAt: quantity,
        dueAt: quantity,
        dueSlot: quantity,
        overdueAfter: quantity,
        isOverdue: z.boolean(),
        mustInclude: sequencer.nullable(),
      }),
    ),
  })
  .meta({ id: 'ForcedInclusions' })

export const orderingProvider = z
  .union([
    z.strictObject({ blockNumber: quantity, blockHash: hash, derived: z.literal(false) }),
    z.strictObject({
      blockNumber: quantity,
      blockHash: hash,
      derived: z.literal(true),
      proposalId: quantity,
      proposer: address,
      right: z.enum(['open', 'whitelist', 'lookahead', 'fallback', 'overdue', 'unknown']),
      slot: quantity,
      l1Block: position,
      window: z.strictObject({ lastSlot: quantity, end: quantity }).nullable(),
      forcedInclusion: z
        .strictObject({
          blobs: z.array(hash),
          savedAt: quantity.nullable(),
          dueAt: quantity.nullable(),
        })
        .nullable(),
    }),
  ])
  .meta({ id: 'OrderingProvider' })
