/** Writes that wait for one transaction go together in the next: the disk is waited for once, not once for each. */
import type { Store, StoreTransaction } from '../../store/store.ts'

type Work = (transaction: StoreTransaction) => Promise<void>

export type GroupCommit = {
  /** On the disk when it returns. All that goes in one transaction fails together. */
  write(work: Work): Promise<void>
  /** As `write`, but it waits a moment for others to go with. */
  writeLater(work: Work): Promise<void>
  /** Writes what waits. */
  close(): Promise<void>
}

/** Writes of one transaction. */
const GROUP_MAX = 512
/** Longest time that what is not waited for waits. */
const LATER_MS = 100

export function createGroupCommit(store: Pick<Store, 'transaction'>): GroupCommit {
  const waiting: { readonly work: Work; resolve(): void; reject(error: unknown): void }[] = []
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    if (waiting.length > 0) running ??= run()
    return running ?? Promise.resolve()
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting.splice(0, GROUP_MAX)
      try {
        await store.transaction(async (transaction) => {
          for (const { work } of group) await work(transaction)
        })
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    // At once, not in a later turn: what comes in between would wait for nobody.
    running = undefined
  }

  const add = (work: Work): Promise<void> =>
    new Promise((resolve, reject) => waiting.push({ work, resolve, reject }))

  return {
    write(work) {
      const written = add(work)
      void flush()
      return written
    },
    writeLater(work) {
      const written = add(work)
      timer ??= setTimeout(flush, LATER_MS)
      return written
    },
    close: flush,
  }
}
