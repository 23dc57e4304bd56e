/** Writes that wait for one transaction go together in the next: the disk is waited for once, not once for each. */
import type { Store, StoreTransaction } from '../../store/store.ts'

type Work = (transaction: StoreTransaction) => Promise<void>
type Waiting = { readonly work: Work; resolve(): void; reject(error: unknown): void }

export type GroupCommit = {
  /** On the disk when it returns. In the order of the calls. One that fails is left out, and takes no other with it. */
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
  const waiting: Waiting[] = []
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
      const group: Waiting[] = []
      const take = () => group.push(...waiting.splice(0, GROUP_MAX - group.length))
      try {
        await store.transaction(async (transaction) => {
          // Not sooner: what comes while it begins goes along.
          take()
          for (const { work } of group) await work(transaction)
        })
        for (const { resolve } of group) resolve()
      } catch (error) {
        if (group.length === 0) take()
        await writeAlone(group, error)
      }
    }
    // At once, not in a later turn: what comes in between would wait for nobody.
    running = undefined
  }

  async function writeAlone(group: readonly Waiting[], error: unknown): Promise<void> {
    const [only, ...others] = group
    if (others.length === 0) return only?.reject(error)
    for (const { work, resolve, reject } of group) await store.transaction(work).then(resolve, reject)
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
