/** What the book forgets: promises of long ago that the scorecard no longer counts. */
import type { Store } from '../../store/store.ts'
import { SCORED_MAX } from './score.ts'

/** Rows looked at in one transaction. They stand in the order in which they were promised, and so nearly in that of their windows. */
const ROUND_MAX = 1000

/**
 * @param before Seconds: windows that ended before are forgotten. Finalized L1 is past it by far, so that nothing about them can change.
 * @param scoredMax Latest promises that stay, whatever their age.
 */
export async function prunePromises(
  store: Store,
  before: bigint,
  scoredMax: number = SCORED_MAX,
): Promise<void> {
  for (let removed = ROUND_MAX; removed === ROUND_MAX; ) {
    removed = await store.transaction(async (transaction) => {
      const oldest = await transaction.all(
        `SELECT id FROM promises WHERE window_end < ? AND (is_final = 1 OR outcome = 'pending') AND id IN (
           SELECT id FROM promises WHERE id <= (SELECT max(id) FROM promises) - ? ORDER BY id LIMIT ?)`,
        [before, scoredMax, ROUND_MAX],
      )
      for (const { id } of oldest) await transaction.run('DELETE FROM promises WHERE id = ?', [id as number])
      return oldest.length
    })
  }
}
