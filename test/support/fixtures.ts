/** Captured data that the project did not make lies beside the repository; a test that needs it skips where it is absent. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const SHARED_FIXTURES = join(import.meta.dirname, '../../../shared/fixtures')

export function sharedFixture(path: string): string {
  return join(SHARED_FIXTURES, path)
}

export function hasSharedFixture(path: string): boolean {
  return existsSync(sharedFixture(path))
}

export function readSharedText(path: string): string {
  return readFileSync(sharedFixture(path), 'utf8')
}
