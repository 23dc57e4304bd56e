/**
 * A snapshot of a node's database, beside the running node or without it: the leaves after a block of the past do not change, so each page
 * is read in a moment of its own, and a creation that was stopped goes on behind the chunks it has written. What is written is walked
 * through as whoever loads it will.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChainReader } from '../chain/chain.ts'
import { createChain } from '../chain/sqliteChain.ts'
import {
  type ExportedRow,
  FIRST_KEY,
  readCodePage,
  readExportHead,
  readFlatPage,
} from '../engine/state/flatExport.ts'
import {
  ACCOUNTS_ID,
  type FlatKey,
  fromLatin1,
  STORAGE_ID_BYTES,
  toLatin1,
} from '../engine/state/flatKeys.ts'
import { defined } from '../primitives/assert.ts'
import { toSafeNumber } from '../primitives/bigint.ts'
import { concatBytes, EMPTY_BYTES } from '../primitives/bytes.ts'
import { CriticalError } from '../primitives/errors.ts'
import { encodeHeader } from '../primitives/header.ts'
import { bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { Snapshots } from '../store/snapshots.ts'
import type { Store, StoreSnapshot } from '../store/store.ts'
import { encodeBlock, firstHeaderNumber, proposalIdOf } from './block.ts'
import { joinRecords, packChunk, sha256, unpackChunk } from './chunk.ts'
import { SnapshotError } from './errors.ts'
import {
  CHUNK_TARGET_BYTES,
  type ChunkEntry,
  chainOf,
  chunkFile,
  encodeManifest,
  MANIFEST_FILE,
  type Manifest,
  manifestSum,
  parseManifest,
  RECORD_HEAD_BYTES,
  type Section,
} from './manifest.ts'
import { createWalk, type LeafSection, NEXT_STORAGE_ID_MAX } from './walk.ts'

/** Chunks that are written and whole, and of which block: what a creation that was stopped goes on from. */
const PROGRESS_FILE = 'progress.json'
const CODE_PAGE_ROWS = 256
const LAST_ACCOUNT_KEY: FlatKey = ACCOUNTS_ID + toLatin1(new Uint8Array(32).fill(0xff))

export type CreateDeps = {
  readonly spec: RollupSpec
  /** The node's database. */
  readonly snapshots: Snapshots
  /** An empty database of the snapshot's own tables. */
  readonly scratch: Store
  readonly directory: string
}

export type CreateOptions = {
  /** An L2 block that ends a proposal; by default the last one proven on L1. */
  readonly block?: bigint
  readonly onProgress?: (progress: CreateProgress) => void
  readonly signal?: AbortSignal
}

export type CreateProgress = {
  readonly section: Section
  readonly chunks: number
  readonly bytes: number
  /** How far through the section, in [0, 1]. */
  readonly share: number
}

export type Created = { readonly manifest: Manifest; readonly sum: string; readonly bytes: number }

type Subject = {
  readonly block: bigint
  readonly hash: Hash
  readonly head: Omit<Manifest, 'chunks' | 'state' | 'format' | 'version'>
  readonly nextStorageId: number
  readonly headers: Uint8Array
  readonly headersCount: number
  readonly firstHeader: Hash
  readonly encodedBlock: Uint8Array
}

/** Throws a SnapshotError for a block that no snapshot can be of; MissingStateError where the state of that block is not there. */
export async function createSnapshot(deps: CreateDeps, options: CreateOptions = {}): Promise<Created> {
  const { directory, snapshots, scratch, spec } = deps
  const { signal, onProgress } = options
  await mkdir(directory, { recursive: true })
  const subject = await snapshots.read(async (reader) =>
    readSubject(await createChain(reader), reader, spec, options.block),
  )
  const done = await readProgress(directory, subject.hash)
  const chunks: ChunkEntry[] = []
  // The walk looks at the counts at its end only.
  const state = { nextStorageId: subject.nextStorageId, accounts: 0, slots: 0, codes: 0 }
  const walk = createWalk({ block: subject.head.block, state })
  let bytes = 0

  const writeProgress = () =>
    writeDurably(directory, PROGRESS_FILE, Buffer.from(JSON.stringify({ block: subject.hash, chunks })))

  const keep = async (
    section: Section,
    raw: Uint8Array,
    about: Pick<ChunkEntry, 'count' | 'first' | 'last'>,
    share: number,
  ): Promise<void> => {
    signal?.throwIfAborted()
    const packed = await packChunk(raw)
    const file = chunkFile(section, chunks.filter((chunk) => chunk.section === section).length)
    const entry: ChunkEntry = {
      section,
      file,
      ...about,
      rawBytes: raw.length,
      bytes: packed.length,
      sha256: sha256(packed),
    }
    await writeDurably(directory, file, packed)
    chunks.push(entry)
    bytes += packed.length
    await writeProgress()
    onProgress?.({ section, chunks: chunks.length, bytes, share })
  }

  /** Whole chunks of an earlier run, as far as they are still what they were. */
  const resume = async (
    section: Section,
    take: (entry: ChunkEntry, raw: Uint8Array) => Promise<void>,
  ): Promise<void> => {
    for (let entry = done[0]; entry?.section === section; entry = done[0]) {
      const raw = await reread(directory, entry)
      if (raw === undefined) {
        done.length = 0
        return
      }
      await take(entry, raw)
      done.shift()
      chunks.push(entry)
      bytes += entry.bytes
      onProgress?.({ section, chunks: chunks.length, bytes, share: 0 })
    }
  }

  if (done.length === 0) await writeProgress()
  await resume('headers', async () => {})
  if (chunks.length === 0)
    await keep(
      'headers',
      subject.headers,
      { count: subject.headersCount, first: subject.firstHeader, last: subject.hash },
      1,
    )
  await resume('block', async () => {})
  if (chunks.length === 1)
    await keep('block', subject.encodedBlock, { count: 1, first: subject.hash, last: subject.hash }, 1)

  const take = (entry: ChunkEntry, raw: Uint8Array) =>
    scratch.transaction(async (transaction) => {
      await walk.take(transaction, entry, raw)
    })
  for (const section of ['accounts', 'storage', 'code'] as const) {
    let last: FlatKey | undefined
    await resume(section, async (entry, raw) => {
      await take(entry, raw)
      last = lastKeyOf(section, entry)
    })
    const collector = createCollector(section, async (raw, about, share) => {
      await keep(section, raw, about, share)
      await take(defined(chunks.at(-1), 'the chunk just written'), raw)
    })
    if (section === 'code') await collectCode(deps, collector, last)
    else await collectLeaves(deps, subject, section, collector, last)
    await collector.flush()
  }
  const countOf = (wanted: Section) =>
    chunks.reduce((sum, { section, count }) => sum + (section === wanted ? count : 0), 0)
  Object.assign(state, { accounts: countOf('accounts'), slots: countOf('storage'), codes: countOf('code') })
  await scratch.transaction((transaction) => walk.finish(transaction))
  const encoded = encodeManifest({ ...subject.head, state, chunks })
  await writeDurably(directory, MANIFEST_FILE, encoded)
  await rm(join(directory, PROGRESS_FILE), { force: true })
  return { manifest: parseManifest(encoded), sum: manifestSum(encoded), bytes }
}

async function readSubject(
  chain: ChainReader,
  reader: StoreSnapshot,
  spec: RollupSpec,
  asked: bigint | undefined,
): Promise<Subject> {
  const heads = chain.heads()
  const number = asked ?? heads.executable.number
  const refuse = (why: string) => new SnapshotError('blockNotSupported', why)
  if (number === 0n) throw refuse('no block of this chain is proven on L1 yet; name one with --block')
  const block = number <= heads.safe.number ? await chain.blockByNumber(number) : undefined
  const origin = await chain.origin(number)
  const proposal = origin && (await chain.proposal(origin.proposalId, number))
  if (block === undefined || proposal === undefined)
    throw refuse(`block ${number} is none that this node derived from L1 (${await describeRange(chain)})`)
  if (proposalIdOf(spec, block.header) !== proposal.id)
    throw refuse(`block ${number} is of a fork whose headers name no proposal; snapshots begin with Shasta`)
  if (proposal.lastBlock !== number)
    throw refuse(
      `block ${number} is not the last one of its proposal ${proposal.id}; block ${proposal.lastBlock} is`,
    )
  if ((await chain.proposal(proposal.id + 1n))?.l1.blockHash === proposal.l1.blockHash)
    throw refuse(`another proposal follows that of block ${number} in the same L1 block`)
  const headers: Uint8Array[] = []
  let firstHeader = block.hash
  for (let at = firstHeaderNumber(number, proposal); at <= number; at++) {
    const found = await chain.headerByNumber(at)
    if (found === undefined)
      throw refuse(
        `this node does not have the headers before block ${number} (${await describeRange(chain)})`,
      )
    if (headers.length === 0) firstHeader = found.hash
    headers.push(encodeHeader(found.header))
  }
  const { stateRoot, nextStorageId } = await readExportHead(reader, number)
  if (nextStorageId > NEXT_STORAGE_ID_MAX)
    throw refuse(`its state has given ${nextStorageId} storage ids, a snapshot holds ${NEXT_STORAGE_ID_MAX}`)
  return {
    block: number,
    hash: block.hash,
    head: {
      chain: chainOf(spec),
      block: { number: toSafeNumber(number), hash: block.hash, stateRoot },
      l1: { number: toSafeNumber(proposal.l1.blockNumber), hash: proposal.l1.blockHash },
      proposal: { id: toSafeNumber(proposal.id), hash: proposal.hash },
    },
    nextStorageId,
    headers: joinRecords(headers),
    headersCount: headers.length,
    firstHeader,
    encodedBlock: encodeBlock({ block, origin: defined(origin, 'the origin'), proposal }),
  }
}

async function describeRange(chain: ChainReader): Promise<string> {
  return `it has blocks ${(await chain.firstBlock?.()) ?? 0n} to ${chain.heads().safe.number}`
}

type Collector = {
  add(key: FlatKey, record: Uint8Array, share: number): Promise<void>
  /** The rest, which fills no chunk. */
  flush(): Promise<void>
}

type Emit = (
  raw: Uint8Array,
  about: Pick<ChunkEntry, 'count' | 'first' | 'last'>,
  share: number,
) => Promise<void>

/** Where a chunk ends depends on its records alone. */
function createCollector(section: LeafSection, emit: Emit): Collector {
  let records: Uint8Array[] = []
  let size = 0
  let [first, last] = ['', '']
  let share = 0
  const flush = async (): Promise<void> => {
    if (records.length === 0) return
    const about = { count: records.length, first: rangeKey(section, first), last: rangeKey(section, last) }
    const raw = joinRecords(records)
    records = []
    size = 0
    await emit(raw, about, share)
  }
  return {
    flush,
    async add(key, record, at) {
      if (records.length === 0) first = key
      last = key
      share = at
      records.push(record)
      size += record.length + RECORD_HEAD_BYTES
      if (size >= CHUNK_TARGET_BYTES) await flush()
    },
  }
}

/** As the manifest names keys: those of accounts without their storage id. */
function rangeKey(section: LeafSection, key: FlatKey): Hash {
  return bytesToHex(fromLatin1(section === 'accounts' ? key.slice(STORAGE_ID_BYTES) : key))
}

function lastKeyOf(section: LeafSection, { last }: ChunkEntry): FlatKey {
  const key = toLatin1(hexToBytes(last))
  return section === 'accounts' ? ACCOUNTS_ID + key : key
}

async function collectLeaves(
  { snapshots, scratch }: CreateDeps,
  subject: Subject,
  section: 'accounts' | 'storage',
  collector: Collector,
  from: FlatKey | undefined,
): Promise<void> {
  const isAccounts = section === 'accounts'
  let after: FlatKey | undefined = from ?? (isAccounts ? FIRST_KEY : LAST_ACCOUNT_KEY)
  while (after !== undefined) {
    const begin: FlatKey = after
    const page = await snapshots.read(async (reader) => {
      await assertThere(reader, subject)
      return readFlatPage(reader, subject.block, begin)
    })
    const isLive = isAccounts ? undefined : await readLive(scratch, page.rows)
    for (const { key, row } of page.rows) {
      const id = key.slice(0, STORAGE_ID_BYTES)
      if (isAccounts && id !== ACCOUNTS_ID) return
      // Rows of destroyed contracts stay in the database, and are of no state any more.
      if (isLive?.has(id) === false) continue
      const share = isAccounts ? shareOf(key.slice(STORAGE_ID_BYTES)) : idOf(id) / subject.nextStorageId
      await collector.add(key, isAccounts ? row : concatBytes(fromLatin1(id), row), share)
    }
    after = page.next
  }
}

/** Storage ids that an account has. */
async function readLive(scratch: Store, rows: readonly ExportedRow[]): Promise<ReadonlyMap<string, unknown>> {
  const ids = new Set(rows.map(({ key }) => key.slice(0, STORAGE_ID_BYTES)))
  return scratch.readPacked('snapshot_tries', [...ids].map(fromLatin1))
}

async function collectCode(
  { snapshots, scratch }: CreateDeps,
  collector: Collector,
  from: FlatKey | undefined,
): Promise<void> {
  let after = from === undefined ? EMPTY_BYTES : fromLatin1(from)
  for (;;) {
    const page = await snapshots.read((reader) => readCodePage(reader, after, CODE_PAGE_ROWS))
    const used = await scratch.readPacked(
      'snapshot_codes',
      page.map(({ hash }) => hash),
    )
    for (const { hash, code } of page) {
      const key = toLatin1(hash)
      // Code is kept for ever; a snapshot holds what its accounts have.
      if (used.has(key)) await collector.add(key, code, shareOf(key))
    }
    const last = page.at(-1)?.hash
    if (last === undefined || page.length < CODE_PAGE_ROWS) return
    after = last
  }
}

/** Once L1 takes the block away, what is read is of another one. */
async function assertThere(reader: StoreSnapshot, { block, hash }: Subject): Promise<void> {
  const row = await reader.get('SELECT hash FROM blocks WHERE number = ?', [toSafeNumber(block)])
  if (row === undefined || bytesToHex(row.hash as Uint8Array) !== hash)
    throw new CriticalError(
      `an L1 reorg took L2 block ${block} away while its snapshot was made; begin again with another one`,
    )
}

function shareOf(hash: string): number {
  return ((hash.charCodeAt(0) << 8) | hash.charCodeAt(1)) / 65_536
}

function idOf(id: string): number {
  return Buffer.from(id, 'latin1').readUInt32BE()
}

/** Chunks of an earlier run for the same block. */
async function readProgress(directory: string, block: Hash): Promise<ChunkEntry[]> {
  const text = await readFile(join(directory, PROGRESS_FILE), 'utf8').catch(() => undefined)
  if (text === undefined) {
    if ((await readdir(directory)).length > 0)
      throw new CriticalError(
        `${directory} holds other files; give --out a directory that is empty, or that a stopped creation has left`,
      )
    return []
  }
  try {
    const progress = JSON.parse(text) as { readonly block: Hash; readonly chunks: ChunkEntry[] }
    if (progress.block === block) return progress.chunks
  } catch (cause) {
    throw new CriticalError(
      `${join(directory, PROGRESS_FILE)} is damaged; empty the directory and begin again`,
      { cause },
    )
  }
  throw new CriticalError(
    `${directory} holds a creation of another block that was stopped; go on with that block (--block), or empty the directory`,
  )
}

async function reread(directory: string, entry: ChunkEntry): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readFile(join(directory, entry.file))
    return await unpackChunk(entry, bytes)
  } catch {
    return undefined
  }
}

/** Under its name only once it is whole and on the disk. */
async function writeDurably(directory: string, file: string, bytes: Uint8Array): Promise<void> {
  const path = join(directory, file)
  const handle = await open(`${path}.part`, 'w')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${path}.part`, path)
}
