/**
 * The durable memory of what was signed: one row for each position, written before the signature exists (EIP-3076 in spirit).
 *
 * A memory that may have gaps (new, lost, restored from a backup, imported) is quiet first. What was signed in a gap promised
 * something for a window that ended within `windowSeconds` of the L1 time then, so by L1 time every such list is past, and a parent
 * that descends from an L2 block of a later time cannot have been promised upon. Both are asked of every new row from then on.
 */
import type { Hash, Hex } from '../../primitives/hex.ts'
import { lockStore } from '../../store/lock.ts'
import { openStore } from '../../store/openStore.ts'
import type { SqlValue, StoreTransaction } from '../../store/store.ts'
import { type Count, createCounter, readCounter } from './counter.ts'
import { exportRows, type Interchange, importRows } from './interchange.ts'
import type { Claim, ClaimRequest, L1View } from './position.ts'
import { GUARD_SCHEMAS } from './schema.ts'

/** The file is a few MB; the node's caches are elsewhere. */
const CACHE_KIB = 2_048

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
  /** Of a claim that was recorded. */
  keepSignature(request: ClaimRequest, signature: Hex): Promise<void>
  /** The stricter of what is here and what comes; all of it or nothing. New rows wait for a window from `l1Timestamp` on. */
  import(interchange: Interchange, l1Timestamp: bigint): Promise<void>
  export(): Promise<Interchange>
  close(): Promise<void>
}

type State = Count & { readonly quietUntil: bigint }

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
  const close = async () => {
    await store.close()
    await lock.release()
  }
  const counter = createCounter(counterPath)
  /** Nothing may leave before the counter has followed. */
  async function change<T>(work: (transaction: StoreTransaction, state: State) => Promise<T>): Promise<T> {
    const { result, state } = await store.transaction(async (transaction) => {
      const result = await work(transaction, await readState(transaction))
      return { result, state: await readState(transaction) }
    })
    await counter.raise(state)
    return result
  }
  try {
    const counted = await readCounter(counterPath)
    await change(async (transaction, state) => {
      const isWhole = counted !== undefined && state.generation > 0n && state.generation >= counted.generation
      await writeState(transaction, {
        ...(isWhole
          ? state
          : startQuiet(state, max(options.l1Timestamp, counted?.l1Timestamp ?? 0n), windowSeconds)),
        generation: max(state.generation, counted?.generation ?? 0n) + 1n,
      })
    })
  } catch (error) {
    await close()
    throw error
  }
  return {
    claim: (request, view) =>
      change((transaction, state) =>
        claimPosition(transaction, { request, view, state, domain, windowSeconds }),
      ),
    keepSignature: (request, signature) =>
      store.transaction((transaction) =>
        transaction.run(
          `UPDATE positions SET signature = ? WHERE ${PLACE} AND number = ? AND parent = ? AND hash = ?`,
          [
            signature,
            ...placeOf(request, domain),
            request.position.number,
            request.position.parent,
            request.hash,
          ],
        ),
      ),
    import: (interchange, l1Timestamp) =>
      change(async (transaction, state) => {
        await importRows(transaction, domain, interchange)
        const quiet = startQuiet(state, l1Timestamp, windowSeconds)
        await writeState(transaction, { ...quiet, generation: state.generation + 1n })
      }),
    export: () => store.transaction((transaction) => exportRows(transaction, domain)),
    close,
  }
}

const PLACE = 'key = ? AND domain = ? AND kind = ? AND l2_chain_id = ?'

function placeOf({ key, position }: ClaimRequest, domain: string): SqlValue[] {
  return [key, domain, position.kind, position.l2ChainId.toString()]
}

async function claimPosition(
  transaction: StoreTransaction,
  input: {
    readonly request: ClaimRequest
    readonly view: L1View
    readonly state: State
    readonly domain: string
    readonly windowSeconds: bigint
  },
): Promise<Claim> {
  const { request, view, state, domain, windowSeconds } = input
  const { position, windowEnd, hash } = request
  const { kind, number, parent } = position
  const place = placeOf(request, domain)
  const waiting: Claim = { type: 'refused', refusal: { reason: 'waiting', until: state.quietUntil } }
  if (view.timestamp <= state.quietUntil) return waiting

  const rows = await transaction.all(
    `SELECT parent, hash, signature FROM positions WHERE ${PLACE} AND number = ? ORDER BY parent`,
    [...place, number],
  )
  const earlier = rows.map((row) => ({
    position: { ...position, parent: row.parent as Hash },
    hash: row.hash as Hash,
    signature: row.signature as Hex | null,
  }))
  const same = earlier.find((row) => row.position.parent === parent)
  if (same?.hash === hash)
    return { type: 'recorded', ...(same.signature !== null && { signature: same.signature }) }
  if (same) return refuseFor('otherContent', same)

  const latest = view.timestamp + windowSeconds
  if (windowEnd > latest) return { type: 'refused', refusal: { reason: 'windowTooFar', latest } }
  if (windowEnd <= state.quietUntil) return waiting
  if (kind === 'block' && view.landed.timestamp <= state.quietUntil) return waiting

  const row = await transaction.get(`SELECT number FROM watermarks WHERE ${PLACE}`, place)
  const stored = BigInt((row?.number as number | undefined) ?? 0)
  const final = max(stored, kind === 'block' ? view.finalizedNumber : 0n)
  const watermark = max(final, kind === 'block' ? view.landed.number : 0n)
  if (number <= watermark) return { type: 'refused', refusal: { reason: 'settled', watermark } }
  for (const other of earlier) {
    if (!(await view.isRemoved(other.position.parent))) return refuseFor('parentNotRemoved', other)
  }

  await transaction.run('INSERT INTO positions VALUES (?, ?, ?, ?, ?, ?, ?, NULL)', [
    ...place,
    number,
    parent,
    hash,
  ])
  if (final > stored)
    await transaction.run('INSERT OR REPLACE INTO watermarks VALUES (?, ?, ?, ?, ?)', [...place, final])
  await writeState(transaction, {
    ...state,
    generation: state.generation + 1n,
    l1Timestamp: max(state.l1Timestamp, view.timestamp),
  })
  return { type: 'recorded' }
}

function refuseFor(
  reason: 'otherContent' | 'parentNotRemoved',
  { position, hash }: { readonly position: ClaimRequest['position']; readonly hash: Hash },
): Claim {
  return { type: 'refused', refusal: { reason, earlier: { position, hash } } }
}

function startQuiet(state: State, l1Timestamp: bigint, windowSeconds: bigint): State {
  const now = max(state.l1Timestamp, l1Timestamp)
  return { ...state, quietUntil: max(state.quietUntil, now + windowSeconds), l1Timestamp: now }
}

/** Generation 0 of a database that is new. */
async function readState(transaction: StoreTransaction): Promise<State> {
  const row = await transaction.get('SELECT generation, quiet_until, l1_timestamp FROM guard_state')
  if (row === undefined) return { generation: 0n, quietUntil: 0n, l1Timestamp: 0n }
  return {
    generation: BigInt(row.generation as number),
    quietUntil: BigInt(row.quiet_until as number),
    l1Timestamp: BigInt(row.l1_timestamp as number),
  }
}

function writeState(transaction: StoreTransaction, state: State): Promise<void> {
  return transaction.run('INSERT OR REPLACE INTO guard_state VALUES (1, ?, ?, ?)', [
    state.generation,
    state.quietUntil,
    state.l1Timestamp,
  ])
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
