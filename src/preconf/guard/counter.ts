/**
 * The generation of the guard's database, kept in a small file outside of it. The database counts first, then this file, and only then
 * anything leaves: a database that is behind the file is an old copy. Lay it beside the keys, where no backup of the database reaches.
 * Beside the generation stands the L1 time of the last record, since after a loss nothing else may know it.
 */
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StoreIoError } from '../../store/errors.ts'

export type Count = {
  readonly generation: bigint
  /** Latest L1 head that anything was recorded at, in seconds. Never less in a later generation. */
  readonly l1Timestamp: bigint
}

export type Counter = {
  /** Returns when the file holds this count or a later one, on the disk. StoreIoError when it cannot be written. */
  raise(count: Count): Promise<void>
}

/** Undefined when there is none, or what is there is no counter. StoreIoError when it cannot be read. */
export async function readCounter(path: string): Promise<Count | undefined> {
  try {
    const text = await readFile(path, 'utf8')
    const [, generation, l1Timestamp] = /^(\d{1,15}) (\d{1,15})\n$/.exec(text) ?? []
    if (generation === undefined || l1Timestamp === undefined) return undefined
    return { generation: BigInt(generation), l1Timestamp: BigInt(l1Timestamp) }
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ENOENT') return undefined
    throw new StoreIoError(`${path} cannot be read; check path and permissions`, { cause })
  }
}

export function createCounter(path: string): Counter {
  let written = -1n
  let wanted: Count = { generation: -1n, l1Timestamp: 0n }
  let last: Promise<unknown> = Promise.resolve()
  return {
    raise: (count) => {
      if (count.generation > wanted.generation) wanted = count
      const raised = last.then(async () => {
        if (count.generation <= written) return
        // Those who wait behind this one are served by the same write.
        const value = wanted
        await writeCounter(path, value)
        written = value.generation
      })
      last = raised.catch(() => {})
      return raised
    },
  }
}

/** By renaming: the old value or the new one, after a crash too. */
async function writeCounter(path: string, { generation, l1Timestamp }: Count): Promise<void> {
  try {
    const file = await open(`${path}.new`, 'w', 0o600)
    try {
      await file.writeFile(`${generation} ${l1Timestamp}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(`${path}.new`, path)
    const directory = await open(dirname(path), 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  } catch (cause) {
    throw new StoreIoError(`${path} cannot be written, so nothing is signed; check disk and permissions`, {
      cause,
    })
  }
}
