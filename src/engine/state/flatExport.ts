/**
 * The flat rows after a block, in the order of their keys, a page at a time: rows of now, and in place of those that later blocks changed
 * what the first of these blocks found. Branches are not asked: they may be behind the flat rows.
 */
import { concatBytes } from '../../primitives/bytes.ts'
import type { StoreSnapshot } from '../../store/store.ts'
import { LAST_BLOCK_KEY } from './flatHistory.ts'
import { blockKey, FLAT_KEY_BYTES, type FlatKey, fromLatin1, toLatin1 } from './flatKeys.ts'
import { readHead } from './flatWrite.ts'
import { MissingStateError } from './source.ts'

/** Rows of one read. */
const PAGE_ROWS = 8_192

export type ExportedRow = { readonly key: FlatKey; readonly row: Uint8Array }

export type ExportedPage = {
  readonly rows: readonly ExportedRow[]
  /** Where the next page begins; undefined after the last. */
  readonly next?: FlatKey
}

/** Before all keys. */
export const FIRST_KEY: FlatKey = ''

/** Rows with keys after `after`. All of one moment: `reader` is a snapshot, or nothing is written meanwhile. */
export async function readFlatPage(
  reader: StoreSnapshot,
  blockNumber: bigint,
  after: FlatKey,
  pageRows = PAGE_ROWS,
): Promise<ExportedPage> {
  const now = await reader.all('SELECT k, v FROM state_flat WHERE k > ? ORDER BY k LIMIT ?', [
    lowBound(after),
    pageRows,
  ])
  const later = await reader.all(
    `SELECT k, v FROM state_history WHERE k > ? AND substr(k, ${FLAT_KEY_BYTES + 1}) > ? ORDER BY k LIMIT ?`,
    [
      after === FIRST_KEY ? lowBound(after) : concatBytes(fromLatin1(after), LAST_BLOCK_KEY),
      blockKey(blockNumber),
      pageRows,
    ],
  )
  const then = new Map<FlatKey, Uint8Array>()
  for (const { k, v } of now) then.set(toLatin1(k as Uint8Array), v as Uint8Array)
  const changed = new Set<FlatKey>()
  let lastChanged: FlatKey | undefined
  for (const { k, v } of later) {
    lastChanged = toLatin1((k as Uint8Array).subarray(0, FLAT_KEY_BYTES))
    // The oldest of the later blocks knows the value before them all.
    if (changed.has(lastChanged)) continue
    changed.add(lastChanged)
    then.set(lastChanged, v as Uint8Array)
  }
  const lastNow = now.length < pageRows ? undefined : toLatin1(now.at(-1)?.k as Uint8Array)
  const next = lowest(lastNow, later.length < pageRows ? undefined : lastChanged)
  const rows = [...then]
    .filter(([key, row]) => row.length > 0 && (next === undefined || key <= next))
    .map(([key, row]) => ({ key, row }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  return { rows, ...(next !== undefined && { next }) }
}

function lowBound(after: FlatKey): Uint8Array {
  // No bytes would be bound as NULL, which no key is above.
  return after === FIRST_KEY ? Uint8Array.of(0) : fromLatin1(after)
}

function lowest(a: FlatKey | undefined, b: FlatKey | undefined): FlatKey | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a
}

/** Code in the order of its hash. Code is never changed, so it is of no block. */
export async function readCodePage(
  reader: StoreSnapshot,
  after: Uint8Array,
  pageRows: number,
): Promise<readonly { readonly hash: Uint8Array; readonly code: Uint8Array }[]> {
  const from = after.length === 0 ? Uint8Array.of(0) : after
  const rows = await reader.all('SELECT k, v FROM state_code WHERE k > ? ORDER BY k LIMIT ?', [
    from,
    pageRows,
  ])
  return rows.map(({ k, v }) => ({ hash: k as Uint8Array, code: v as Uint8Array }))
}

/** Root and next storage id after a block. Throws MissingStateError. */
export async function readExportHead(
  reader: StoreSnapshot,
  blockNumber: bigint,
): Promise<{ readonly stateRoot: `0x${string}`; readonly nextStorageId: number }> {
  const head = await readHead(reader, blockNumber)
  if (head === undefined) throw new MissingStateError({ what: `the state of block ${blockNumber}` })
  return head
}
