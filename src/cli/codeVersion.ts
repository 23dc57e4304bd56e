/** Which code this is: the package's version, and the commit that was built, where the build wrote it down. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { VERSION } from '../node.ts'

/** Beside the compiled rooms; `npm run build` writes it. */
const COMMIT_FILE = join(import.meta.dirname, '../COMMIT')

export async function codeVersion(): Promise<{ readonly version: string; readonly commit: string }> {
  const commit = await readFile(COMMIT_FILE, 'utf8').catch(() => 'unknown')
  return { version: VERSION, commit: commit.trim() }
}
