/**
 * The durable memory of what was signed: one row for each position, written before the signature exists (EIP-3076 in spirit).
 *
 * A memory that may have gaps (new, lost, restored from a backup, imported) is quiet first. What was signed in a gap promised
 * something for a window that ended within `windowSeconds` of the L1 time then, so by L1 time every such list is past, and a parent
 * that descends from an L2 block of a later time cannot have been promised upon. Both are asked of every new row from then on.
 *
 * Requests that come while a transaction is on its way go together in the next one, in their order: one sync serves them all.
 */
import { maxBigint } from '../../primitives/bigint.ts'
import type { Address, Hex } from '../../primitives/hex.ts'
import { lockStore, type StoreLock } from '../../store/lock.ts'
import { openStore } from '../../store/openStore.ts'
import type { Store, StoreTransaction } from '../../store/store.ts'
import { claimPosition, pruneSettled, writeSignature } from './claim.ts'
import { type Counter, createCounter, readCounter } from './counter.ts'
import { exportRows, type Interchange, importRows } from './interchange.ts'
import type { Claim, ClaimRequest, L1View } from './position.ts'
import { findGap, readState, type State, startQuiet, writeState } from './quiet.ts'
import { GUARD_SCHEMAS } from './schema.ts'

/** The file is a few MB; the node's caches are elsewhere. */
const CACHE_KIB = 2_048
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
type Kept = { readonly request: ClaimRequest; readonly signature: Hex }
/** What a transaction leaves behind once it is committed. */
type Group = {
  readonly state: State
  readonly toPrune: ReadonlySet<Address>
  /** To be called when the counter has followed. */
  readonly answers: readonly (() => void)[]
}

/** Throws StoreLockedError while another process has the database or the counter. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { path, counterPath, domain, windowSeconds } = options
  const lock = await lockStore(counterPath)
  const store = await openStore({ path, schemas: GUARD_SCHEMAS, cacheKiB: CACHE_KIB }).catch(
    async (error: unknown) => {
      await lock.release()
      throw error
    },
  )
  const counter = createCounter(counterPath)
  try {
    const counted = await readCounter(counterPath)
    const opened = await store.transaction(async (transaction) => {
      const state = await readState(transaction)
      const cause = findGap(state, counted)
      const l1Timestamp = maxBigint(options.l1Timestamp, counted?.l1Timestamp ?? 0n)
      const next = {
        ...(cause === undefined ? state : startQuiet(state, { cause, l1Timestamp, windowSeconds })),
        generation: maxBigint(state.generation, counted?.generation ?? 0n) + 1n,
      }
      await writeState(transaction, next)
      return next
    })
    await counter.raise(opened)
    return createLedger({ store, lock, counter, domain, windowSeconds, opened })
  } catch (error) {
    await store.close()
    await lock.release()
    throw error
  }
}

function createLedger(deps: {
  readonly store: Store
  readonly lock: StoreLock
  readonly counter: Counter
  readonly domain: string
  readonly windowSeconds: bigint
  readonly opened: State
}): Ledger {
  const { store, lock, counter, domain, windowSeconds } = deps
  /** Of the last commit: nobody else writes. */
  let state = deps.opened
  let waiting: Waiting[] = []
  let kept: readonly Kept[] = []
  /** Keys that may have settled positions left. */
  let toPrune: ReadonlySet<Address> = new Set()
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
    const members = waiting.slice(0, GROUP_MAX)
    waiting = waiting.slice(GROUP_MAX)
    if (waiting.length > 0) schedule()
    const fail = (error: unknown) => {
      for (const member of members) member.fail(error)
    }
    const signatures = kept
    try {
      const group = await store.transaction(async (transaction) => {
        await keepSignatures(transaction, signatures)
        return claimAll(transaction, members)
      })
      kept = kept.slice(signatures.length)
      state = group.state
      toPrune = group.toPrune
      counter.raise(state).then(() => {
        for (const answer of group.answers) answer()
      }, fail)
    } catch (error) {
      fail(error)
    }
  }

  /** One that fails by itself (L1 could not be asked) does not keep the others back; a failing statement ends them all. */
  async function claimAll(transaction: StoreTransaction, members: readonly Waiting[]): Promise<Group> {
    const answers: (() => void)[] = []
    const mayPrune = new Set(toPrune)
    let next = state
    for (const { request, view, answer, fail } of members) {
      try {
        const context = { view, state, domain, windowSeconds }
        const { claim, isNew, isSettling } = await claimPosition(transaction, request, context)
        if (isNew) next = { ...next, l1Timestamp: maxBigint(next.l1Timestamp, view.timestamp) }
        if (isNew && next.generation === state.generation)
          next = { ...next, generation: state.generation + 1n }
        if (isSettling) mayPrune.add(request.key)
        answers.push(() => answer(claim))
      } catch (error) {
        answers.push(() => fail(error))
      }
    }
    const view = members.at(-1)?.view
    for (const key of view === undefined ? [] : [...mayPrune])
      if (view !== undefined && !(await pruneSettled(transaction, key, { view, domain })))
        mayPrune.delete(key)
    if (next !== state) await writeState(transaction, next)
    return { state: next, toPrune: mayPrune, answers }
  }

  async function keepSignatures(transaction: StoreTransaction, signatures: readonly Kept[]): Promise<void> {
    for (const { request, signature } of signatures)
      await writeSignature(transaction, request, signature, domain)
  }

  return {
    claim: (request, view) =>
      new Promise((answer, fail) => {
        waiting.push({ request, view, answer, fail })
        schedule()
      }),
    keepSignature: (request, signature) => {
      kept = [...kept, { request, signature }]
    },
    import: (interchange, l1Timestamp) =>
      inTurn(async () => {
        const quiet = startQuiet(state, { cause: 'imported', l1Timestamp, windowSeconds })
        const next = { ...quiet, generation: state.generation + 1n }
        await store.transaction(async (transaction) => {
          await importRows(transaction, domain, interchange)
          await writeState(transaction, next)
        })
        state = next
        await counter.raise(state)
      }),
    export: () => store.transaction((transaction) => exportRows(transaction, domain)),
    state: () => state,
    close: async () => {
      await inTurn(() => store.transaction((transaction) => keepSignatures(transaction, kept))).catch(
        () => {},
      )
      await store.close()
      await lock.release()
    },
  }
}
