/** What signers' words were worth, counted from the book. */
import type { Address } from '../../primitives/hex.ts'
import type { StoreReader } from '../../store/store.ts'
import type { Outcome } from './promise.ts'

export type OutcomeCounts = Readonly<Record<Outcome, number>>

export type SignerScore = {
  readonly signer: Address
  readonly isOurs: boolean
  /** By commitment type. */
  readonly counts: ReadonlyMap<number, OutcomeCounts>
  /** Kept of those that are kept or broken, from 0 to 1; absent before the first. */
  readonly shareKept?: number
  /** From request to signature, of the latest promises; absent where none was asked for. Milliseconds. */
  readonly latency?: { readonly p50: number; readonly p99: number; readonly samples: number }
  /** Windows in which it promised anything, and those of them in which a promise was broken. */
  readonly windows: { readonly promised: number; readonly broken: number }
}

/** Latest promises that are counted: the answer costs the same however old the book is. */
export const SCORED_MAX = 100_000
/** Latest requests that percentiles are taken of, for each signer. */
const LATENCY_SAMPLES = 10_000

export async function readScores(
  store: StoreReader,
  scoredMax: number = SCORED_MAX,
): Promise<readonly SignerScore[]> {
  const newest = await store.get('SELECT max(id) AS id FROM promises')
  /** Only those after it. */
  const after = ((newest?.id as number | null | undefined) ?? 0) - scoredMax
  const [counts, windows] = await Promise.all([
    store.all(
      `SELECT signer, max(is_ours) AS is_ours, type, outcome, count(*) AS n
       FROM promises WHERE signature IS NOT NULL AND id > ?
       GROUP BY signer, type, outcome ORDER BY signer, type`,
      [after],
    ),
    store.all(
      `SELECT signer, count(*) AS promised, sum(broken) AS broken FROM (
         SELECT signer, window_end, max(outcome = 'broken') AS broken
         FROM promises WHERE signature IS NOT NULL AND id > ? GROUP BY signer, window_end
       ) GROUP BY signer`,
      [after],
    ),
  ])
  const signers = [...new Set(counts.map((row) => row.signer as Address))]
  return Promise.all(
    signers.map(async (signer) => {
      const rows = counts.filter((row) => row.signer === signer)
      const byType = new Map<number, Record<Outcome, number>>()
      for (const { type, outcome, n } of rows) {
        const entry = byType.get(type as number) ?? { pending: 0, kept: 0, broken: 0, expired: 0 }
        entry[outcome as Outcome] = n as number
        byType.set(type as number, entry)
      }
      const latency = await readLatency(store, signer, after)
      const share = shareKept([...byType.values()])
      const window = windows.find((row) => row.signer === signer)
      return {
        signer,
        isOurs: rows.some((row) => row.is_ours === 1),
        counts: byType,
        ...(share !== undefined && { shareKept: share }),
        ...(latency !== undefined && { latency }),
        windows: { promised: (window?.promised as number) ?? 0, broken: (window?.broken as number) ?? 0 },
      }
    }),
  )
}

function shareKept(counts: readonly OutcomeCounts[]): number | undefined {
  const kept = counts.reduce((sum, each) => sum + each.kept, 0)
  const settled = counts.reduce((sum, each) => sum + each.kept + each.broken, 0)
  return settled === 0 ? undefined : kept / settled
}

/** Of what was asked for: a block commitment answers nobody. */
async function readLatency(
  store: StoreReader,
  signer: Address,
  after: number,
): Promise<SignerScore['latency']> {
  const rows = await store.all(
    `SELECT answered_at - requested_at AS ms FROM (
       SELECT answered_at, requested_at FROM promises
       WHERE signer = ? AND id > ? AND type <> 2 AND answered_at IS NOT NULL ORDER BY id DESC LIMIT ?
     ) ORDER BY ms`,
    [signer, after, LATENCY_SAMPLES],
  )
  if (rows.length === 0) return undefined
  /** The smallest that at least this share does not exceed. */
  const at = (share: number) => rows[Math.ceil(rows.length * share) - 1]?.ms as number
  return { p50: at(0.5), p99: at(0.99), samples: rows.length }
}
