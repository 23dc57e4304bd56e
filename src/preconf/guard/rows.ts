/** The rows of a group of claims: each of these is one statement, however many there are. */
import type { Hash, Hex } from '../../primitives/hex.ts'
import type { Statement, StoreReader, StoreTransaction } from '../../store/store.ts'
import type { Taken } from './claim.ts'
import { type ClaimRequest, isBlockKind, type L1View, type Position } from './position.ts'
import type { Watermark } from './recall.ts'

/** Positions deleted in one go: a commit stays short, however many are final. */
const PRUNED_MAX = 200

/** Of a request, its position in a map. */
export function nameOf({ key, position }: Pick<ClaimRequest, 'key' | 'position'>): string {
  const { kind, l2ChainId, number, parent, index } = position
  return `${key} ${kind} ${l2ChainId} ${number} ${parent} ${index}`
}

const COLUMNS = ['key', 'kind', 'l2_chain_id', 'number', 'parent', 'idx'] as const

function columnsOf(key: Hex, { kind, l2ChainId, number, parent, index }: Position): readonly unknown[] {
  return [key, kind, l2ChainId.toString(), Number(number), parent, index]
}

/** What is recorded at the positions of these requests, by name. */
export async function readTaken(
  reader: StoreReader,
  domain: string,
  requests: readonly ClaimRequest[],
): Promise<Map<string, Taken>> {
  const list = requests.map(({ key, position }) => columnsOf(key, position))
  const on = COLUMNS.map((column, i) => `p.${column} = j.value ->> ${i}`).join(' AND ')
  const rows = await reader.all(
    `SELECT j.key AS i, p.hash, p.signed_hash, p.signature
     FROM json_each(?) j CROSS JOIN positions p ON p.domain = ? AND ${on}`,
    [JSON.stringify(list), domain],
  )
  const taken = new Map<string, Taken>()
  for (const row of rows) {
    const request = requests[row.i as number]
    if (request === undefined) continue
    taken.set(nameOf(request), {
      hash: row.hash as Hash,
      ...(row.signature !== null && {
        signedHash: row.signed_hash as Hash,
        signature: row.signature as Hex,
      }),
    })
  }
  return taken
}

/** A position that is taken is an error. */
export function insertPositions(domain: string, requests: readonly ClaimRequest[]): Statement {
  const list = requests.map(({ key, position, hash }) => [...columnsOf(key, position), hash])
  const values = [...COLUMNS, 'hash'].map((_column, i) => `value ->> ${i}`).join(', ')
  return [
    `INSERT INTO positions (${COLUMNS.join(', ')}, hash, domain) SELECT ${values}, ? FROM json_each(?)`,
    [domain, JSON.stringify(list)],
  ]
}

export type KeptSignature = { readonly request: ClaimRequest; readonly signature: Hex }

/** The first signature of a content is kept. */
export function writeSignatures(domain: string, kept: readonly KeptSignature[]): Statement {
  const list = kept.map(({ request: { key, position, hash, signedHash = hash }, signature }) => [
    ...columnsOf(key, position),
    hash,
    signedHash,
    signature,
  ])
  const [hash, signedHash, signature] = [0, 1, 2].map((i) => COLUMNS.length + i)
  const where = COLUMNS.map((column, i) => `positions.${column} = j.value ->> ${i}`).join(' AND ')
  return [
    `UPDATE positions SET signed_hash = j.value ->> ${signedHash}, signature = j.value ->> ${signature}
     FROM json_each(?) j WHERE positions.domain = ? AND ${where}
       AND positions.hash = j.value ->> ${hash} AND positions.signature IS NULL`,
    [JSON.stringify(list), domain],
  ]
}

export function writeWatermark(domain: string, { key, kind, l2ChainId, number }: Watermark): Statement {
  return [
    'INSERT OR REPLACE INTO watermarks (key, domain, kind, l2_chain_id, number) VALUES (?, ?, ?, ?, ?)',
    [key, domain, kind, l2ChainId, number],
  ]
}

/**
 * Deletes some of the positions that are final and that the watermark refuses for ever, and says whether there may be more. They are
 * no longer answered with their old signature.
 */
export async function pruneSettled(
  transaction: StoreTransaction,
  domain: string,
  { key, kind, l2ChainId, number }: Watermark,
  view: L1View,
): Promise<boolean> {
  // An imported watermark may be above what is final: what it covers can still be asked for again.
  const final = isBlockKind(kind) ? view.finalizedNumber : view.finalizedTimestamp
  const place = [key, domain, kind, l2ChainId]
  const deleted = await transaction.all(
    `DELETE FROM positions
     WHERE key = ? AND domain = ? AND kind = ? AND l2_chain_id = ? AND (number, parent, idx) IN (
       SELECT number, parent, idx FROM positions
       WHERE key = ? AND domain = ? AND kind = ? AND l2_chain_id = ? AND number <= ? LIMIT ${PRUNED_MAX}
     ) RETURNING idx`,
    [...place, ...place, final < number ? final : number],
  )
  return deleted.length === PRUNED_MAX
}
