/**
 * What every claim asks of the past, kept in memory: what is settled, which parents a number has, and what is recorded at it. The
 * ledger is the only writer of its database, so this is what stands there; it is read again after a failed transaction.
 */
import { maxBigint } from '../../primitives/bigint.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type { StoreReader } from '../../store/store.ts'
import {
  BLOCK_KINDS,
  type ClaimRequest,
  isBlockKind,
  type PositionKind,
  type SignedPosition,
} from './position.ts'
import { type Recorded, readRecorded } from './recorded.ts'

export type Watermark = {
  readonly key: Address
  readonly kind: PositionKind
  readonly l2ChainId: string
  /** Nothing else is signed up to here. */
  number: bigint
}

type Parents = { readonly number: bigint; readonly examples: Map<Hash, SignedPosition> }

export type Recall = {
  /** By key, kind and chain. */
  readonly watermarks: Map<string, Watermark>
  /** By key, chain and number, for kinds that speak of blocks: what was signed first on each parent. */
  readonly parents: Map<string, Parents>
  readonly recorded: Recorded
}

export async function readRecall(reader: StoreReader, domain: string): Promise<Recall> {
  const recorded = await readRecorded(reader, domain)
  const recall: Recall = { watermarks: new Map(), parents: new Map(), recorded }
  const watermarks = await reader.all(
    'SELECT key, kind, l2_chain_id, number FROM watermarks WHERE domain = ?',
    [domain],
  )
  for (const { key, kind, l2_chain_id, number } of watermarks) {
    const watermark = {
      key: key as Address,
      kind: kind as PositionKind,
      l2ChainId: l2_chain_id as string,
      number: BigInt(number as number),
    }
    recall.watermarks.set(`${key} ${kind} ${l2_chain_id}`, watermark)
  }
  const parents = await reader.all(
    `SELECT key, kind, l2_chain_id, number, parent, min(idx) AS idx, hash FROM positions
     WHERE domain = ? AND kind IN (${BLOCK_KINDS.map((kind) => `'${kind}'`).join(', ')})
     GROUP BY key, kind, l2_chain_id, number, parent ORDER BY parent`,
    [domain],
  )
  for (const row of parents)
    noteParent(recall, {
      key: row.key as Address,
      hash: row.hash as Hash,
      position: {
        kind: row.kind as PositionKind,
        l2ChainId: BigInt(row.l2_chain_id as string),
        number: BigInt(row.number as number),
        parent: row.parent as Hash,
        index: row.idx as number,
      },
    })
  return recall
}

/** Of all kinds that are settled together. */
export function watermarkOf({ watermarks }: Recall, { key, position }: ClaimRequest): bigint {
  const kinds: readonly PositionKind[] = isBlockKind(position.kind) ? BLOCK_KINDS : [position.kind]
  return kinds
    .map((kind) => watermarks.get(`${key} ${kind} ${position.l2ChainId}`)?.number ?? 0n)
    .reduce(maxBigint)
}

/** For each other parent that something about this number was signed on, one example. */
export function otherParents(
  { parents }: Recall,
  { key, position }: ClaimRequest,
): readonly SignedPosition[] {
  if (!isBlockKind(position.kind)) return []
  const examples = parents.get(`${key} ${position.l2ChainId} ${position.number}`)?.examples.values() ?? []
  return [...examples].filter((example) => example.position.parent !== position.parent)
}

export function noteParent(
  { parents }: Recall,
  { key, position, hash }: Pick<ClaimRequest, 'key' | 'position' | 'hash'>,
): void {
  if (!isBlockKind(position.kind)) return
  const place = `${key} ${position.l2ChainId} ${position.number}`
  const known = parents.get(place) ?? { number: position.number, examples: new Map() }
  parents.set(place, known)
  if (!known.examples.has(position.parent)) known.examples.set(position.parent, { position, hash })
}

/** Returns the watermark when it rises. */
export function raiseWatermark(
  { watermarks, parents, recorded }: Recall,
  { key, position }: ClaimRequest,
  final: bigint,
): Watermark | undefined {
  const { kind, l2ChainId } = position
  const place = `${key} ${kind} ${l2ChainId}`
  if (final <= (watermarks.get(place)?.number ?? 0n)) return undefined
  const watermark = { key, kind, l2ChainId: l2ChainId.toString(), number: final }
  watermarks.set(place, watermark)
  recorded.forget(watermark)
  if (isBlockKind(kind))
    for (const [name, { number }] of parents)
      if (number <= final && name.startsWith(`${key} ${l2ChainId} `)) parents.delete(name)
  return watermark
}
