/** Files that are there whole or not at all, whenever the process ends. */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes the folder where it is missing; what stood there before is replaced. */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const unfinished = `${path}.part`
  await writeFile(unfinished, bytes, { flush: true })
  await rename(unfinished, path)
}
