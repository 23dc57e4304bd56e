/** Writes that wait for one transaction go together in the next: the disk is waited for once, not once for each. */
import type { Store, StoreTransaction } from '../../store/store.ts'

type Work = (transaction: StoreTransaction) => Promise<void>

export type GroupCommit = {
  /** On the disk when it returns. All that goes in one transaction fails together. */
  write(work: Work): Promise<void>
}

/** Writes of one transaction. */
const GROUP_MAX = 512

export function createGroupCommit(store: Pick<Store, 'transaction'>): GroupCommit {
  const waiting: { readonly work: Work; resolve(): void; reject(error: unknown): void }[] = []
  let isRunning = false

  async function run(): Promise<void> {
    isRunning = true
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
    isRunning = false
  }

  return {
    write: (work) =>
      new Promise((resolve, reject) => {
        waiting.push({ work, resolve, reject })
        if (!isRunning) void run()
      }),
  }
}
