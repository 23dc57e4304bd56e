/** What happened to an experiment, as its log keeps it: one line an event, in the order in which they were written. */
import { z } from 'zod'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import { ENTRIES, TARGET_CLASSES } from './classes.ts'
import { CLOCKS } from './plan.ts'

const hexText = <T extends Hex>(pattern: RegExp) =>
  z
    .string()
    .regex(pattern)
    .transform((text) => text as T)
const hex = hexText<Hex>(/^0x[0-9a-f]*$/)
const hash = hexText<Hash>(/^0x[0-9a-f]{64}$/)
const address = hexText<Address>(/^0x[0-9a-f]{40}$/)
/** Milliseconds since 1970, by the clock of the machine that probes. */
const time = z.number().int().nonnegative()
const wei = z.string().regex(/^[0-9]+$/)
const transaction = z.strictObject({ raw: hex, hash })

const probe = z.strictObject({
  entry: z.enum(ENTRIES),
  class: z.enum(TARGET_CLASSES),
  sender: address,
  to: address.nullable(),
  raw: hex,
  hash,
  /** The L1 transaction that queues it, without its blob, which is made again from `raw`. */
  l1: z.strictObject({ raw: hex, hash, sidecar: z.union([z.literal(0), z.literal(1)]) }).exactOptional(),
})

const promise = z.strictObject({ signer: address, blockNumber: z.number(), windowEnd: z.number() })

const eventSchema = z.discriminatedUnion('type', [
  /** The inbox's own bounds, in seconds and as a multiple of them. */
  z.strictObject({ type: z.literal('inbox'), forcedInclusionDelay: z.number(), multiplier: z.number() }),
  /** A contract of our own for the class `call`. */
  z.strictObject({ type: z.literal('contract'), transaction, address, cost: wei }),
  /** Everything of a group that is to be sent, written before any of it is. Costs are the most it can take, in wei. */
  z.strictObject({
    type: z.literal('group'),
    group: z.number().int().nonnegative(),
    gasPrice: z.strictObject({ maxFeePerGas: wei, maxPriorityFeePerGas: wei }),
    funding: z.array(transaction),
    cost: z.strictObject({ l1: wei, l2: wei }),
    probes: z.array(probe),
  }),
  /** Written just before the first request of a group. */
  z.strictObject({ type: z.literal('sending'), group: z.number().int(), at: time }),
  z.strictObject({
    type: z.literal('answer'),
    hash,
    /** Just before the request; null where an earlier process may have sent it already, nobody knows when. */
    sentAt: time.nullable(),
    at: time,
    /** `failed`: nobody knows whether it was taken. */
    outcome: z.enum(['accepted', 'refused', 'failed']),
    detail: z.string(),
    promise: promise.exactOptional(),
  }),
  /** On L1, in the inbox's queue, or never to be there. */
  z.strictObject({
    type: z.literal('queued'),
    hash,
    after: time,
    at: time,
    succeeded: z.boolean(),
    l1Block: z.number(),
    /** Of the L1 block, seconds. */
    l1Time: z.number(),
  }),
  /** First seen at a clock: it came there later than `after`, and not later than `at`. */
  z.strictObject({
    type: z.literal('seen'),
    hash,
    clock: z.enum(CLOCKS),
    after: time,
    at: time,
    block: z.number(),
    /** Of its proposal, from `safe` on; null where the node does not say. Time in seconds. */
    l1: z.strictObject({ block: z.number(), time: z.number() }).nullable().exactOptional(),
  }),
  /** It was in the chain, and is not any more. */
  z.strictObject({ type: z.literal('displaced'), hash, at: time }),
  /** Watched to the end: it is at the last clock, or the cut-off is over. */
  z.strictObject({ type: z.literal('ended'), hash, at: time }),
])

export type ProbeEvent = Readonly<z.output<typeof eventSchema>>
export type EventOf<T extends ProbeEvent['type']> = Extract<ProbeEvent, { readonly type: T }>
export type LoggedGroup = EventOf<'group'>
export type LoggedProbe = LoggedGroup['probes'][number]

/** Throws for a line that no version of this program wrote. */
export function parseEvent(line: string): ProbeEvent {
  return eventSchema.parse(JSON.parse(line))
}
