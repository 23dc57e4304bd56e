/** What making blocks and posting them tell each other. */
import type { BlockRef } from '../../chain/chain.ts'
import type { Hash } from '../../primitives/hex.ts'
import { firstOf, type Group } from './groups.ts'

type Refused = BlockRef & { readonly reason: string }

export type Shared = {
  /** First blocks of the batches that take no more blocks. */
  readonly closed: Set<Hash>
  /** Posts have been looked at since the start: before, nobody knows what was posted. */
  hasLooked: boolean
  /** L2 block on which the post in flight is built. */
  inFlightParent: Hash | undefined
  /** From here on the blocks can never land. */
  dropFrom:
    | (Refused & { /** And in their place nothing can be promised. */ readonly needsLanding: boolean })
    | undefined
  /** The first block of a batch of this window that our own derivation refuses. */
  refused: Refused | undefined
  groups: readonly Group[]
  /** Nothing can be promised on this parent until a batch without promises has landed. `safe`: L1's last block when that was found. */
  held: { readonly parent: Hash; readonly safe: Hash; readonly reason: string } | undefined
}

export function createShared(): Shared {
  return {
    closed: new Set(),
    hasLooked: false,
    inFlightParent: undefined,
    dropFrom: undefined,
    refused: undefined,
    groups: [],
    held: undefined,
  }
}

export function isClosed(shared: Shared, group: Group): boolean {
  const first = firstOf(group)
  return shared.closed.has(first.hash) || shared.inFlightParent === first.header.parentHash
}

export function close(shared: Shared, group: Group | undefined): void {
  if (group !== undefined) shared.closed.add(firstOf(group).hash)
}
