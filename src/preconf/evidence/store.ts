/**
 * Evidence that was found, for good: a row each, and of what a slasher takes as it is a file besides, ready for `plumbline preconf slash`.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hash } from '../../primitives/hex.ts'
import { fromJson, toJson } from '../../primitives/json.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import type { Store } from '../../store/store.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { SignedList } from '../lists/signedList.ts'
import type { Conflict, Displaced, EvidenceRecord, Provable, Violation } from './evidence.ts'
import { evidenceFileText } from './file.ts'

export type EvidenceStore = {
  /** Kept once, however often it is found; row and file, or neither. */
  add(found: Provable | Displaced): Promise<void>
  /** Whether this violation is kept. */
  has(violation: Pick<Violation, 'kind' | 'committer' | 'blockNumber' | 'windowEnd'>): Promise<boolean>
  /** Two lists of one committer for one window. @param registrationRoot Of the operator whose bond answers, where the schedule names one. */
  addLists(first: SignedList, second: SignedList, registrationRoot?: Hash): Promise<void>
  /** An L1 reorg has undone what displaced a promise. */
  retract(displaced: Pick<Displaced, 'first'>): Promise<void>
  /** Newest first; at most `count`. */
  list(count: number): Promise<readonly EvidenceRecord[]>
  onFound(listener: (record: EvidenceRecord) => void): () => void
}

/** Committers have bonds for a few faults; more of one kind say nothing new. */
const RECORDS_MAX = 10_000

export function createEvidenceStore(deps: {
  /** With STREAM_SCHEMA. */
  readonly store: Store
  readonly domain: PromiseDomain
  /** Where files are written; made when there is a first one. */
  readonly directory: string
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly logger: Logger
}): EvidenceStore {
  const { store, domain, directory, now, logger } = deps
  const listeners = new Set<(record: EvidenceRecord) => void>()

  async function add(found: Provable | Displaced): Promise<void> {
    const id = idOf(found)
    const record: EvidenceRecord = { ...rowOf(found), id, foundAt: now() }
    let file: string | undefined
    const isNew = await store.transaction(async (transaction) => {
      const row = await transaction.get('SELECT id FROM stream_evidence WHERE id = ?', [record.id])
      if (row !== undefined) return false
      // The row last: without it what failed is done again when the same is found again.
      if (found.kind !== 'displaced') file = await writeEvidence(found, record)
      await transaction.run('INSERT INTO stream_evidence VALUES (?, ?, ?, ?)', [
        record.id,
        toJson(record),
        record.blockNumber ?? 0n,
        record.foundAt,
      ])
      await transaction.run(
        `DELETE FROM stream_evidence WHERE id IN
         (SELECT id FROM stream_evidence ORDER BY found_at DESC, id LIMIT -1 OFFSET ${RECORDS_MAX})`,
      )
      return true
    })
    if (!isNew) return
    const { kind, committer, windowEnd } = record
    if (record.kind === 'displaced')
      logger.warn(
        { committer, number: record.blockNumber, judgement: record.judgement },
        'L1 has another block than a promised one',
      )
    else
      logger.warn(
        { kind, committer, windowEnd, file },
        kind === 'listViolation'
          ? 'a listed transaction was left out: evidence is written'
          : 'two promises that cannot both be kept: evidence is written',
      )
    for (const listener of listeners) listener(record)
  }

  /** Whole or not at all: somebody may be looking at the directory. */
  async function writeEvidence(proof: Provable, { id, foundAt }: Pick<EvidenceRecord, 'id' | 'foundAt'>) {
    await mkdir(directory, { recursive: true })
    const path = join(directory, fileNameOf(proof, id))
    await writeFile(`${path}.part`, evidenceFileText({ proof, domain }, foundAt))
    await rename(`${path}.part`, path)
    return path
  }

  return {
    add,
    has: async (violation) =>
      (await store.get('SELECT id FROM stream_evidence WHERE id = ?', [idOf(violation)])) !== undefined,
    addLists: (first, second, registrationRoot) =>
      add({
        kind: 'listEquivocation',
        committer: first.committer,
        ...(registrationRoot !== undefined && { registrationRoot }),
        first: first.signed,
        second: second.signed,
        windowEnd: first.list.windowEnd,
      }),
    retract: (displaced) =>
      store.transaction((transaction) =>
        transaction.run('DELETE FROM stream_evidence WHERE id = ?', [
          idOf({ kind: 'displaced', first: displaced.first }),
        ]),
      ),
    async list(count) {
      const rows = await store.all('SELECT data FROM stream_evidence ORDER BY found_at DESC, id LIMIT ?', [
        count,
      ])
      return rows.map(({ data }) => fromJson<EvidenceRecord>(data as string))
    },
    onFound(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** A committer pays once for a position: more promises about it say nothing new. Of displaced promises each is one. */
function idOf(found: IdOf<Conflict | Violation> | Pick<Displaced, 'kind' | 'first'>): Hash {
  const place =
    found.kind === 'displaced'
      ? [found.first.commitment.payload]
      : [found.committer, found.blockNumber ?? '', found.parentBlockHash ?? found.windowEnd]
  return keccak256Hex(new TextEncoder().encode([found.kind, ...place].join(' ')))
}

type IdOf<T extends Conflict | Violation> = Pick<
  T,
  'kind' | 'committer' | 'blockNumber' | 'parentBlockHash' | 'windowEnd'
>

function fileNameOf({ kind, blockNumber, windowEnd }: Provable, id: Hash): string {
  return `${kind}-${blockNumber ?? windowEnd}-${id.slice(2, 14)}.json`
}

function rowOf(found: Provable | Displaced): Conflict | Violation | Displaced {
  if (found.kind !== 'listViolation') return found
  const { evidence: _, ancestors: __, ...row } = found
  return row
}
