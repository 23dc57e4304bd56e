/** The archive's list of what it holds. It is written last: what it does not name is not there. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CriticalError } from '../primitives/errors.ts'
import { writeWhole } from '../primitives/files.ts'
import { MANIFEST_FILE, type Manifest, parseManifest } from './format.ts'

/** Undefined if there is no archive in the folder. Throws ArchiveDamagedError. */
export async function readManifest(dir: string): Promise<Manifest | undefined> {
  const path = join(dir, MANIFEST_FILE)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? undefined : parseManifest(text, MANIFEST_FILE)
}

/** Throws CriticalError where there is no archive, or one with nothing in it. */
export async function needManifest(dir: string): Promise<Manifest> {
  const manifest = await readManifest(dir)
  if (manifest === undefined || manifest.chunks.length === 0)
    throw new CriticalError(`${dir} holds no archive; plumbline archive fetch makes one`)
  return manifest
}

export async function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  await writeWhole(join(dir, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`)
}
