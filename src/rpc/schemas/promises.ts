/** What the `based_` methods about promises, inclusion lists and the stream of a sequencer answer. Times are milliseconds since 1970. */
import { z } from 'zod'
import { signedCommitment, signedList } from './signed.ts'
import { address, bytes, count, hash, quantity } from './words.ts'

const blockRef = z.strictObject({ number: quantity, hash })
const place = z
  .strictObject({ number: quantity, hash: hash.nullable(), transactionIndex: quantity })
  .nullable()

const clock = z
  .strictObject({
    reached: z.boolean(),
    at: count.nullable(),
    expectedAt: z.number().nullable(),
    why: z.string(),
  })
  .meta({ id: 'Clock' })

export const transactionStatus = z
  .strictObject({
    transactionHash: hash,
    status: z.enum(['promised', 'pooled', 'pending', 'preconfirmed', 'safe', 'finalized', 'executable']),
    block: place,
    seenAt: count.nullable(),
    clocks: z.strictObject({
      pooled: clock,
      pending: clock,
      preconfirmed: clock,
      safe: clock,
      finalized: clock,
      executable: clock,
    }),
  })
  .meta({ id: 'TransactionStatus' })

const promiseFields = {
  type: z.string(),
  commitmentType: quantity,
  commitmentHash: hash,
  requestHash: hash,
  payload: bytes,
  signer: address,
  signature: bytes.nullable(),
  slot: quantity,
  windowEnd: quantity,
  blockNumber: quantity.nullable(),
  parentHash: hash.nullable(),
  requestedAt: count,
  answeredAt: count.nullable(),
  outcome: z.enum(['pending', 'kept', 'broken', 'expired']),
  isFinal: z.boolean(),
  reason: z.enum(['missedSlot', 'l1Reorg', 'equivocation', 'late', 'otherBlock', 'notIncluded']).nullable(),
  brokenBy: address.nullable(),
  landedIn: blockRef.nullable(),
  l1Block: blockRef.nullable(),
}

export const preconfirmation = z
  .strictObject({
    transactionHash: hash,
    state: z.enum(['promised', 'pending', 'preconfirmed', 'safe', 'finalized']),
    block: place,
    promises: z.array(z.strictObject(promiseFields)),
    blockCommitments: z.array(z.strictObject({ ...promiseFields, isAboutBlock: z.boolean() })),
  })
  .meta({ id: 'Preconfirmation' })

const outcomeCounts = z.strictObject({ pending: count, kept: count, broken: count, expired: count })

export const scorecard = z.array(
  z
    .strictObject({
      signer: address,
      isOurs: z.boolean(),
      /** By kind of promise. */
      counts: z.record(z.string(), outcomeCounts),
      shareKept: z.number().min(0).max(1).nullable(),
      latency: z.strictObject({ p50: z.number(), p99: z.number(), samples: count }).nullable(),
      windows: z.strictObject({ promised: count, broken: count }),
    })
    .meta({ id: 'SignerScore' }),
)

export const receivedList = z
  .strictObject({
    status: z.enum(['taken', 'known', 'equivocation']),
    hash,
    committer: address,
    windowEnd: quantity,
  })
  .meta({ id: 'ReceivedList' })

export const inclusionList = z
  .union([
    z.strictObject({ slot: quantity, verdict: z.literal('unknown') }),
    z.strictObject({
      slot: quantity,
      verdict: z.enum(['pending', 'ignored', 'noBlocks', 'satisfied', 'slotMissed', 'violated', 'unjudged']),
      finality: z.enum(['preconfirmed', 'landed', 'final']).nullable(),
      isFinal: z.boolean(),
      reason: z.string().nullable(),
      lastBlock: blockRef.nullable(),
      transactions: z
        .array(
          z.strictObject({
            hash,
            outcome: z.enum(['included', 'excused', 'violated', 'unjudged']),
            reason: z.string().nullable(),
          }),
        )
        .nullable(),
      committer: address,
      window: z.strictObject({ firstSlot: quantity, lastSlot: quantity, end: quantity }),
      receivedAt: count,
      lists: z.array(signedList),
      evidence: z
        .strictObject({
          transaction: hash,
          sender: address,
          index: count,
          lastBlock: hash,
          evidence: bytes.nullable(),
          ancestors: z.array(z.strictObject({ from: quantity, to: quantity })),
          missing: z.array(z.string()),
        })
        .nullable(),
    }),
  ])
  .meta({ id: 'InclusionList' })

export const preconfStatus = z
  .strictObject({
    isAtTip: z.boolean(),
    detail: z.string(),
    derived: blockRef,
    executed: blockRef,
    received: blockRef.nullable(),
    receivedAt: quantity.nullable(),
    sources: z.array(
      z.strictObject({
        name: z.string(),
        state: z.enum(['connecting', 'connected', 'waiting', 'banned']),
        detail: z.string(),
        received: count,
        invalid: count,
        tip: quantity.nullable(),
        heardAt: quantity.nullable(),
      }),
    ),
    canShutdown: z.boolean(),
    until: quantity.nullable(),
  })
  .meta({ id: 'PreconfStatus' })

export const sealedBlocks = z.array(
  z
    .strictObject({
      type: z.literal('sealed'),
      number: count,
      hash,
      /** RLP. */
      header: bytes,
      isForcedInclusion: z.boolean(),
      transactions: z.array(bytes),
      totalFrags: count,
      commitment: bytes,
      signature: bytes,
      envSignature: bytes,
      sealSignature: bytes,
    })
    .meta({ id: 'SealedBlock' }),
)

const evidenceFields = {
  id: hash,
  foundAt: quantity,
  committer: address,
  registrationRoot: hash.nullable(),
  windowEnd: quantity,
  blockNumber: quantity.nullable(),
  parentBlockHash: hash.nullable(),
  first: signedCommitment,
}

export const evidence = z.array(
  z
    .union([
      z.strictObject({
        ...evidenceFields,
        kind: z.enum(['blockEquivocation', 'listEquivocation', 'promisedBehindEnd']),
        second: signedCommitment,
        evidence: bytes,
      }),
      z.strictObject({
        ...evidenceFields,
        kind: z.literal('listViolation'),
        transaction: hash,
      }),
      z.strictObject({
        ...evidenceFields,
        kind: z.literal('displaced'),
        promisedBlockHash: hash,
        judgement: z.enum(['contentMismatch', 'otherParent', 'otherWindow']),
        landed: z.strictObject({
          blockHash: hash,
          parentHash: hash,
          proposalId: quantity,
          proposer: address,
          l1BlockNumber: quantity,
          l1TransactionHash: hash,
        }),
      }),
    ])
    .meta({ id: 'Evidence' }),
)
