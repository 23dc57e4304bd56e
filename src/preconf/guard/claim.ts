/** Whether a position may be taken, asked and recorded in one transaction. */
import { maxBigint } from '../../primitives/bigint.ts'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import type { SqlValue, StoreTransaction } from '../../store/store.ts'
import {
  BLOCK_KINDS,
  type Claim,
  type ClaimRequest,
  isBlockKind,
  type L1View,
  type Position,
  type PositionKind,
  type Refusal,
} from './position.ts'
import type { State } from './quiet.ts'

/** Positions that are settled for ever, deleted in one go: a commit stays short, however many there are. */
const PRUNED_MAX = 200

export type ClaimContext = {
  readonly view: L1View
  readonly state: State
  readonly domain: string
  readonly windowSeconds: bigint
}

const PLACE = 'key = ? AND domain = ? AND kind = ? AND l2_chain_id = ?'

export type Claimed = {
  readonly claim: Claim
  /** A position was written. */
  readonly isNew: boolean
  /** So was what is settled from now on. */
  readonly isSettling: boolean
}

/** A refusal writes nothing. */
export async function claimPosition(
  transaction: StoreTransaction,
  request: ClaimRequest,
  { view, state, domain, windowSeconds }: ClaimContext,
): Promise<Claimed> {
  const answer = (claim: Claim): Claimed => ({ claim, isNew: false, isSettling: false })
  const refuse = (refusal: Refusal) => answer({ type: 'refused', refusal })
  const { position, windowEnd, hash } = request
  const { kind, number, parent, index } = position
  const isBlock = isBlockKind(kind)
  const waiting = { reason: 'waiting', until: state.quietUntil } as const
  if (view.timestamp <= state.quietUntil) return refuse(waiting)

  const same = await transaction.get(
    `SELECT hash, signed_hash, signature FROM positions WHERE ${PLACE} AND number = ? AND parent = ? AND idx = ?`,
    [...placeOf(request, domain), number, parent, index],
  )
  if (same?.hash === hash) {
    const signature = same.signed_hash === (request.signedHash ?? hash) ? (same.signature as Hex) : undefined
    return answer({ type: 'recorded', ...(signature && { signature }) })
  }
  if (same !== undefined)
    return refuse({ reason: 'otherContent', earlier: { position, hash: same.hash as Hash } })

  const latest = view.timestamp + windowSeconds
  if (windowEnd > latest) return refuse({ reason: 'windowTooFar', latest })
  if (windowEnd <= state.quietUntil) return refuse(waiting)
  if (isBlock && view.landed.timestamp <= state.quietUntil) return refuse(waiting)

  const stored = await readWatermark(transaction, request, domain)
  const final = isBlock ? view.finalizedNumber : view.finalizedTimestamp
  const watermark = maxBigint(maxBigint(stored, final), isBlock ? view.landed.number : 0n)
  if (number <= watermark) return refuse({ reason: 'settled', watermark })
  if (isBlock)
    for (const earlier of await readOtherParents(transaction, request, domain))
      if (!(await view.isRemoved(earlier.position.parent, number - 1n)))
        return refuse({ reason: 'parentNotRemoved', earlier })

  await transaction.run('INSERT INTO positions VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)', [
    ...placeOf(request, domain),
    number,
    parent,
    index,
    hash,
  ])
  const isSettling = final > stored
  if (isSettling)
    await transaction.run('INSERT OR REPLACE INTO watermarks VALUES (?, ?, ?, ?, ?)', [
      ...placeOf(request, domain),
      final,
    ])
  return { claim: { type: 'recorded' }, isNew: true, isSettling }
}

/** The first signature is kept: of the same content another one says the same. */
export function writeSignature(
  transaction: StoreTransaction,
  request: ClaimRequest,
  signature: Hex,
  domain: string,
): Promise<void> {
  const { position, hash, signedHash = hash } = request
  return transaction.run(
    `UPDATE positions SET signed_hash = ?, signature = ?
     WHERE ${PLACE} AND number = ? AND parent = ? AND idx = ? AND hash = ? AND signature IS NULL`,
    [
      signedHash,
      signature,
      ...placeOf(request, domain),
      position.number,
      position.parent,
      position.index,
      hash,
    ],
  )
}

/** Of what is stored for all kinds that are settled together. */
async function readWatermark(
  transaction: StoreTransaction,
  { key, position }: ClaimRequest,
  domain: string,
): Promise<bigint> {
  const { kind, l2ChainId } = position
  const kinds: readonly PositionKind[] = isBlockKind(kind) ? BLOCK_KINDS : [kind]
  const row = await transaction.get(
    `SELECT max(number) AS number FROM watermarks
     WHERE key = ? AND domain = ? AND l2_chain_id = ? AND kind IN (${kinds.map(() => '?').join(', ')})`,
    [key, domain, l2ChainId.toString(), ...kinds],
  )
  return BigInt((row?.number as number | null | undefined) ?? 0)
}

/** Of each other parent that something about this number was signed on, one example. Ranges: a block's own rows are not gone through. */
async function readOtherParents(
  transaction: StoreTransaction,
  { key, position }: ClaimRequest,
  domain: string,
): Promise<readonly { readonly position: Position; readonly hash: Hash }[]> {
  const { l2ChainId, number, parent } = position
  const select = (side: '<' | '>') =>
    `SELECT kind, parent, min(idx) AS idx, hash FROM positions
     WHERE ${PLACE} AND number = ? AND parent ${side} ? GROUP BY parent`
  const rows = await transaction.all(
    BLOCK_KINDS.flatMap(() => [select('<'), select('>')]).join(' UNION ALL '),
    BLOCK_KINDS.flatMap((kind) => {
      const range: SqlValue[] = [key, domain, kind, l2ChainId.toString(), number, parent]
      return [...range, ...range]
    }),
  )
  return rows.map((row) => ({
    position: {
      ...position,
      kind: row.kind as PositionKind,
      parent: row.parent as Hash,
      index: row.idx as number,
    },
    hash: row.hash as Hash,
  }))
}

/**
 * Deletes some of the positions that the stored watermark of their place refuses for ever, and says whether there may be more.
 * What was deleted is no longer answered with its old signature, but with `settled`.
 */
export async function pruneSettled(
  transaction: StoreTransaction,
  key: Address,
  { view, domain }: Pick<ClaimContext, 'view' | 'domain'>,
): Promise<boolean> {
  const rows = await transaction.all(
    'SELECT kind, l2_chain_id, number FROM watermarks WHERE key = ? AND domain = ?',
    [key, domain],
  )
  let isMore = false
  for (const { kind, l2_chain_id, number } of rows) {
    // An imported watermark may be above what is final: what it covers can still be asked for again.
    const final = isBlockKind(kind as PositionKind) ? view.finalizedNumber : view.finalizedTimestamp
    const last = Number(final) < (number as number) ? Number(final) : (number as number)
    const place = [key, domain, kind as string, l2_chain_id as string]
    const deleted = await transaction.all(
      `DELETE FROM positions WHERE ${PLACE} AND (number, parent, idx) IN (
         SELECT number, parent, idx FROM positions WHERE ${PLACE} AND number <= ? LIMIT ${PRUNED_MAX}
       ) RETURNING idx`,
      [...place, ...place, last],
    )
    if (deleted.length === PRUNED_MAX) isMore = true
  }
  return isMore
}

function placeOf({ key, position }: ClaimRequest, domain: string): SqlValue[] {
  return [key, domain, position.kind, position.l2ChainId.toString()]
}
