/**
 * What was said in the stream and is not final yet, on the disk: our own blocks from their opening on, others' once they are checked.
 * An L1 reorg or a restart takes unlanded blocks out of the chain; from here they are put back (follow/applier.ts).
 */
import type { Hash } from '../../primitives/hex.ts'
import { fromJson, toJson } from '../../primitives/json.ts'
import { blockCommitmentHash } from '../../promise/blockCommitment.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import type {
  BuildJournal,
  BuildPosition,
  KnownCommitment,
  SealedBlock,
} from '../../propose/sequencer/events.ts'
import type { SqlValue, Statement, Store } from '../../store/store.ts'
import { createGroupCommit, type GroupCommit } from '../promises/groupCommit.ts'
import { BLOCK_BYTES_MAX, type SealedMessage } from './message.ts'
import { BLOCK_COLUMNS, blockValues, type KeptBlock, readBlock, readCommitment } from './rows.ts'

export type { KeptBlock } from './rows.ts'
export { STREAM_SCHEMA } from './schema.ts'

export type StreamJournal = BuildJournal & {
  /** Of the block that was promised under a hash, by whomever; a draft of ours too. */
  commitmentOf(blockHash: Hash): Promise<KnownCommitment | undefined>
  /** Blocks on a parent: signed ones first, of those the latest window's, of those the one kept first. */
  blocksOn(parentHash: Hash): Promise<readonly KeptBlock[]>
  /** Kept under a block's hash: more than one if it was promised in two ways. */
  blocksOf(blockHash: Hash): Promise<readonly KeptBlock[]>
  /** Published blocks from `number` on, in order; at most `count`, and of several no more bytes than the largest may have. */
  blocksFrom(number: bigint, count: number): Promise<readonly SealedMessage[]>
  /** Signed blocks with numbers from `from` to `to`, both included, in order. */
  blocksBetween(from: bigint, to: bigint): Promise<readonly KeptBlock[]>
  /** No key has signed with it yet, until `note`: where one has signed before, another journal was lost. */
  isNew(): Promise<boolean>
  note(): Promise<void>
  /** A block of somebody else's, checked. */
  keep(message: SealedMessage): Promise<void>
  /** A block of ours has its signatures for the stream. */
  keepPublished(message: SealedMessage): Promise<void>
  /** A draft of ours that will not be signed. */
  forgetDraft(blockHash: Hash): Promise<void>
  /** Of a block of ours under way. */
  windowEndOf(position: BuildPosition): bigint | undefined
  /** Whether the sequencer is at work on a draft itself: from `draft` until `release`. */
  isInHand(blockHash: Hash): boolean
  /** The sequencer has put its block into the chain, or given it up. */
  release(position: BuildPosition): void
  /** Forgets everything up to `finalized`, and the oldest beyond what the journal holds. */
  prune(finalized: bigint): Promise<void>
}

/** Nine hours of two-second blocks: past every L1 reorg, and past an L1 that does not finalize for a while. */
export const JOURNAL_BLOCKS_MAX = 16_384n
/** Blocks with one parent that are handed out. Two are equivocation; more say nothing new. */
const SIBLINGS_MAX = 8

type Deps = {
  readonly store: Store
  readonly domain: PromiseDomain
  /** Of the store; one of its own by default. */
  readonly group?: GroupCommit
}

export function createStreamJournal({ store, domain, group }: Deps): StreamJournal {
  const { write } = group ?? createGroupCommit(store)
  const open = new Map<string, bigint>()
  const inHand = new Map<Hash, BuildPosition>()

  function noteOpen(position: BuildPosition, windowEnd: bigint): void {
    open.delete(keyOf(position))
    // The one before may still be on its way out.
    const [oldest] = open.keys()
    if (open.size > 1 && oldest !== undefined) open.delete(oldest)
    open.set(keyOf(position), windowEnd)
  }

  return {
    async opened({ number, parentHash, metadata, windowEnd, isEndOfWindow }) {
      await write(
        ...forgetOpen({ number, parentHash }),
        // The sequencer has given it up: to sign it after a restart would bind us to what nobody was told.
        [
          `DELETE FROM stream_blocks WHERE ${AT_POSITION} AND signature IS NULL`,
          placeOf({ number, parentHash }),
        ],
        [
          `INSERT INTO stream_open (${OPEN_COLUMNS}) VALUES (?, ?, ?, ?, ?)`,
          [number, parentHash, toJson(metadata), windowEnd, isEndOfWindow ? 1 : 0],
        ],
      )
      noteOpen({ number, parentHash }, windowEnd)
    },
    added: ({ number, parentHash, from, transactions }) =>
      write(keepAdded({ number, parentHash }, from, transactions)),
    frag: ({ number, parentHash, sequence, from, transactions }) =>
      write(...keepFrag({ number, parentHash }, { sequence, from, transactions })),
    closed: ({ number, parentHash, isEndOfWindow, lastFrag }) =>
      write(...(lastFrag === undefined ? [] : keepFrag({ number, parentHash }, lastFrag)), [
        `UPDATE stream_open SET is_closed = 1, is_end_of_window = ? WHERE ${AT_POSITION}`,
        [isEndOfWindow ? 1 : 0, ...placeOf({ number, parentHash })],
      ]),
    async draft(block) {
      const position = positionOf(block)
      const commitmentHash = blockCommitmentHash(block.commitment, domain)
      await write(insertBlock({ block: { ...block, commitmentHash }, isOwn: true, totalFrags: 0 }), [
        `UPDATE stream_blocks SET total_frags = (SELECT count(*) FROM stream_open_frags WHERE ${AT_POSITION})
           WHERE block_hash = ? AND commitment_hash = ? AND signature IS NULL`,
        [...placeOf(position), block.hash, commitmentHash],
      ])
      inHand.set(block.hash, position)
    },
    // What was kept of it under way is no longer resumed, and forgotten when there is time.
    sealed: (block) =>
      write([
        'UPDATE stream_blocks SET signature = ? WHERE block_hash = ? AND commitment_hash = ?',
        [block.signature, block.hash, block.commitmentHash],
      ]),
    async resume(parentHash) {
      const row = await store.get(
        `SELECT * FROM stream_open WHERE parent_hash = ?
         AND NOT EXISTS (SELECT 1 FROM stream_blocks b
           WHERE b.parent_hash = stream_open.parent_hash AND b.number = stream_open.number AND b.is_own = 1)
         ORDER BY number DESC`,
        [parentHash],
      )
      if (row === undefined) return undefined
      const place = [row.number as number, parentHash]
      const [transactions, frags] = await Promise.all([
        store.all(
          `SELECT raw FROM stream_open_transactions WHERE ${AT_POSITION} ORDER BY listed_index`,
          place,
        ),
        store.all(`SELECT transactions FROM stream_open_frags WHERE ${AT_POSITION} ORDER BY sequence`, place),
      ])
      const windowEnd = BigInt(row.window_end as number)
      noteOpen({ number: BigInt(row.number as number), parentHash }, windowEnd)
      return {
        metadata: fromJson(row.metadata as string),
        windowEnd,
        isEndOfWindow: row.is_end_of_window === 1,
        isClosed: row.is_closed === 1,
        transactions: transactions.map(({ raw }) => new Uint8Array(raw as Uint8Array)),
        frags: frags.map((frag) => frag.transactions as number),
      }
    },
    async begun(parentHash) {
      const open = await store.get(
        'SELECT metadata FROM stream_open WHERE parent_hash = ? ORDER BY number DESC',
        [parentHash],
      )
      if (open !== undefined) return fromJson(open.metadata as string)
      const row = await store.get(
        `SELECT ${BLOCK_COLUMNS} FROM stream_blocks WHERE parent_hash = ? AND is_own = 1 ORDER BY rowid DESC`,
        [parentHash],
      )
      return row && readBlock(row).block.metadata
    },

    async commitmentOf(blockHash) {
      const row = await store.get(
        `SELECT commitment_hash, commitment FROM stream_blocks
         WHERE block_hash = ? ORDER BY signature IS NULL, rowid LIMIT 1`,
        [blockHash],
      )
      return row && { hash: row.commitment_hash as Hash, commitment: readCommitment(row) }
    },
    async blocksOn(parentHash) {
      const rows = await store.all(
        `SELECT ${BLOCK_COLUMNS} FROM stream_blocks WHERE parent_hash = ?
         ORDER BY signature IS NULL, window_end DESC, rowid LIMIT ${SIBLINGS_MAX}`,
        [parentHash],
      )
      return rows.map(readBlock)
    },
    async blocksOf(blockHash) {
      const rows = await store.all(
        `SELECT ${BLOCK_COLUMNS} FROM stream_blocks WHERE block_hash = ? LIMIT ${SIBLINGS_MAX}`,
        [blockHash],
      )
      return rows.map(readBlock)
    },
    async blocksFrom(number, count) {
      const from =
        'FROM stream_blocks WHERE number >= ? AND seal_signature IS NOT NULL ORDER BY number, rowid'
      const sizes = await store.all(`SELECT length(transactions) AS size ${from} LIMIT ?`, [number, count])
      let bytes = 0
      const fitting = sizes.findIndex(({ size }) => {
        bytes += size as number
        return bytes > BLOCK_BYTES_MAX
      })
      const limit = fitting === -1 ? sizes.length : Math.max(fitting, 1)
      const rows = await store.all(`SELECT ${BLOCK_COLUMNS} ${from} LIMIT ?`, [number, limit])
      return rows.flatMap((row) => messageOf(readBlock(row)) ?? [])
    },
    async blocksBetween(from, to) {
      const rows = await store.all(
        `SELECT ${BLOCK_COLUMNS} FROM stream_blocks
         WHERE number >= ? AND number <= ? AND signature IS NOT NULL ORDER BY number, rowid`,
        [from, to],
      )
      return rows.map(readBlock)
    },
    isNew: async () => (await store.get('SELECT id FROM stream_noted')) === undefined,
    note: () => write(['INSERT OR IGNORE INTO stream_noted VALUES (1)']),
    keep: ({ block, totalFrags, envSignature, sealSignature }) =>
      write(
        insertBlock({
          block,
          isOwn: false,
          totalFrags,
          signature: block.signature,
          envSignature,
          sealSignature,
        }),
      ),
    keepPublished: ({ block, totalFrags, envSignature, sealSignature }) =>
      write(
        [
          `UPDATE stream_blocks SET total_frags = ?, env_signature = ?, seal_signature = ?
           WHERE block_hash = ? AND commitment_hash = ?`,
          [totalFrags, envSignature, sealSignature, block.hash, block.commitmentHash],
        ],
        ...forgetOpen(positionOf(block)),
      ),
    forgetDraft: (blockHash) =>
      write(['DELETE FROM stream_blocks WHERE block_hash = ? AND signature IS NULL', [blockHash]]),
    windowEndOf: (position) => open.get(keyOf(position)),
    isInHand: (blockHash) => inHand.has(blockHash),
    release(position) {
      for (const [hash, each] of inHand) if (keyOf(each) === keyOf(position)) inHand.delete(hash)
    },
    prune: (finalized) =>
      // The blocks themselves last: they say how far it goes.
      write(
        ...[...OPEN_TABLES, 'stream_blocks'].map(
          (table): Statement => [
            `DELETE FROM ${table}
           WHERE number <= max(?, coalesce((SELECT max(number) FROM stream_blocks), 0) - ?)`,
            [finalized, JOURNAL_BLOCKS_MAX],
          ],
        ),
      ),
  }
}

const OPEN_TABLES = ['stream_open', 'stream_open_transactions', 'stream_open_frags'] as const
const OPEN_COLUMNS = 'number, parent_hash, metadata, window_end, is_end_of_window'
const AT_POSITION = 'number = ? AND parent_hash = ?'

/** Undefined for a block without its signatures for the stream. */
export function messageOf(kept: KeptBlock): SealedMessage | undefined {
  const { block, totalFrags, envSignature, sealSignature, signature } = kept
  if (signature === undefined || envSignature === undefined || sealSignature === undefined) return undefined
  return { type: 'sealed', block: { ...block, signature }, totalFrags, envSignature, sealSignature }
}

function insertBlock(kept: Parameters<typeof blockValues>[0]): Statement {
  // What is there is the same block, perhaps with more signatures by now.
  return [
    `INSERT OR IGNORE INTO stream_blocks (${BLOCK_COLUMNS}) VALUES (${BLOCK_COLUMNS.replace(/\w+/g, '?')})`,
    blockValues(kept),
  ]
}

function keepAdded(position: BuildPosition, from: number, transactions: readonly Uint8Array[]): Statement {
  const hexes = transactions.map((raw) => Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('hex'))
  return [
    'INSERT OR REPLACE INTO stream_open_transactions SELECT ?, ?, ? + key, unhex(value) FROM json_each(?)',
    [...placeOf(position), from, JSON.stringify(hexes)],
  ]
}

function keepFrag(
  position: BuildPosition,
  frag: { readonly sequence: number; readonly from: number; readonly transactions: readonly Uint8Array[] },
): readonly Statement[] {
  const { sequence, from, transactions } = frag
  return [
    keepAdded(position, from, transactions),
    [
      'INSERT OR REPLACE INTO stream_open_frags VALUES (?, ?, ?, ?)',
      [...placeOf(position), sequence, transactions.length],
    ],
  ]
}

function forgetOpen(position: BuildPosition): readonly Statement[] {
  return OPEN_TABLES.map((table) => [`DELETE FROM ${table} WHERE ${AT_POSITION}`, placeOf(position)])
}

function positionOf({ header }: Pick<SealedBlock, 'header'>): BuildPosition {
  return { number: header.number, parentHash: header.parentHash }
}

function placeOf({ number, parentHash }: BuildPosition): SqlValue[] {
  return [number, parentHash]
}

function keyOf({ number, parentHash }: BuildPosition): string {
  return `${number} ${parentHash}`
}
