/** Writes that wait for one transaction go together in the next: the disk is waited for once, not once for each. */
import type { Statement, Store } from '../../store/store.ts'

type Waiting = { readonly statements: readonly Statement[]; resolve(): void; reject(error: unknown): void }

export type GroupCommit = {
  /** On the disk when it returns. In the order of the calls. One that fails is left out, and takes no other with it. */
  write(...statements: readonly Statement[]): Promise<void>
  /** As `write`, but it waits a moment for others to go with. */
  writeLater(...statements: readonly Statement[]): Promise<void>
  /** Writes what waits. */
  close(): Promise<void>
}

/** Writes of one transaction. */
const GROUP_MAX = 512
/** Longest time that what is not waited for waits. */
const LATER_MS = 100

export function createGroupCommit(store: Pick<Store, 'write'>): GroupCommit {
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
      // What comes of the same event goes along: a transaction that was taken, and the promise of it.
      await new Promise<void>((resolve) => process.nextTick(resolve))
      const group: Waiting[] = []
      const take = () => group.push(...waiting.splice(0, GROUP_MAX - group.length))
      try {
        await store.write(() => {
          // Not sooner: what comes while it waits for its turn goes along.
          take()
          return group.flatMap(({ statements }) => statements)
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
    for (const { statements, resolve, reject } of group)
      await store.write(() => statements).then(resolve, reject)
  }

  const add = (statements: readonly Statement[]): Promise<void> =>
    new Promise((resolve, reject) => waiting.push({ statements, resolve, reject }))

  return {
    write(...statements) {
      const written = add(statements)
      void flush()
      return written
    },
    writeLater(...statements) {
      const written = add(statements)
      timer ??= setTimeout(flush, LATER_MS)
      return written
    },
    close: flush,
  }
}
