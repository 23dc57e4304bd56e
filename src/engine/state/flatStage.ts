/** Blocks computed and not yet in the database: what each changed, and all of it merged for reading. */
import type { Hash } from '../../primitives/hex.ts'
import type { FlatKey } from './flatKeys.ts'
import type { AccountRow } from './flatRows.ts'
import type { TrieLeaf } from './pathTrieMemory.ts'
import type { TriePosition } from './pathTriePath.ts'

/** A flat row of an account, encoded and decoded; both null when there is none. */
export type HeldAccount = { readonly row: Uint8Array | null; readonly account: AccountRow | null }
export const NO_ACCOUNT: HeldAccount = { row: null, account: null }

/** What a block makes of the state before it. */
export type BlockDelta = {
  readonly root: Hash
  /** Storage id the next new storage trie gets. */
  readonly nextStorageId: number
  readonly accounts: ReadonlyMap<FlatKey, HeldAccount>
  /** Slot rows; null where the slot became zero. */
  readonly slots: ReadonlyMap<FlatKey, Uint8Array | null>
  /** Flat rows before the block, of exactly the keys above. */
  readonly previous: ReadonlyMap<FlatKey, Uint8Array | null>
  readonly nodes: ReadonlyMap<TriePosition, Uint8Array | null>
  readonly previousNodes: ReadonlyMap<TriePosition, Uint8Array | null>
  readonly leaves: ReadonlyMap<TriePosition, TrieLeaf>
  /** Code never seen before, by hash. */
  readonly codes: ReadonlyMap<Hash, Uint8Array>
}

export type StateHead = {
  readonly blockNumber: bigint
  readonly stateRoot: Hash
  readonly nextStorageId: number
}

export type StagedBlock = { readonly blockNumber: bigint; readonly delta: BlockDelta }

export type Stage = {
  readonly blocks: StagedBlock[]
  readonly accounts: Map<FlatKey, HeldAccount>
  readonly slots: Map<FlatKey, Uint8Array | null>
  readonly nodes: Map<TriePosition, Uint8Array | null>
  /** Leaves by the position they were put at; wherever no staged block put one, the database's is still right. */
  readonly leaves: Map<TriePosition, TrieLeaf>
  readonly codes: Map<Hash, Uint8Array>
}

export function createStage(): Stage {
  return {
    blocks: [],
    accounts: new Map(),
    slots: new Map(),
    nodes: new Map(),
    leaves: new Map(),
    codes: new Map(),
  }
}

export function addToStage(stage: Stage, block: StagedBlock): void {
  const { delta } = block
  stage.blocks.push(block)
  for (const [key, account] of delta.accounts) stage.accounts.set(key, account)
  for (const [key, row] of delta.slots) stage.slots.set(key, row)
  for (const [position, row] of delta.nodes) stage.nodes.set(position, row)
  for (const [position, leaf] of delta.leaves) stage.leaves.set(position, leaf)
  for (const [hash, code] of delta.codes) stage.codes.set(hash, code)
}
