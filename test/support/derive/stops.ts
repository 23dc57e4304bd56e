/** Stops a process at a chosen point, as far as the database can tell: whatever was in memory is abandoned. */
import type { Store, StoreReader, StoreTransaction } from '../../../src/store/store.ts'

export class Stop extends Error {
  override readonly name = 'Stop'
}

/** Just before the n-th commit (which is then rolled back), or just after it, before anyone learns of it. */
export type CommitStop = { readonly commit: number; readonly when: 'before' | 'after' }

export function stopAtCommit(store: Store, stop: CommitStop): Store {
  let commits = 0
  return {
    ...store,
    async transaction(work) {
      commits++
      const isHere = commits === stop.commit
      const result = await store.transaction(async (transaction) => {
        const inner = await work(transaction)
        if (isHere && stop.when === 'before') throw new Stop('before a commit')
        return inner
      })
      if (isHere) throw new Stop('after a commit')
      return result
    },
  }
}

/** At the n-th call of any kind that reaches the database. */
export function stopAtCall(store: Store, n: number): Store {
  let calls = 0
  /** Counts a call, then makes it. */
  const counted = <T>(call: () => Promise<T>): Promise<T> => {
    calls++
    return calls === n ? Promise.reject(new Stop(`at database call ${n}`)) : call()
  }
  const reading = (reader: StoreReader): StoreReader => ({
    all: (...input) => counted(() => reader.all(...input)),
    get: (...input) => counted(() => reader.get(...input)),
  })
  const writing = (transaction: StoreTransaction): StoreTransaction => ({
    ...reading(transaction),
    run: (...input) => counted(() => transaction.run(...input)),
    writePacked: (...input) => counted(() => transaction.writePacked(...input)),
    insertRows: (...input) => counted(() => transaction.insertRows(...input)),
    readPacked: (...input) => counted(() => transaction.readPacked(...input)),
  })
  return {
    ...store,
    ...reading(store),
    readPacked: (...input) => counted(() => store.readPacked(...input)),
    transaction: (work) => store.transaction((transaction) => work(writing(transaction))),
  }
}
