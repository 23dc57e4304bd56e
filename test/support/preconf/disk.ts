/** How long the disk takes to keep 4 KiB, while something else is measured that waits for it: a machine's disk has bad moments of its own. */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const PAGE = Buffer.alloc(4096, 1)
/** Seldom enough to be no load. */
const PAUSE_MS = 100

/** What the work made, and the time of each sync beside it, in milliseconds. On the file system of temporary files, where nets live. */
export async function besideDisk<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly syncsMs: readonly number[] }> {
  const directory = await mkdtemp(join(tmpdir(), 'plumbline-disk-'))
  const file = await open(join(directory, 'page'), 'w')
  const syncsMs: number[] = []
  let isOver = false
  const probe = (async () => {
    while (!isOver) {
      const from = performance.now()
      await file.write(PAGE, 0, PAGE.length, 0)
      await file.datasync()
      syncsMs.push(performance.now() - from)
      await sleep(PAUSE_MS)
    }
  })()
  try {
    return { result: await work(), syncsMs }
  } finally {
    isOver = true
    await probe
    await file.close()
    await rm(directory, { recursive: true })
  }
}
