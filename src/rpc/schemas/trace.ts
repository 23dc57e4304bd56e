/** Traces, as geth prints them. Their shape is the tracer's. */
import { z } from 'zod'
import { address, bytes, count, hash, quantity } from './words.ts'

/** Shown without leading zeros. */
const word = z.string().regex(/^0x(?:0|[1-9a-f][0-9a-f]{0,63})$/)

const structLog = z
  .strictObject({
    pc: count,
    op: z.string(),
    gas: z.number(),
    gasCost: z.number(),
    depth: count,
    error: z.string().optional(),
    stack: z.array(word).optional(),
    returnData: bytes.optional(),
    memory: z.array(hash).optional(),
    storage: z.record(hash, hash).optional(),
    refund: count.optional(),
  })
  .meta({ id: 'StructLog', title: 'one step, before it executes' })

const steps = z
  .strictObject({ gas: count, failed: z.boolean(), returnValue: bytes, structLogs: z.array(structLog) })
  .meta({ id: 'StructLogTrace', title: 'the steps of a transaction' })

const log = z.strictObject({
  address,
  topics: z.array(hash),
  data: bytes,
  index: quantity,
  position: quantity,
})

const call = z
  .strictObject({
    type: z.string(),
    from: address,
    to: address.optional(),
    gas: quantity,
    gasUsed: quantity,
    input: bytes,
    output: bytes.optional(),
    error: z.string().optional(),
    revertReason: z.string().optional(),
    value: quantity.optional(),
    logs: z.array(log).optional(),
    get calls() {
      return z.array(call).optional()
    },
  })
  .meta({ id: 'CallTrace', title: 'callTracer: a call, with those it made' })

const account = z.strictObject({
  balance: quantity.optional(),
  nonce: count.optional(),
  code: bytes.optional(),
  codeHash: hash.optional(),
  storage: z.record(hash, hash).optional(),
})
const accounts = z
  .record(address, account)
  .meta({ id: 'PrestateTrace', title: 'prestateTracer: accounts as they were before' })
const diff = z
  .strictObject({ post: accounts, pre: accounts })
  .meta({ id: 'StateDiffTrace', title: 'prestateTracer in diffMode: what changed, before and after' })

const selectors = z.record(z.string().regex(/^0x[0-9a-f]{8}-\d+$/), count).meta({
  id: 'SelectorTrace',
  title: '4byteTracer: how often each function was called, with as many bytes of arguments',
})

export const trace = z.union([steps, call, diff, accounts, selectors]).meta({ id: 'Trace' })

export const blockTrace = z
  .array(z.strictObject({ txHash: hash, result: trace }))
  .meta({ id: 'BlockTrace', title: 'the trace of each transaction' })
