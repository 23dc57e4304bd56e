/**
 * What is recorded at positions, from memory where that is sure: what was recorded since the memory was read, and below which number
 * there may be more on the disk. A new block's number is above it, so that a claim of it does not wait for the disk twice.
 */
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import type { StoreReader } from '../../store/store.ts'
import type { Taken } from './claim.ts'
import type { ClaimRequest, PositionKind } from './position.ts'
import { nameOf } from './rows.ts'

export type Recorded = {
  /** Undefined where nothing is recorded, `unsure` where only the disk can say. */
  at(request: Pick<ClaimRequest, 'key' | 'position'>): Taken | undefined | 'unsure'
  note(request: ClaimRequest): void
  /** The first signature of a content is kept. */
  noteSignature(request: ClaimRequest, signature: Hex): void
  /** From now on the disk is asked about what is up to here, which may be gone from it. */
  forget(place: Place): void
}

type Place = {
  readonly key: Address
  readonly kind: PositionKind
  readonly l2ChainId: bigint | string
  readonly number: bigint
}

/** Positions in memory, some 500 bytes each: two minutes of a hundred promises a second. */
const RECORDED_MAX = 16_384

export async function readRecorded(
  reader: StoreReader,
  domain: string,
  recordedMax: number = RECORDED_MAX,
): Promise<Recorded> {
  const rows = await reader.all(
    `SELECT key, kind, l2_chain_id, max(number) AS number FROM positions
     WHERE domain = ? GROUP BY key, kind, l2_chain_id`,
    [domain],
  )
  /** The highest number of a place that something may be recorded at on the disk alone. */
  const highest = new Map(
    rows.map((row) => [`${row.key} ${row.kind} ${row.l2_chain_id}`, BigInt(row.number as number)]),
  )
  /** In the order in which they were recorded. */
  const known = new Map<string, { readonly place: Place; taken: Taken }>()

  function raise(place: Place): void {
    const name = nameOfPlace(place)
    const top = highest.get(name)
    if (top === undefined || top < place.number) highest.set(name, place.number)
  }

  return {
    at(request) {
      const found = known.get(nameOf(request))
      if (found !== undefined) return found.taken
      const top = highest.get(nameOfPlace(placeOf(request)))
      return top === undefined || request.position.number > top ? undefined : 'unsure'
    },
    note(request) {
      known.set(nameOf(request), { place: placeOf(request), taken: { hash: request.hash } })
      const [oldest] = known.size > recordedMax ? known : []
      if (oldest === undefined) return
      known.delete(oldest[0])
      raise(oldest[1].place)
    },
    noteSignature(request, signature) {
      const found = known.get(nameOf(request))
      if (found?.taken.hash !== request.hash || found.taken.signature !== undefined) return
      const signedHash: Hash = request.signedHash ?? request.hash
      found.taken = { ...found.taken, signedHash, signature }
    },
    forget(upTo) {
      for (const [name, { place }] of known)
        if (nameOfPlace(place) === nameOfPlace(upTo) && place.number <= upTo.number) known.delete(name)
      raise(upTo)
    },
  }
}

function placeOf({ key, position }: Pick<ClaimRequest, 'key' | 'position'>): Place {
  const { kind, l2ChainId, number } = position
  return { key, kind, l2ChainId, number }
}

/** Of every number of the key, the kind and the chain. */
function nameOfPlace({ key, kind, l2ChainId }: Place): string {
  return `${key} ${kind} ${l2ChainId}`
}
