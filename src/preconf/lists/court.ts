/** Keeps the verdicts of open windows up to date: asked again when L1 or L2 moves, written down when the answer is another. */
import { setImmediate } from 'node:timers/promises'
import { TemporaryError } from '../../primitives/errors.ts'
import { toJson } from '../../primitives/json.ts'
import type { Logger } from '../../telemetry/log.ts'
import { type Boundary, isBoundary, type JudgeDeps, judgeWindow, readFinality } from './judge.ts'
import { createListeners } from './listeners.ts'
import type { ListStore } from './listStore.ts'
import type { ListRecord } from './record.ts'
import { isFinal, type ListVerdict } from './verdict.ts'

export type Court = {
  /** Windows whose verdict can still change. */
  open(): Iterable<ListRecord>
  /** A record that is new, or has another list. */
  set(record: ListRecord): void
  forget(windowEnd: bigint | undefined): void
  onVerdict(listener: (record: ListRecord) => void): () => void
  refresh(): void
  settled(): Promise<void>
  close(): Promise<void>
}

type Case = { readonly record: ListRecord; readonly boundary?: Boundary }

export async function createCourt(
  deps: JudgeDeps & { readonly logger: Logger },
  store: ListStore,
): Promise<Court> {
  const cases = new Map<string, Case>()
  const listeners = createListeners<[ListRecord]>()
  let isWanted = false
  let isClosed = false
  let running: Promise<void> | undefined

  const set = (record: ListRecord, boundary?: Boundary): void => {
    if (isFinal(record.verdict)) cases.delete(keyOf(record))
    else cases.set(keyOf(record), { record, ...(boundary && { boundary }) })
  }

  const judge = async ({ record, boundary }: Case): Promise<void> => {
    if (boundary !== undefined && (await stands(deps, record, boundary))) return
    const [list] = record.lists
    const judgement = await judgeWindow(deps, record, list?.transactions ?? [])
    // Another list may have come meanwhile: then there is nothing to judge any more.
    if (cases.get(keyOf(record))?.record !== record) return
    const isNew = toJson(judgement.verdict) !== toJson(record.verdict)
    const judged = isNew ? { ...record, verdict: judgement.verdict } : record
    set(judged, judgement.boundary)
    if (!isNew) return
    await store.setVerdict(judged)
    listeners.call(judged)
  }

  const judgeAll = async (): Promise<void> => {
    while (isWanted && !isClosed) {
      // Whoever committed says where L1 stands a moment after the chain said that it changed.
      await setImmediate()
      isWanted = false
      for (const each of [...cases.values()]) {
        try {
          await judge(each)
        } catch (error) {
          // It is asked again when L1 or L2 moves.
          if (error instanceof TemporaryError) continue
          deps.logger.error({ windowEnd: each.record.windowEnd, error }, 'an inclusion list cannot be judged')
        }
      }
    }
  }

  const refresh = (): void => {
    if (isClosed || cases.size === 0) return
    isWanted = true
    running ??= judgeAll().finally(() => {
      running = undefined
    })
  }

  for (const record of await store.readOpen()) set(record)
  const unsubscribe = deps.chain.onChange(refresh)
  return {
    *open() {
      for (const { record } of cases.values()) yield record
    },
    set,
    forget(windowEnd) {
      for (const [key, { record }] of cases) if (record.windowEnd === windowEnd) cases.delete(key)
    },
    onVerdict: listeners.add,
    refresh,
    async settled() {
      while (running !== undefined) await running
    },
    async close() {
      isClosed = true
      unsubscribe()
      await running
    },
  }
}

function keyOf({ windowEnd, committer }: ListRecord): string {
  return `${windowEnd} ${committer}`
}

/** What L1 brought by the window's end is what was judged, and it is no firmer than it was. */
async function stands(deps: JudgeDeps, record: ListRecord, boundary: Boundary): Promise<boolean> {
  if ((await readFinality(deps, record)) !== finalityOf(record.verdict)) return false
  return isBoundary(deps.chain, record, boundary)
}

function finalityOf(verdict: ListVerdict) {
  return verdict.type === 'pending' || verdict.type === 'ignored' ? undefined : verdict.finality
}
