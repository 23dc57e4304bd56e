/**
 * The durable memory of what was signed: one row for each position, written before the signature exists (EIP-3076 in spirit).
 *
 * A memory that may have gaps (new, lost, restored from a backup, imported) is quiet first. What was signed in a gap promised
 * something for a window that ended within `windowSeconds` of the L1 time then, so by L1 time every such list is past, and a parent
 * that descends from an L2 block of a later time cannot have been promised upon. Both are asked of every new row from then on.
 *
 * Requests that come while a transaction is on its way go together in the next one, in their order: one sync serves them all.
 */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { maxBigint } from '../../primitives/bigint.ts'
import type { Hex } from '../../primitives/hex.ts'
import { closeAll } from '../../primitives/resources.ts'
import { lockStore } from '../../store/lock.ts'
import { openStore } from '../../store/openStore.ts'
import type { Statement, Store } from '../../store/store.ts'
import { decideClaim, type Taken } from './claim.ts'
import { type Counter, createCounter, readCounter } from './counter.ts'
import { exportRows, type Interchange, importRows } from './interchange.ts'
import type { Claim, ClaimRequest, L1View } from './position.ts'
import { findGap, readState, type State, startQuiet, writeState } from './quiet.ts'
import { noteParent, type Recall, raiseWatermark, readRecall, type Watermark } from './recall.ts'
import {
  insertPositions,
  type KeptSignature,
  nameOf,
  pruneSettled,
  readTaken,
  writeSignatures,
  writeWatermark,
} from './rows.ts'
import { GUARD_SCHEMAS } from './schema.ts'

/** The file is a few MB; the node's caches are elsewhere. */
const CACHE_KIB = 2_048
/** Of the write-ahead log (4 KiB each): short, so that syncs mostly write where the file has its blocks already. */
const WAL_CHECKPOINT_PAGES = 1_000
/** Requests in one transaction; the others wait for the next. */
const GROUP_MAX = 256

export type LedgerOptions = {
  /** The guard's own database. */
  readonly path: string
  /** Counter of its generations; beside the keys. */
  readonly counterPath: string
  /** `nameDomain` of what is signed for. */
  readonly domain: string
  /** Longest time from the L1 head to the end of a window that is promised for, in seconds. */
  readonly windowSeconds: bigint
  /** Of the L1 head now, in seconds. */
  readonly l1Timestamp: bigint
  /** What was signed here is in no journal any more. */
  readonly isJournalNew?: boolean
}

export type Ledger = {
  /** On the disk when it returns `recorded`. The only answer to the same content later is `recorded` again. */
  claim(request: ClaimRequest, view: L1View): Promise<Claim>
  /** Of a claim that was recorded. Written with the next ones, and lost in a crash: the same content is then signed again. */
  keepSignature(request: ClaimRequest, signature: Hex): void
  /** The stricter of what is here and what comes; all of it or nothing. New rows wait for a window from `l1Timestamp` on. */
  import(interchange: Interchange, l1Timestamp: bigint): Promise<void>
  export(): Promise<Interchange>
  /** As of the last commit. */
  state(): State
  close(): Promise<void>
}

type Waiting = {
  readonly request: ClaimRequest
  readonly view: L1View
  readonly answer: (claim: Claim) => void
  readonly fail: (error: unknown) => void
}
/** What comes of a group once its statements are committed. */
type Group = {
  readonly statements: readonly Statement[]
  readonly state: State
  /** To be called when the counter has followed. */
  readonly answers: readonly (() => void)[]
}

/** Throws StoreLockedError while another process has the database or the counter. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { path, counterPath, domain, windowSeconds } = options
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const lock = await lockStore(counterPath)
  const store = await openStore({ path, schemas: GUARD_SCHEMAS, cacheKiB: CACHE_KIB }).catch(
    async (error: unknown) => {
      await lock.release()
      throw error
    },
  )
  const counter = createCounter(counterPath)
  const files = [counter, store, { close: lock.release }]
  try {
    const counted = await readCounter(counterPath)
    const opened = await store.transaction(async (transaction) => {
      await transaction.run(`PRAGMA wal_autocheckpoint = ${WAL_CHECKPOINT_PAGES}`)
      const state = await readState(transaction)
      const cause = findGap(state, counted, options.isJournalNew)
      const l1Timestamp = maxBigint(options.l1Timestamp, counted?.l1Timestamp ?? 0n)
      const next = {
        ...(cause === undefined ? state : startQuiet(state, { cause, l1Timestamp, windowSeconds })),
        generation: maxBigint(state.generation, counted?.generation ?? 0n) + 1n,
      }
      await transaction.run(...writeState(next))
      return next
    })
    await counter.raise(opened)
    return createLedger({ store, files, counter, domain, windowSeconds, opened })
  } catch (error) {
    await closeAll(files).catch(() => {})
    throw error
  }
}

function createLedger(deps: {
  readonly store: Store
  /** In the order in which they are closed. */
  readonly files: Parameters<typeof closeAll>[0]
  readonly counter: Counter
  readonly domain: string
  readonly windowSeconds: bigint
  readonly opened: State
}): Ledger {
  const { store, files, counter, domain, windowSeconds } = deps
  /** Of the last commit: nobody else writes. */
  let state = deps.opened
  /** As of the last commit; undefined when that is not sure. */
  let recalled: Recall | undefined
  /** Places that may have final positions left. */
  const toPrune = new Set<Watermark>()
  const waiting: Waiting[] = []
  const kept: KeptSignature[] = []
  let isScheduled = false
  let last: Promise<unknown> = Promise.resolve()

  /** One after the other, so that each sees the state that the one before has committed. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }

  function schedule(): void {
    if (isScheduled) return
    isScheduled = true
    void inTurn(commitGroup)
  }

  /** Ends at the commit: the next group need not wait for the counter, only the answers do. */
  async function commitGroup(): Promise<void> {
    isScheduled = false
    const members = waiting.splice(0, GROUP_MAX)
    if (waiting.length > 0) schedule()
    const fail = (error: unknown) => {
      for (const member of members) member.fail(error)
    }
    const signatures = [...kept]
    try {
      // What is read stays as it is until the commit: nobody else writes.
      const group = await claimAll(members)
      const written = signatures.length > 0 ? [writeSignatures(domain, signatures)] : []
      await store.write(() => [...written, ...group.statements])
      kept.splice(0, signatures.length)
      state = group.state
      counter.raise(state).then(() => {
        for (const answer of group.answers) answer()
      }, fail)
      const view = members.at(-1)?.view
      if (toPrune.size > 0 && view !== undefined) void inTurn(() => prune(view))
    } catch (error) {
      recalled = undefined
      toPrune.clear()
      fail(error)
    }
  }

  async function claimAll(members: readonly Waiting[]): Promise<Group> {
    recalled ??= await readRecall(store, domain)
    const recall = recalled
    const taken = await recallTaken(recall, members)
    for (const { request, signature } of kept) {
      const found = taken.get(nameOf(request))
      if (found?.hash === request.hash && found.signature === undefined)
        taken.set(nameOf(request), { ...found, signedHash: request.signedHash ?? request.hash, signature })
    }
    const answers: (() => void)[] = []
    const recorded: ClaimRequest[] = []
    const statements: Statement[] = []
    let next = state
    for (const { request, view, answer, fail } of members) {
      try {
        const context = { view, state, windowSeconds, recall, taken: taken.get(nameOf(request)) }
        const { claim, isNew, final } = await decideClaim(request, context)
        answers.push(() => answer(claim))
        if (!isNew) continue
        recorded.push(request)
        taken.set(nameOf(request), { hash: request.hash })
        recall.recorded.note(request)
        noteParent(recall, request)
        const watermark = raiseWatermark(recall, request, final)
        if (watermark) toPrune.add(watermark)
        if (watermark) statements.push(writeWatermark(domain, watermark))
        const l1Timestamp = maxBigint(next.l1Timestamp, view.timestamp)
        next = { ...next, generation: state.generation + 1n, l1Timestamp }
      } catch (error) {
        // L1 could not be asked: that does not keep the others back.
        answers.push(() => fail(error))
      }
    }
    if (recorded.length > 0) statements.push(insertPositions(domain, recorded))
    if (next !== state) statements.push(writeState(next))
    return { statements, state: next, answers }
  }

  /** What is recorded at their positions, by name: as of the last commit, which nothing changes until the next one. */
  async function recallTaken({ recorded }: Recall, members: readonly Waiting[]): Promise<Map<string, Taken>> {
    const known = members.map(({ request }) => ({ request, taken: recorded.at(request) }))
    const unsure = known.flatMap(({ request, taken }) => (taken === 'unsure' ? [request] : []))
    const taken = unsure.length > 0 ? await readTaken(store, domain, unsure) : new Map<string, Taken>()
    for (const each of known)
      if (each.taken !== undefined && each.taken !== 'unsure') taken.set(nameOf(each.request), each.taken)
    return taken
  }

  /** What fails stays where it is until the next time. */
  async function prune(view: L1View): Promise<void> {
    await store.transaction(async (transaction) => {
      for (const place of toPrune)
        if (!(await pruneSettled(transaction, domain, place, view))) toPrune.delete(place)
    })
  }

  return {
    claim: (request, view) =>
      new Promise((answer, fail) => {
        waiting.push({ request, view, answer, fail })
        schedule()
      }),
    keepSignature: (request, signature) => {
      kept.push({ request, signature })
      recalled?.recorded.noteSignature(request, signature)
    },
    import: (interchange, l1Timestamp) =>
      inTurn(async () => {
        const quiet = startQuiet(state, { cause: 'imported', l1Timestamp, windowSeconds })
        const next = { ...quiet, generation: state.generation + 1n }
        // Whatever came of it is read from the disk.
        recalled = undefined
        try {
          await store.transaction(async (transaction) => {
            await importRows(transaction, interchange)
            await transaction.run(...writeState(next))
          })
        } finally {
          state = await readState(store)
        }
        await counter.raise(state)
      }),
    export: () => store.transaction((transaction) => exportRows(transaction, domain)),
    state: () => state,
    close: async () => {
      await inTurn(() =>
        kept.length > 0 ? store.write(() => [writeSignatures(domain, kept)]) : Promise.resolve(),
      ).catch(() => {})
      await closeAll(files)
    },
  }
}
