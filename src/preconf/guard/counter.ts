/**
 * The generation of the guard's database, kept in a small file outside of it. The database counts first, then this file, and only then
 * anything leaves: a database that is behind the file is an old copy. Lay it beside the keys, where no backup of the database reaches.
 * Beside the generation stand the L1 time of the last record, since after a loss nothing else may know it, and the life that the two
 * files share: after a gap they begin another one, so that no copy from before it is ever taken for whole, however far it had counted.
 */
import { createHash } from 'node:crypto'
import { fstatSync } from 'node:fs'
import { constants, type FileHandle, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StoreIoError } from '../../store/errors.ts'

export type Count = {
  readonly generation: bigint
  /** Drawn at random when the memory began anew: 16 hex digits. */
  readonly life: string
  /** Latest L1 head that anything was recorded at, in seconds. Never less in a later generation. */
  readonly l1Timestamp: bigint
}

export type Counter = {
  /** Returns when the file holds this count or a later one, on the disk. StoreIoError when it cannot be written. */
  raise(count: Count): Promise<void>
  close(): Promise<void>
}

/** Of each number: enough for a generation each microsecond for thirty years. */
const DIGITS = 15

/** Undefined when there is none, or what is there is no counter. StoreIoError when it cannot be read. */
export async function readCounter(path: string): Promise<Count | undefined> {
  try {
    const text = await readFile(path, 'utf8')
    const [, generation, l1Timestamp, life] =
      /^(\d{15}) (\d{15}) ([0-9a-f]{16}) [0-9a-f]{8}\n$/.exec(text) ?? []
    if (generation === undefined || l1Timestamp === undefined || life === undefined) return undefined
    const count = { generation: BigInt(generation), l1Timestamp: BigInt(l1Timestamp), life }
    return textOf(count) === text ? count : undefined
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ENOENT') return undefined
    throw new StoreIoError(`${path} cannot be read; check path and permissions`, { cause })
  }
}

export function createCounter(path: string): Counter {
  let file: FileHandle | undefined
  let written = -1n
  let wanted: Count | undefined
  let last: Promise<unknown> = Promise.resolve()

  async function write(count: Count): Promise<void> {
    try {
      // How many names an open file has is in memory: no disk is asked. On the disk when it returns, as it is opened so.
      if (file !== undefined && fstatSync(file.fd).nlink > 0) await file.write(textOf(count), 0)
      else {
        await file?.close()
        file = undefined
        file = await replaceFile(path, textOf(count))
      }
    } catch (cause) {
      await file?.close().catch(() => {})
      file = undefined
      throw new StoreIoError(`${path} cannot be written, so nothing is signed; check disk and permissions`, {
        cause,
      })
    }
  }

  return {
    raise: (count) => {
      if (wanted === undefined || count.generation > wanted.generation) wanted = count
      const raised = last.then(async () => {
        if (count.generation <= written) return
        // Those who wait behind this one are served by the same write.
        const value = wanted ?? count
        await write(value)
        written = value.generation
      })
      last = raised.catch(() => {})
      return raised
    },
    close: async () => {
      await last
      await file?.close()
      file = undefined
    },
  }
}

/** One length, so that it can be written in place; in case that is ever cut short, what it hashes to. */
function textOf({ generation, l1Timestamp, life }: Count): string {
  const numbers = [generation, l1Timestamp].map((number) => number.toString().padStart(DIGITS, '0'))
  const text = [...numbers, life].join(' ')
  return `${text} ${createHash('sha256').update(text).digest('hex').slice(0, 8)}\n`
}

/** The first time by renaming: what was there before may have had another length. */
async function replaceFile(path: string, text: string): Promise<FileHandle> {
  const { O_CREAT, O_TRUNC, O_WRONLY, O_DSYNC } = constants
  const file = await open(`${path}.new`, O_CREAT | O_TRUNC | O_WRONLY | O_DSYNC, 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
    await rename(`${path}.new`, path)
    const directory = await open(dirname(path), 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}
