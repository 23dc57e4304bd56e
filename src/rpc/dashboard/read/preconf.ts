/** What this node does with preconfirmations, and what came of the promises it knows; part by part. */
import type { FollowerStatus } from '../../../preconf/follow/status.ts'
import type { Lists } from '../../../preconf/lists/lists.ts'
import type { ListRecord } from '../../../preconf/lists/record.ts'
import type { PromiseBook } from '../../../preconf/promises/book.ts'
import type { StoredPromise } from '../../../preconf/promises/promise.ts'
import { defined } from '../../../primitives/assert.ts'
import { toSafeNumber } from '../../../primitives/bigint.ts'
import type { SequencerStatus } from '../../../propose/sequencer/sequencer.ts'
import type { Logger } from '../../../telemetry/log.ts'
import {
  type FollowerData,
  isUnavailable,
  type ListsData,
  type PreconfData,
  type PromisesData,
  type SequencerData,
  type SlotsData,
  type Unavailable,
} from '../data.ts'
import type { PreconfView } from '../deps.ts'
import { oncePer } from '../once.ts'
import { attempt } from './part.ts'

/** Milliseconds for which a count of the book serves: it goes over as many as 100,000 promises. */
const SCORES_TTL_MS = 10_000
/** Promises on the page. */
const PROMISES_MAX = 50
const OUTCOMES = ['kept', 'pending', 'broken', 'expired'] as const

export type ReadPreconf = (slots: SlotsData | Unavailable) => Promise<PreconfData>

export function createReadPreconf(view: PreconfView, logger: Logger): ReadPreconf {
  const { sequencer, follower, promises, lists } = view
  const readScores =
    promises && oncePer(SCORES_TTL_MS, () => promises.scores(), performance.now.bind(performance))
  return async (slots) => {
    const [sequencerData, followerData, promisesData, listsData] = await Promise.all([
      sequencer && attempt(logger, 'the sequencer', () => describeSequencer(sequencer())),
      follower && attempt(logger, 'the stream', () => describeFollower(follower())),
      promises && readScores && attempt(logger, 'the promises', () => readPromises(promises, readScores)),
      lists && attempt(logger, 'the inclusion lists', () => readLists(lists, slots)),
    ])
    return {
      sequencer: sequencerData ?? null,
      follower: followerData ?? null,
      promises: promisesData ?? null,
      lists: listsData ?? null,
    }
  }
}

function describeSequencer(status: SequencerStatus): SequencerData {
  const { type, detail, posting, window, unlanded, canShutdown, until } = status
  return {
    state: type,
    detail,
    posting,
    windowFirstSlot: numberOrNull(window?.firstSlot),
    windowLastSlot: numberOrNull(window?.lastSlot),
    unlandedBlocks: unlanded.blocks,
    unlandedBatches: unlanded.batches,
    canShutdown,
    until: numberOrNull(until),
  }
}

function describeFollower(status: FollowerStatus): FollowerData {
  const { isAtTip, detail, received, executed, derived, sources } = status
  return {
    isAtTip,
    detail,
    received: numberOrNull(received?.number),
    executed: toSafeNumber(executed.number),
    derived: toSafeNumber(derived.number),
    sources: sources.map(({ name, state, detail, received, invalid, tip, heardAt }) => ({
      ...{ name, state, detail, received, invalid },
      tip: numberOrNull(tip),
      heardAtMs: heardAt ?? null,
    })),
  }
}

async function readPromises(
  book: Pick<PromiseBook, 'recent'>,
  readScores: PromiseBook['scores'],
): Promise<PromisesData> {
  const [signers, recent] = await Promise.all([readScores(), book.recent(PROMISES_MAX)])
  const scores = signers.flatMap(({ signer, isOurs, counts }) =>
    [...counts].map(([commitmentType, outcomes]) => ({ signer, isOurs, commitmentType, ...outcomes })),
  )
  const totals = { kept: 0, pending: 0, broken: 0, expired: 0 }
  for (const score of scores) for (const outcome of OUTCOMES) totals[outcome] += score[outcome]
  return { totals, scores, recent: recent.map(describePromise) }
}

function describePromise(promise: StoredPromise): PromisesData['recent'][number] {
  const { commitment, settlement, requestedAt, answeredAt } = promise
  const isBroken = settlement.outcome === 'broken'
  const landed = settlement.outcome === 'kept' || isBroken ? settlement.block : undefined
  return {
    requestHash: commitment.requestHash,
    commitmentType: toSafeNumber(commitment.commitmentType),
    transactionHash: promise.transactionHash ?? null,
    slot: toSafeNumber(promise.slot),
    signer: promise.signer,
    requestedAtMs: requestedAt,
    latencyMs: answeredAt === undefined ? null : answeredAt - requestedAt,
    outcome: settlement.outcome,
    reason: isBroken ? settlement.reason : null,
    by: (isBroken ? settlement.by : undefined) ?? null,
    block: numberOrNull(landed?.number),
    isFinal: settlement.outcome !== 'pending' && settlement.isFinal,
  }
}

/** At most one look for each window of two epochs. */
async function readLists(lists: Pick<Lists, 'ofSlot'>, slots: SlotsData | Unavailable): Promise<ListsData> {
  if (isUnavailable(slots)) return { records: [] }
  const ends = new Set(slots.epochs.flatMap((epoch) => epoch.slots.map((slot) => slot.windowLastSlot)))
  const newestFirst = [...ends].sort((a, b) => b - a)
  const found = await Promise.all(newestFirst.map((slot) => lists.ofSlot(BigInt(slot))))
  return { records: found.flat().map(describeList) }
}

function describeList({
  firstSlot,
  lastSlot,
  committer,
  lists,
  verdict,
}: ListRecord): ListsData['records'][number] {
  const list = defined(lists[0], 'the list of a record')
  return {
    firstSlot: toSafeNumber(firstSlot),
    lastSlot: toSafeNumber(lastSlot),
    committer,
    hash: list.hash,
    lists: lists.length,
    transactions: list.transactions.length,
    verdict: verdict.type,
    finality: 'finality' in verdict ? verdict.finality : null,
    leftOut:
      'outcomes' in verdict
        ? verdict.outcomes
            .filter(({ outcome }) => outcome.type === 'violated')
            .map(({ transaction }) => transaction)
        : [],
  }
}

function numberOrNull(value: bigint | undefined): number | null {
  return value === undefined ? null : toSafeNumber(value)
}
