/** `based_submitInclusionList`, `based_getInclusionList`: what L1 proposers promise to include, and whether their windows kept it. */
import { z } from 'zod'
import type {
  ListRecord,
  ListRefusal,
  Lists,
  ListVerdict,
  Omission,
  ReceiveResult,
} from '../../preconf/lists/lists.ts'
import { signedListJson } from '../../preconf/lists/lists.ts'
import { toQuantity } from '../../primitives/hex.ts'
import { type ERROR_CODES, RpcError } from '../errors.ts'
import type { Json } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { addressParam, quantityParam } from '../params.ts'
import { inclusionList, receivedList } from '../schemas/promises.ts'

export type ListRpcDeps = { readonly lists: Pick<Lists, 'receive' | 'ofSlot' | 'omission'> }

/** Slots whose timestamps fit 48 bits, as those of windows do; numbers of SQLite are smaller than uint64. */
const SLOT_BITS = 48n

export const listSlotParam = z.union(
  [
    quantityParam.refine((slot) => slot < 2n ** SLOT_BITS),
    z
      .number()
      .int()
      .nonnegative()
      .max(2 ** Number(SLOT_BITS) - 1)
      .transform(BigInt),
  ],
  { error: 'a slot below 2^48, as a number or a hex quantity, wanted' },
)

/** By refusal: the JSON-RPC error and the HTTP status. */
export const REFUSAL_CODES: Readonly<
  Record<ListRefusal, readonly [code: keyof typeof ERROR_CODES, status: 400 | 403 | 409 | 410 | 503]>
> = {
  malformed: ['invalidParams', 400],
  wrongDomain: ['invalidParams', 400],
  wrongChain: ['invalidParams', 400],
  wrongSignature: ['invalidParams', 400],
  notAWindow: ['invalidInput', 400],
  notTheCommitter: ['invalidInput', 403],
  tooLate: ['invalidInput', 410],
  thirdList: ['invalidInput', 409],
  notNow: ['resourceUnavailable', 503],
}

export function listMethods({ lists }: ListRpcDeps): Methods {
  return {
    based_submitInclusionList: defineMethod({
      cost: COST.proof,
      summary: 'Takes a signed inclusion list.',
      params: { signedList: z.unknown() },
      result: receivedList,
      handle: async ({ signedList }) => {
        const result = await lists.receive(signedList)
        if (result.type !== 'refused') return receivedJson(result)
        const { refusal, detail } = result
        throw new RpcError({
          code: REFUSAL_CODES[refusal][0],
          message: `the inclusion list is not taken: ${detail}`,
          data: { refusal },
        })
      },
    }),
    based_getInclusionList: defineMethod({
      cost: COST.proof,
      summary: 'An inclusion list of the window that a slot is in, and whether the window kept it.',
      params: { slot: listSlotParam, committer: addressParam.optional() },
      result: inclusionList,
      handle: async ({ slot, committer }) => {
        const records = await lists.ofSlot(slot)
        const record = records.find((each) => committer === undefined || each.committer === committer)
        if (record === undefined) return { slot: toQuantity(slot), verdict: 'unknown' }
        return { slot: toQuantity(slot), ...(await recordJson(lists, record)) }
      },
    }),
  }
}

export function receivedJson(result: Exclude<ReceiveResult, { readonly type: 'refused' }>): Json {
  const { hash, committer, list } = result.signedList
  return { status: result.type, hash, committer, windowEnd: toQuantity(list.windowEnd) }
}

async function recordJson(lists: Pick<Lists, 'omission'>, record: ListRecord): Promise<Json> {
  const { committer, windowEnd, firstSlot, lastSlot, receivedAt, verdict } = record
  return {
    verdict: verdict.type,
    ...verdictJson(verdict),
    committer,
    window: {
      firstSlot: toQuantity(firstSlot),
      lastSlot: toQuantity(lastSlot),
      /** Timestamp of the last slot. */
      end: toQuantity(windowEnd),
    },
    /** Milliseconds since the Unix epoch. */
    receivedAt,
    /** Two that differ are evidence against their committer. */
    lists: record.lists.map(signedListJson),
    evidence: verdict.type === 'violated' ? omissionJson(await lists.omission(record)) : null,
  }
}

function omissionJson(omission: Omission | undefined): Json | null {
  if (omission === undefined) return null
  const ancestors = omission.ancestors.map(({ from, to }) => ({ from: toQuantity(from), to: toQuantity(to) }))
  return { ...omission, ancestors }
}

function verdictJson(verdict: ListVerdict): Json {
  const finality = 'finality' in verdict ? verdict.finality : null
  return {
    /** By preconfirmed blocks, by what landed, or for good. */
    finality,
    isFinal: verdict.type === 'ignored' || finality === 'final',
    reason: 'reason' in verdict ? verdict.reason : null,
    lastBlock:
      'lastBlock' in verdict
        ? { number: toQuantity(verdict.lastBlock.number), hash: verdict.lastBlock.hash }
        : null,
    transactions:
      'outcomes' in verdict
        ? verdict.outcomes.map(({ transaction, outcome }) => ({
            hash: transaction,
            outcome: outcome.type,
            reason: outcome.type === 'excused' ? outcome.excuse : 'reason' in outcome ? outcome.reason : null,
          }))
        : null,
  }
}
