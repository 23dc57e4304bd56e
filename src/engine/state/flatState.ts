/**
 * The state of the chain's head: flat tables, trie branches by path, reverse diffs (docs/state.md).
 * Blocks are staged in memory while an L1 step runs and written in that step's one store transaction.
 */
import { TemporaryError } from '../../primitives/errors.ts'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import type { StoreTransaction } from '../../store/store.ts'
import type { AccountState, StateChanges, StateSource } from './source.ts'

export type FlatState = {
  /** Newest block whose state this is, staged blocks included; number −1 and the empty root before genesis. */
  readonly head: { readonly blockNumber: bigint; readonly stateRoot: Hash }
  /** The state after `head`, staged blocks included. A source taken before a later `stage` serves its own block only until then, and throws StaleStateError after. */
  source(): StateSource
  /**
   * Applies a block's changes in memory on top of what is staged; answers the new state root. `blockNumber` follows the head.
   * When `source().rootAfter` was just asked for the very same `changes` object, nothing is computed again.
   */
  stage(blockNumber: bigint, changes: StateChanges): Promise<Hash>
  /**
   * Writes every staged block in the caller's transaction, and where that is due the branches of all blocks since they were last flushed.
   * Call `settle` once it is committed, `discard` if it failed. `settle` does nothing when nothing was written; `discard` drops what is
   * staged, written or not.
   */
  write(transaction: StoreTransaction, options?: WriteOptions): Promise<void>
  /** Writes the branches that are not in the database yet, due or not. Nothing may be staged. Then `settle` or `discard`. */
  flush(transaction: StoreTransaction): Promise<void>
  settle(): void
  discard(): void
  /** Writes the state back to the end of `blockNumber`, in the caller's transaction. Nothing may be staged. Then `settle` or `discard`. */
  rewind(transaction: StoreTransaction, blockNumber: bigint): Promise<void>
  /**
   * Brings into memory what staging a block will need that changes these: rows, and the branches and leaves on their way. Changes nothing,
   * and what is not found is for the staging to miss.
   */
  readAhead(touched: TouchedKeys): Promise<void>
  /** State after a block of the past; its `rootAfter` reaches as far back as proofs do. Throws MissingStateError for a block whose state is not in the database; staged blocks are not. */
  at(blockNumber: bigint): Promise<StateSource>
  /** Merkle proof (EIP-1186) at a block inside the window of kept trie nodes. */
  proof(address: Address, slots: readonly Hex[], blockNumber: bigint): Promise<AccountProof>
  /** Trie nodes (RLP) on the way to a hashed key, anybody's or nobody's: of the accounts or, with `owner`, of that account's storage. As far back as `proof`. */
  pathTo(owner: Address | null, hash: Hash, blockNumber: bigint): Promise<readonly Uint8Array[]>
  /** First state ever: `blockNumber` 0. */
  writeGenesis(transaction: StoreTransaction, changes: StateChanges): Promise<Hash>
}

export type WriteOptions = {
  /** False: branches wait for a later write, unless they have become too many to wait. Default true. */
  readonly mayFlush?: boolean
}

/** By account, the slots of it: 32 bytes in hex. */
export type TouchedKeys = ReadonlyMap<Address, Iterable<Hex>>

/** The state asked for is no longer the one served: the head moved on, or a reorg took the block away. Ask again. */
export class StaleStateError extends TemporaryError {
  override readonly name = 'StaleStateError'

  constructor() {
    super('the state moved on while it was read; ask again')
  }
}

export type AccountProof = {
  readonly account: AccountState | null
  readonly accountProof: readonly Uint8Array[]
  readonly storageProofs: readonly {
    readonly slot: Hex
    readonly value: Uint8Array
    readonly proof: readonly Uint8Array[]
  }[]
}
