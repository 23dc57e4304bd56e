/** Is the file what was written to it? */
import { StoreDamagedError } from './errors.ts'
import type { StoreReader } from './store.ts'

/**
 * Throws StoreDamagedError naming the first problems found. `quick` reads every page and checks its form (seconds per GB);
 * `full` also checks indexes against their tables. Neither knows what the rows mean.
 */
export async function checkIntegrity(reader: StoreReader, depth: 'quick' | 'full'): Promise<void> {
  const rows = await reader.all(`PRAGMA ${depth === 'quick' ? 'quick_check' : 'integrity_check'}(5)`)
  const problems = rows.flatMap((row) => Object.values(row).map(String)).filter((text) => text !== 'ok')
  const [orphan] = await reader.all('PRAGMA foreign_key_check')
  if (orphan) problems.push(`a row of ${String(orphan.table)} refers to nothing`)
  if (problems.length > 0)
    throw new StoreDamagedError(
      `the database is damaged (${problems.join('; ')}); restore it, or remove it and sync again`,
    )
}
