/**
 * What a guard knows, put into its database while no guard runs on it, or taken out. After an import the next guard to open it waits a
 * window from the L1 time at that moment, since here there is no L1 to ask.
 */
import { maxBigint } from '../../primitives/bigint.ts'
import { lockStore } from '../../store/lock.ts'
import { openStore } from '../../store/openStore.ts'
import { createCounter, readCounter } from './counter.ts'
import { exportRows, type Interchange, importRows, parseInterchange } from './interchange.ts'
import { readState, writeState } from './quiet.ts'
import { GUARD_SCHEMAS } from './schema.ts'

/** All that is signed at once is a few MB. */
const CACHE_KIB = 2_048

/** One file for each domain that was signed for. A guard may be running; what it signs meanwhile is missing. */
export async function exportProtection(path: string): Promise<readonly Interchange[]> {
  const store = await openStore({ path, schemas: GUARD_SCHEMAS, readOnly: true, cacheKiB: CACHE_KIB })
  try {
    const rows = await store.all(
      'SELECT domain FROM positions UNION SELECT domain FROM watermarks ORDER BY 1',
    )
    const files: Interchange[] = []
    for (const { domain } of rows) files.push(await exportRows(store, domain as string))
    return files
  } finally {
    await store.close()
  }
}

/** RangeError for a file that is none; StoreLockedError while a guard runs. A database that is not there is made. */
export async function importProtection(
  { path, counterPath }: { readonly path: string; readonly counterPath: string },
  json: unknown,
): Promise<Interchange> {
  const interchange = parseInterchange(json)
  const lock = await lockStore(counterPath)
  try {
    const store = await openStore({ path, schemas: GUARD_SCHEMAS, cacheKiB: CACHE_KIB })
    try {
      const counted = await readCounter(counterPath)
      const state = await store.transaction(async (transaction) => {
        const state = await readState(transaction)
        const next = {
          ...state,
          generation: maxBigint(state.generation, counted?.generation ?? 0n) + 1n,
          l1Timestamp: maxBigint(state.l1Timestamp, counted?.l1Timestamp ?? 0n),
          quietCause: 'importing',
        } as const
        await importRows(transaction, interchange)
        await transaction.run(...writeState(next))
        return next
      })
      const counter = createCounter(counterPath)
      await counter.raise(state)
      await counter.close()
    } finally {
      await store.close()
    }
  } finally {
    await lock.release()
  }
  return interchange
}
