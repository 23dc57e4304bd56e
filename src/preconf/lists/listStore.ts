/** Lists and verdicts on disk: what was signed is evidence, and outlives its window and the process. */
import type { Address, Hash } from '../../primitives/hex.ts'
import { fromJson, toJson } from '../../primitives/json.ts'
import type { Row, SqlValue, Store, StoreTransaction } from '../../store/store.ts'
import type { ListRecord } from './record.ts'
import { type SignedList, signedListJson } from './signedList.ts'
import { isFinal, type ListVerdict } from './verdict.ts'

/** Lists kept, of 8 KiB at most each; the oldest windows go first. Half a day of slots, if every one had its list. */
const LISTS_MAX = 4096

export type ListStore = {
  /** Those whose verdict can still change. */
  readOpen(): Promise<readonly ListRecord[]>
  /** Those that were violated, for good. */
  readViolated(): Promise<readonly ListRecord[]>
  readSlot(slot: bigint): Promise<readonly ListRecord[]>
  find(windowEnd: bigint, committer: Address): Promise<ListRecord | undefined>
  /** Keeps the last list of a record, and the verdict. Answers the end of the window that made room for it, where one had to. */
  add(record: ListRecord): Promise<bigint | undefined>
  setVerdict(record: ListRecord): Promise<void>
}

const SELECT = `
  SELECT lists.window_end, lists.committer, first_slot, last_slot, is_named, lists.data, received_at,
         registration_root, list_verdicts.data AS verdict
  FROM lists JOIN list_verdicts USING (window_end, committer)`
const ORDER = 'ORDER BY lists.window_end, lists.committer, position'

/** @param readList Of JSON that was a list of this chain and domain once; undefined when they have changed since. */
export function createListStore(
  store: Store,
  readList: (json: unknown) => SignedList | undefined,
  listsMax = LISTS_MAX,
): ListStore {
  const read = async (where: string, parameters: readonly SqlValue[]) =>
    toRecords(await store.all(`${SELECT} WHERE ${where} ${ORDER}`, parameters), readList)
  return {
    readOpen: () => read('is_final = 0', []),
    readViolated: () => read("is_final = 1 AND json_extract(list_verdicts.data, '$.type') = 'violated'", []),
    readSlot: (slot) => read('first_slot <= ? AND last_slot >= ?', [slot, slot]),
    find: async (windowEnd, committer) =>
      (await read('window_end = ? AND lists.committer = ?', [windowEnd, committer]))[0],
    add: (record) =>
      store.transaction(async (transaction) => {
        await writeList(transaction, record)
        await writeVerdict(transaction, record)
        return makeRoom(transaction, listsMax)
      }),
    setVerdict: (record) => store.transaction((transaction) => writeVerdict(transaction, record)),
  }
}

async function writeList(transaction: StoreTransaction, record: ListRecord): Promise<void> {
  const { windowEnd, committer, firstSlot, lastSlot, isNamed, lists, receivedAt, registrationRoot } = record
  const data = JSON.stringify(signedListJson(lists.at(-1) as SignedList))
  await transaction.run('INSERT INTO lists VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', [
    windowEnd,
    committer,
    lists.length - 1,
    firstSlot,
    lastSlot,
    isNamed ? 1 : 0,
    data,
    receivedAt,
    registrationRoot ?? null,
  ])
}

/** Nothing when another list has come meanwhile: what was judged is no longer what counts. */
async function writeVerdict(
  transaction: StoreTransaction,
  { windowEnd, committer, lists, verdict }: ListRecord,
): Promise<void> {
  await transaction.run(
    `INSERT OR REPLACE INTO list_verdicts
     SELECT ?1, ?2, ?3, ?4 WHERE (SELECT count(*) FROM lists WHERE window_end = ?1 AND committer = ?2) = ?5`,
    [windowEnd, committer, isFinal(verdict) ? 1 : 0, toJson(verdict), lists.length],
  )
}

async function makeRoom(transaction: StoreTransaction, listsMax: number): Promise<bigint | undefined> {
  const row = await transaction.get('SELECT count(*) AS count, min(window_end) AS oldest FROM lists')
  if ((row?.count as number) <= listsMax) return undefined
  const oldest = BigInt(row?.oldest as number)
  await transaction.run('DELETE FROM lists WHERE window_end = ?', [oldest])
  await transaction.run('DELETE FROM list_verdicts WHERE window_end = ?', [oldest])
  return oldest
}

function toRecords(
  rows: readonly Row[],
  readList: (json: unknown) => SignedList | undefined,
): readonly ListRecord[] {
  const records = new Map<string, ListRecord>()
  for (const row of rows) {
    const list = readList(JSON.parse(row.data as string))
    if (list === undefined) continue
    const windowEnd = BigInt(row.window_end as number)
    const committer = row.committer as Address
    const key = `${windowEnd} ${committer}`
    const known = records.get(key)
    records.set(key, {
      windowEnd,
      committer,
      firstSlot: BigInt(row.first_slot as number),
      lastSlot: BigInt(row.last_slot as number),
      isNamed: row.is_named === 1,
      receivedAt: row.received_at as number,
      verdict: fromJson<ListVerdict>(row.verdict as string),
      ...(row.registration_root !== null && { registrationRoot: row.registration_root as Hash }),
      ...known,
      lists: [...(known?.lists ?? []), list],
    })
  }
  return [...records.values()]
}
