/** The chain in SQLite. Reads answer from committed rows only; writes go through the driver's transaction. */
import { LRUCache } from 'lru-cache'
import { defined } from '../primitives/assert.ts'
import { toSafeNumber } from '../primitives/bigint.ts'
import { bigintToFixedBytes, bytesToBigint, concatBytes } from '../primitives/bytes.ts'
import { decodeHeader, encodeHeader } from '../primitives/header.ts'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import { fromJson, toJson } from '../primitives/json.ts'
import type { Row, SqlValue, StoreReader, StoreTransaction } from '../store/store.ts'
import { decodeBody, encodeBody } from './bodyCodec.ts'
import type {
  BlockOrigin,
  BlockRef,
  Chain,
  ChainChange,
  Heads,
  StoredBlock,
  StoredProposal,
  UnsafeOrigin,
} from './chain.ts'
import { assertHeads } from './heads.ts'
import { findLogs } from './logs.ts'

const HEAD_NAMES = ['latest', 'safe', 'finalized', 'executable'] as const
/** Decoded blocks kept: a page of an explorer, or an hour of two-second blocks of a wallet's polling, is far less. */
const BLOCK_CACHE = 512

/** Opens the chain in a store that has its schema. Before genesis is written, `heads()` throws. */
export async function createChain(
  store: StoreReader,
  { cachedBlocks = BLOCK_CACHE }: { readonly cachedBlocks?: number } = {},
): Promise<Chain> {
  let heads = await readHeads(store)
  let firstBlock: bigint | undefined
  let pending: Pending = nothing()
  let rewinds = 0
  const listeners = new Set<(change: ChainChange) => void>()
  const cache = new LRUCache<number, StoredBlock>({ max: cachedBlocks })

  /** A new block is asked for by many at once: it is read and decoded for all of them together. */
  const reading = new Map<number, Promise<StoredBlock | undefined>>()

  const blockByNumber = async (number: bigint): Promise<StoredBlock | undefined> => {
    const key = toSafeNumber(number)
    const known = cache.get(key) ?? reading.get(key)
    if (known) return known
    const read = readBlock(key)
    reading.set(key, read)
    const end = () => {
      if (reading.get(key) === read) reading.delete(key)
    }
    read.then(end, end)
    return read
  }

  async function readBlock(key: number): Promise<StoredBlock | undefined> {
    const before = rewinds
    const row = await store.get('SELECT hash, header, body, size FROM blocks WHERE number = ?', [key])
    if (!row) return undefined
    const block = decodeBlock(row)
    // A rewind while we waited may have taken this very block away: answer it, but do not remember it.
    if (rewinds === before) cache.set(key, block)
    return block
  }

  const blockNumberOf = async (hash: `0x${string}`): Promise<bigint | undefined> => {
    const row = await store.get('SELECT number FROM blocks WHERE hash = ?', [hexToBytes(hash)])
    return row && BigInt(row.number as number)
  }

  return {
    heads: () => defined(heads, 'the chain (genesis was never written)'),
    blockByNumber,
    blockNumberOf,

    async blockByHash(hash) {
      const number = await blockNumberOf(hash)
      const block = number === undefined ? undefined : await blockByNumber(number)
      // Another may have come to its place between the two reads.
      return block?.hash === hash ? block : undefined
    },

    async headerByNumber(number) {
      const key = [toSafeNumber(number)]
      const row =
        (await store.get('SELECT hash, header FROM blocks WHERE number = ?', key)) ??
        (await store.get('SELECT hash, header FROM ancestors WHERE number = ?', key))
      return row && { hash: bytesToHex(blob(row.hash)), header: decodeHeader(blob(row.header)) }
    },

    async hashes(from, to) {
      const rows = await store.all(
        `SELECT number, hash FROM blocks WHERE number BETWEEN ?1 AND ?2
         UNION ALL SELECT number, hash FROM ancestors WHERE number BETWEEN ?1 AND ?2
         ORDER BY number`,
        [toSafeNumber(from), toSafeNumber(to)],
      )
      return rows.map((row) => ({ number: BigInt(row.number as number), hash: bytesToHex(blob(row.hash)) }))
    },

    async firstBlock() {
      const row = firstBlock === undefined && (await store.get('SELECT min(number) AS number FROM blocks'))
      // Blocks are only ever added and taken away at the other end.
      if (row && row.number !== null) firstBlock = BigInt(row.number as number)
      return firstBlock ?? 0n
    },

    async transactionPosition(hash) {
      const row = await store.get('SELECT v FROM transactions WHERE k = ?', [hexToBytes(hash)])
      return row && decodePosition(blob(row.v))
    },

    logs: (filter, limit) => findLogs(store, blockByNumber, filter, limit),

    async origin(blockNumber) {
      const row = await store.get('SELECT data FROM origins WHERE block_number = ?', [
        toSafeNumber(blockNumber),
      ])
      return row && fromJson<BlockOrigin>(row.data as string)
    },

    async unsafeOrigin(blockNumber) {
      const row = await store.get('SELECT data FROM unsafe_origins WHERE block_number = ?', [
        toSafeNumber(blockNumber),
      ])
      return row && fromJson<UnsafeOrigin>(row.data as string)
    },

    async proposal(id, ofBlock = BigInt(Number.MAX_SAFE_INTEGER)) {
      const row = await store.get(
        'SELECT data FROM proposals WHERE id = ? AND first_block <= ? ORDER BY first_block DESC LIMIT 1',
        [toSafeNumber(id), toSafeNumber(ofBlock)],
      )
      return row && fromJson<StoredProposal>(row.data as string)
    },

    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },

    async append(transaction, blocks) {
      await insertBlocks(
        transaction,
        blocks.map(({ block }) => block),
      )
      const origins = blocks.flatMap(({ block, origin }) =>
        origin === undefined ? [] : [originRow(block.header.number, origin)],
      )
      await transaction.insertRows('origins', ORIGIN_COLUMNS, origins)
      for (const { block } of blocks) pending.added.push({ number: block.header.number, hash: block.hash })
    },

    async appendUnsafe(transaction, block, origin) {
      await insertBlocks(transaction, [block])
      await transaction.insertRows('unsafe_origins', ORIGIN_COLUMNS, [originRow(block.header.number, origin)])
      pending.added.push({ number: block.header.number, hash: block.hash })
    },

    async settleUnsafe(transaction, blocks) {
      const [first, last] = [blocks[0]?.block, blocks.at(-1)?.block]
      if (first === undefined || last === undefined) return
      await transaction.run('DELETE FROM unsafe_origins WHERE block_number BETWEEN ? AND ?', [
        toSafeNumber(first.header.number),
        toSafeNumber(last.header.number),
      ])
      const origins = blocks.map(({ block, origin }) => originRow(block.header.number, origin))
      await transaction.insertRows('origins', ORIGIN_COLUMNS, origins)
      for (const { block, origin } of blocks) {
        if (origin.dropped.length === 0) continue
        const number = toSafeNumber(block.header.number)
        await transaction.run('UPDATE blocks SET body = ? WHERE number = ?', [encodeBody(block), number])
        pending.rewritten.push(number)
      }
    },

    async writeProposal(transaction, proposal) {
      await transaction.run('INSERT INTO proposals (first_block, id, last_block, data) VALUES (?, ?, ?, ?)', [
        toSafeNumber(proposal.firstBlock),
        toSafeNumber(proposal.id),
        toSafeNumber(proposal.lastBlock),
        toJson(proposal),
      ])
    },

    async setHeads(transaction, next) {
      assertHeads(next)
      await transaction.run(
        `INSERT OR REPLACE INTO heads (name, number, hash) VALUES ${HEAD_NAMES.map(() => '(?, ?, ?)').join(', ')}`,
        HEAD_NAMES.flatMap((name) => [name, toSafeNumber(next[name].number), hexToBytes(next[name].hash)]),
      )
      pending.heads = next
    },

    async truncate(transaction, number) {
      const above = [toSafeNumber(number)]
      const gone = await transaction.all(
        'SELECT number, hash, body FROM blocks WHERE number > ? ORDER BY number DESC',
        above,
      )
      const lost = gone.flatMap((row) => decodeBody(blob(row.body)).transactions)
      await transaction.writePacked(
        'transactions',
        lost.map(({ hash }) => [hexToBytes(hash), null]),
      )
      await transaction.run('DELETE FROM blocks WHERE number > ?', above)
      await transaction.run('DELETE FROM origins WHERE block_number > ?', above)
      await transaction.run('DELETE FROM unsafe_origins WHERE block_number > ?', above)
      await transaction.run('DELETE FROM proposals WHERE first_block > ?', above)
      for (const row of gone) {
        pending.removed.push({ number: BigInt(row.number as number), hash: bytesToHex(blob(row.hash)) })
      }
    },

    settle() {
      const { removed, added, rewritten } = pending
      heads = pending.heads ?? heads
      if (removed.length + rewritten.length > 0) rewinds++
      pending = nothing()
      // What was asked for before the commit may be of before it.
      reading.clear()
      for (const { number } of removed) cache.delete(toSafeNumber(number))
      for (const number of rewritten) cache.delete(number)
      const change = { removed, added, heads: defined(heads, 'the heads after a commit') }
      for (const listener of listeners) listener(change)
    },

    discard() {
      pending = nothing()
    },
  }
}

const BLOCK_COLUMNS = ['number', 'hash', 'header', 'bloom', 'body', 'size']
const ORIGIN_COLUMNS = ['block_number', 'data']

async function insertBlocks(transaction: StoreTransaction, blocks: readonly StoredBlock[]): Promise<void> {
  const rows = blocks.map((block) => [
    toSafeNumber(block.header.number),
    hexToBytes(block.hash),
    encodeHeader(block.header),
    block.header.logsBloom,
    encodeBody(block),
    block.size,
  ])
  await transaction.insertRows('blocks', BLOCK_COLUMNS, rows)
  const positions = blocks.flatMap(({ header, transactions }) =>
    transactions.map(({ hash }, index) => [hexToBytes(hash), encodePosition(header.number, index)] as const),
  )
  await transaction.writePacked('transactions', positions)
}

function originRow(blockNumber: bigint, origin: BlockOrigin | UnsafeOrigin): readonly SqlValue[] {
  return [toSafeNumber(blockNumber), toJson(origin)]
}

/** What a transaction has done, for when it is committed. */
type Pending = {
  heads?: Heads
  readonly removed: BlockRef[]
  readonly added: BlockRef[]
  /** Numbers of blocks whose rows changed. */
  readonly rewritten: number[]
}

function nothing(): Pending {
  return { removed: [], added: [], rewritten: [] }
}

async function readHeads(store: StoreReader): Promise<Heads | undefined> {
  const rows = await store.all('SELECT name, number, hash FROM heads')
  if (rows.length === 0) return undefined
  const head = (name: (typeof HEAD_NAMES)[number]): BlockRef => {
    const row = defined(
      rows.find((candidate) => candidate.name === name),
      `the ${name} head`,
    )
    return { number: BigInt(row.number as number), hash: bytesToHex(blob(row.hash)) }
  }
  const heads = {
    latest: head('latest'),
    safe: head('safe'),
    finalized: head('finalized'),
    executable: head('executable'),
  }
  assertHeads(heads)
  return heads
}

function decodeBlock(row: Row): StoredBlock {
  return {
    hash: bytesToHex(blob(row.hash)),
    header: decodeHeader(blob(row.header)),
    ...decodeBody(blob(row.body)),
    size: row.size as number,
  }
}

function encodePosition(blockNumber: bigint, index: number): Uint8Array {
  return concatBytes(bigintToFixedBytes(blockNumber, 8), bigintToFixedBytes(BigInt(index), 4))
}

function decodePosition(bytes: Uint8Array): { blockNumber: bigint; index: number } {
  return { blockNumber: bytesToBigint(bytes.subarray(0, 8)), index: Number(bytesToBigint(bytes.subarray(8))) }
}

function blob(value: unknown): Uint8Array {
  return value as Uint8Array
}
