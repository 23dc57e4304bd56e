/**
 * The leaves of a snapshot, chunk by chunk in order: every trie is built again from them, and whatever is out of order, missing, too much
 * or not what a root says ends the walk. It holds one path of a trie and one chunk; the rest of what it must remember lies in two tables.
 */
import type { ImportedRows } from '../engine/state/flatImport.ts'
import { readAccountRow, readSlotRow } from '../engine/state/flatImport.ts'
import { fromLatin1, idToString, toLatin1 } from '../engine/state/flatKeys.ts'
import { createTrieBuilder, type SavedTrieBuilder, type TrieBuilder } from '../engine/state/pathTrieBuild.ts'
import { bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import type { PackedEntry, StoreTransaction } from '../store/store.ts'
import { splitRecords } from './chunk.ts'
import { SnapshotError } from './errors.ts'
import type { ChunkEntry, Manifest, Section } from './manifest.ts'

const ID_BYTES = 4
/** Half of all ids: what is loaded leaves two billion for the contracts to come. */
export const NEXT_STORAGE_ID_MAX = 2 ** 31
const MARK = Uint8Array.of(1)

export type LeafSection = Extract<Section, 'accounts' | 'storage' | 'code'>

export type Walk = {
  /** The chunks of leaves in the manifest's order. What it writes to the two tables belongs to the caller's transaction. */
  take(transaction: StoreTransaction, entry: ChunkEntry, raw: Uint8Array): Promise<ImportedRows>
  /** Behind the last chunk. */
  finish(transaction: StoreTransaction): Promise<ImportedRows>
  /** All that `createWalk` needs to go on behind the chunks taken so far. */
  save(): string
}

type OpenTrie = { readonly id: string; readonly root: Uint8Array; readonly builder: TrieBuilder }

/** Survives JSON. Bytes in hex. */
type Saved = {
  readonly section: LeafSection
  readonly counts: {
    readonly accounts: number
    readonly slots: number
    readonly codes: number
    readonly tries: number
    readonly maxId: number
  }
  readonly accounts?: SavedTrieBuilder
  readonly trie?: { readonly id: string; readonly root: string; readonly builder: SavedTrieBuilder }
  readonly last: string
}

/** `saved`: from `save`, for a walk that was interrupted. */
export function createWalk(manifest: Pick<Manifest, 'block' | 'state'>, saved?: string): Walk {
  const { nextStorageId } = manifest.state
  if (nextStorageId > NEXT_STORAGE_ID_MAX)
    throw new SnapshotError(
      'storageIdOutOfRange',
      `its next storage id is ${nextStorageId}, at most ${NEXT_STORAGE_ID_MAX} is taken`,
    )
  const from = saved === undefined ? undefined : (JSON.parse(saved) as Saved)
  let nodes: PackedEntry[] = []
  const emit = (position: string, row: Uint8Array): void => {
    nodes.push([fromLatin1(position), row])
  }
  let section: LeafSection = from?.section ?? 'accounts'
  const counts = { accounts: 0, slots: 0, codes: 0, tries: 0, maxId: 0, ...from?.counts }
  /** Undefined once its root was found right. */
  let accounts: TrieBuilder | undefined =
    from === undefined || from.accounts !== undefined ? createTrieBuilder(emit, from?.accounts) : undefined
  /** The storage trie that may get more slots. */
  let trie: OpenTrie | undefined = from?.trie && {
    id: fromHex(from.trie.id),
    root: hexToBytes(from.trie.root),
    builder: createTrieBuilder(emit, from.trie.builder),
  }
  /** Key of the last leaf or code, or of the trie it is in. */
  let last: string = from === undefined ? '' : fromHex(from.last)

  const inOrder = (key: string, entry: ChunkEntry): void => {
    if (key <= last)
      throw new SnapshotError(
        'leavesOutOfOrder',
        `${entry.file} has ${hexOf(key)} behind ${hexOf(last)}, which is the same or larger`,
      )
    last = key
  }

  const takeAccounts = async (
    transaction: StoreTransaction,
    entry: ChunkEntry,
    records: readonly Uint8Array[],
  ): Promise<PackedEntry[]> => {
    const flat: PackedEntry[] = []
    const tries: PackedEntry[] = []
    const codes: PackedEntry[] = []
    for (const [index, row] of records.entries()) {
      const account = readAccountRow(row)
      if (account === undefined || accounts === undefined) throw malformed(entry, index, 'account')
      inOrder(account.key, entry)
      accounts.add(account.key, account.value)
      flat.push([fromLatin1(account.key), row])
      const { storageId, storageRoot, codeHash } = account
      if (codeHash !== undefined) codes.push([hexToBytes(codeHash), MARK])
      if (storageId === 0) continue
      if (storageId >= nextStorageId)
        throw new SnapshotError(
          'storageIdOutOfRange',
          `record ${index} of ${entry.file} has storage id ${storageId}, the next one is said to be ${nextStorageId}`,
        )
      counts.maxId = Math.max(counts.maxId, storageId)
      counts.tries++
      tries.push([fromLatin1(idToString(storageId)), hexToBytes(storageRoot)])
    }
    counts.accounts += records.length
    await putOnce(transaction, 'snapshot_tries', tries)
    await putOnce(transaction, 'snapshot_codes', codes)
    return flat
  }

  const takeStorage = async (
    transaction: StoreTransaction,
    entry: ChunkEntry,
    records: readonly Uint8Array[],
  ): Promise<PackedEntry[]> => {
    const flat: PackedEntry[] = []
    const expected = await nextTries(transaction, trie?.id ?? '', countIds(records))
    for (const [index, record] of records.entries()) {
      if (record.length <= ID_BYTES) throw malformed(entry, index, 'slot')
      const id = toLatin1(record.subarray(0, ID_BYTES))
      if (trie?.id !== id) {
        closeTrie()
        trie = openTrie(id, expected.shift(), entry)
      }
      const leaf = readSlotRow(idOf(id), record.subarray(ID_BYTES))
      if (leaf === undefined) throw malformed(entry, index, 'slot')
      inOrder(leaf.key, entry)
      trie.builder.add(leaf.key, leaf.value)
      flat.push([fromLatin1(leaf.key), record.subarray(ID_BYTES)])
    }
    counts.slots += records.length
    return flat
  }

  const openTrie = (
    id: string,
    expected: { readonly id: string; readonly root: Uint8Array } | undefined,
    entry: ChunkEntry,
  ): OpenTrie => {
    if (expected === undefined || expected.id > id)
      throw new SnapshotError(
        'storageExtra',
        `${entry.file} has storage ${idOf(id)}, which no account has, or which came before`,
      )
    if (expected.id < id)
      throw new SnapshotError(
        'storageMissing',
        `${entry.file} begins storage ${idOf(id)} where storage ${idOf(expected.id)} of an account belongs`,
      )
    return { ...expected, builder: createTrieBuilder(emit) }
  }

  const closeTrie = (): void => {
    if (trie === undefined) return
    const root = bytesToHex(trie.builder.finish())
    if (root !== bytesToHex(trie.root))
      throw new SnapshotError(
        'storageRootDiffers',
        `the slots of storage ${idOf(trie.id)} make root ${root}, its account says ${bytesToHex(trie.root)}`,
      )
  }

  const takeCode = async (
    transaction: StoreTransaction,
    entry: ChunkEntry,
    records: readonly Uint8Array[],
  ): Promise<PackedEntry[]> => {
    const expected = await nextCodes(transaction, last, records.length)
    const codes: PackedEntry[] = []
    for (const [index, code] of records.entries()) {
      const codeHash = keccak256(code)
      const key = toLatin1(codeHash)
      inOrder(key, entry)
      const wanted = expected[index]
      if (wanted === undefined || wanted > key)
        throw new SnapshotError(
          'codeExtra',
          `record ${index} of ${entry.file} is code ${hexOf(key)}, which no account has`,
        )
      if (wanted < key)
        throw new SnapshotError(
          'codeMissing',
          `code ${hexOf(wanted)} of an account is not in ${entry.file}, where it belongs`,
        )
      codes.push([codeHash, code.slice()])
    }
    counts.codes += records.length
    return codes
  }

  /** Ends the sections up to `next`: their roots, and that nothing is missing. */
  const advance = async (transaction: StoreTransaction, next: LeafSection | 'end'): Promise<void> => {
    if (section === 'accounts' && next !== 'accounts') {
      const root = bytesToHex(accounts?.finish() ?? MARK)
      accounts = undefined
      if (root !== manifest.block.stateRoot)
        throw new SnapshotError(
          'stateRootDiffers',
          `its accounts make state root ${root}, block ${manifest.block.number} has ${manifest.block.stateRoot}`,
        )
      const { tries } = counts
      const held = Number((await transaction.get('SELECT count(*) AS count FROM snapshot_tries'))?.count)
      if (held !== tries)
        throw new SnapshotError('storageIdTaken', `${tries} accounts with storage share ${held} storage ids`)
      section = 'storage'
      last = ''
    }
    if (section === 'storage' && next !== 'accounts' && next !== 'storage') {
      closeTrie()
      const [missing] = await nextTries(transaction, trie?.id ?? '', 1)
      if (missing !== undefined)
        throw new SnapshotError(
          'storageMissing',
          `the slots of storage ${idOf(missing.id)} of an account are not there`,
        )
      trie = undefined
      section = 'code'
      last = ''
    }
    if (section === 'code' && next === 'end') {
      const [missing] = await nextCodes(transaction, last, 1)
      if (missing !== undefined)
        throw new SnapshotError('codeMissing', `code ${hexOf(missing)} of an account is not there`)
    }
    if (next !== 'end' && next !== section)
      throw new SnapshotError('chunksOutOfOrder', `a chunk of ${next} comes behind ${section}`)
  }

  const drain = (): readonly PackedEntry[] => {
    const drained = nodes
    nodes = []
    return drained
  }

  return {
    async take(transaction, entry, raw) {
      const wanted = entry.section as LeafSection
      await advance(transaction, wanted)
      const records = splitRecords(entry, raw)
      const rows = { flat: [] as PackedEntry[], codes: [] as PackedEntry[] }
      if (wanted === 'accounts') rows.flat = await takeAccounts(transaction, entry, records)
      else if (wanted === 'storage') rows.flat = await takeStorage(transaction, entry, records)
      else rows.codes = await takeCode(transaction, entry, records)
      checkRange(entry, rangeOf(wanted, wanted === 'code' ? rows.codes : rows.flat))
      return { ...rows, nodes: drain() }
    },
    async finish(transaction) {
      await advance(transaction, 'end')
      const { accounts: a, slots: s, codes: c } = counts
      const said = manifest.state
      if (a !== said.accounts || s !== said.slots || c !== said.codes)
        throw new SnapshotError(
          'countsDiffer',
          `it holds ${a} accounts, ${s} slots and ${c} codes; ${said.accounts}, ${said.slots} and ${said.codes} are said`,
        )
      return { flat: [], codes: [], nodes: drain() }
    },
    save: () =>
      JSON.stringify({
        section,
        counts,
        ...(accounts && { accounts: accounts.save() }),
        ...(trie && {
          trie: { id: hexOf(trie.id), root: bytesToHex(trie.root), builder: trie.builder.save() },
        }),
        last: hexOf(last),
      } satisfies Saved),
  }
}

/** A key may come twice: two accounts can have the same code. */
async function putOnce(
  transaction: StoreTransaction,
  table: string,
  entries: readonly PackedEntry[],
): Promise<void> {
  const once = new Map(entries.map((entry) => [toLatin1(entry[0]), entry]))
  await transaction.writePacked(table, [...once.values()])
}

async function nextTries(
  transaction: StoreTransaction,
  after: string,
  limit: number,
): Promise<{ id: string; root: Uint8Array }[]> {
  const rows = await transaction.all('SELECT k, v FROM snapshot_tries WHERE k > ? ORDER BY k LIMIT ?', [
    bound(after),
    limit,
  ])
  return rows.map(({ k, v }) => ({ id: toLatin1(k as Uint8Array), root: v as Uint8Array }))
}

async function nextCodes(transaction: StoreTransaction, after: string, limit: number): Promise<string[]> {
  const rows = await transaction.all('SELECT k FROM snapshot_codes WHERE k > ? ORDER BY k LIMIT ?', [
    bound(after),
    limit,
  ])
  return rows.map(({ k }) => toLatin1(k as Uint8Array))
}

/** SQLite's binding takes no bytes for NULL, which is above nothing. */
function bound(after: string): Uint8Array {
  return after === '' ? Uint8Array.of(0) : fromLatin1(after)
}

/** Changes of id from one record to the next, and one: no more tries can be asked for than that. */
function countIds(records: readonly Uint8Array[]): number {
  let count = 1
  for (let i = 1; i < records.length; i++) {
    const [before, now] = [records[i - 1], records[i]]
    for (let at = 0; at < ID_BYTES; at++)
      if (before?.[at] !== now?.[at]) {
        count++
        break
      }
  }
  return count
}

/** Keys of accounts and code are given without a storage id. */
export function rangeOf(
  section: LeafSection,
  entries: readonly PackedEntry[],
): { readonly first: Hash; readonly last: Hash } {
  const keyOf = (entry: PackedEntry | undefined): Hash => {
    const key = entry?.[0] ?? new Uint8Array(0)
    return bytesToHex(section === 'accounts' ? key.subarray(ID_BYTES) : key)
  }
  return { first: keyOf(entries[0]), last: keyOf(entries.at(-1)) }
}

function checkRange(entry: ChunkEntry, found: { readonly first: Hash; readonly last: Hash }): void {
  if (found.first !== entry.first || found.last !== entry.last)
    throw new SnapshotError(
      'chunkWrongRange',
      `${entry.file} reaches from ${found.first} to ${found.last}, said is ${entry.first} to ${entry.last}`,
    )
}

function malformed(entry: ChunkEntry, index: number, what: string): SnapshotError {
  return new SnapshotError(
    'recordMalformed',
    `record ${index} of ${entry.file} is no ${what} in the form of this version`,
  )
}

function idOf(id: string): number {
  return Buffer.from(id, 'latin1').readUInt32BE()
}

function hexOf(key: string): Hash {
  return bytesToHex(fromLatin1(key))
}

function fromHex(hex: string): string {
  return toLatin1(hexToBytes(hex))
}
