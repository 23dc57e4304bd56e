/** What this node does with preconfirmations, part by part. */
import type { Heads } from '../../../chain/chain.ts'
import { toSafeNumber } from '../../../primitives/bigint.ts'
import type { Logger } from '../../../telemetry/log.ts'
import type { FollowerData, ListsData, PreconfData, PromisesData } from '../data.ts'
import type { FollowerView, ListsView, PreconfView, PromisesView } from '../deps.ts'
import { attempt } from './part.ts'

/** Rows of each table. */
const ROWS_MAX = 50

export async function readPreconf(view: PreconfView, heads: Heads, logger: Logger): Promise<PreconfData> {
  const { sequencer, follower, promises, lists } = view
  const [sequencerData, followerData, promisesData, listsData] = await Promise.all([
    sequencer === undefined ? null : attempt(logger, 'the sequencer', sequencer),
    follower === undefined ? null : attempt(logger, 'the stream', () => readFollower(follower(), heads)),
    promises === undefined ? null : attempt(logger, 'the promises', () => readPromises(promises)),
    lists === undefined ? null : attempt(logger, 'the inclusion lists', () => readLists(lists)),
  ])
  return { sequencer: sequencerData, follower: followerData, promises: promisesData, lists: listsData }
}

function readFollower({ received, executed, sources, problems }: FollowerView, heads: Heads): FollowerData {
  return {
    received: toSafeNumber(received),
    executed: toSafeNumber(executed),
    derived: toSafeNumber(heads.safe.number),
    sources: sources.map(({ name, isConnected, lastMessageAt }) => ({
      name,
      isConnected,
      lastMessageAtMs: lastMessageAt ?? null,
    })),
    problems,
  }
}

async function readPromises(view: PromisesView): Promise<PromisesData> {
  const { pending, kept, broken, expired } = await view.scorecard()
  const rows = await view.recent(ROWS_MAX)
  return {
    scorecard: { pending, kept, broken, expired },
    recent: rows.slice(0, ROWS_MAX).map((row) => ({
      requestHash: row.requestHash,
      commitmentType: row.commitmentType,
      transactionHash: row.transactionHash ?? null,
      slot: toSafeNumber(row.slot),
      signer: row.signer,
      signedAtMs: row.signedAt,
      outcome: row.outcome,
      reason: row.reason ?? null,
    })),
  }
}

async function readLists(view: ListsView): Promise<ListsData> {
  const rows = await view.recent(ROWS_MAX)
  return {
    recent: rows.slice(0, ROWS_MAX).map((row) => ({
      slot: toSafeNumber(row.slot),
      signer: row.signer,
      hash: row.hash,
      transactions: row.transactions,
      verdict: row.verdict,
      violatedBy: row.violatedBy ?? null,
    })),
  }
}
