/** The flat state over SQLite: who may change what, and when. The work itself is in the files beside. docs/state.md. */
import { assert } from '../../primitives/assert.ts'
import { EMPTY_BYTES } from '../../primitives/bytes.ts'
import { EMPTY_TRIE_ROOT } from '../../primitives/keccak.ts'
import type { StoreSnapshot, StoreTransaction } from '../../store/store.ts'
import { readAhead } from './flatAhead.ts'
import { cacheFlushed, cacheStage, clearCache, createFlatCache, type FlatCacheSizes } from './flatCache.ts'
import { computeDelta } from './flatCompute.ts'
import { flushNodes, markUnflushed, overlayNodes, readUnflushed, recoverNodes } from './flatFlush.ts'
import { createPastSource } from './flatHistory.ts'
import { ACCOUNTS_ID, createKeyHasher, idToString } from './flatKeys.ts'
import { pastRootAfter } from './flatPastRoot.ts'
import { proveAt, proveHashAt } from './flatProof.ts'
import {
  createFlatReader,
  type HeadRows,
  knownAccount,
  knownSlot,
  loadAccounts,
  loadSlots,
  readCode,
} from './flatRead.ts'
import { rewindTo } from './flatRewind.ts'
import { slotRowValue } from './flatRows.ts'
import { addToStage, type BlockDelta, createStage, type HeldAccount, type StateHead } from './flatStage.ts'
import { type FlatState, StaleStateError, type WriteOptions } from './flatState.ts'
import { readHead, writeStage } from './flatWrite.ts'
import type { TriePosition } from './pathTriePath.ts'
import { pruneNodeDiffs } from './reverseDiff.ts'
import { MissingStateError, type StateChanges, type StateSource } from './source.ts'

export type FlatStateOptions = {
  readonly cache?: Partial<FlatCacheSizes>
  /** Blocks whose replaced branches are kept, for proofs and fast rewinds. Default 4,096. */
  readonly nodeWindowBlocks?: number
  /** Branches are flushed after so many blocks, default 64, or once so many wait, default 32,768 (some 20 MB). */
  readonly flushBlocks?: number
  readonly flushNodesMax?: number
  /** Branches that whoever writes the database has not flushed are computed once they are needed: calls need none. Default: at once. */
  readonly recovers?: 'atOnce' | 'onDemand'
}

const CACHE_DEFAULT: FlatCacheSizes = {
  hashedKeys: 200_000,
  accounts: 100_000,
  slots: 200_000,
  nodes: 200_000,
  codeBytes: 32 * 1024 * 1024,
}
export const NODE_WINDOW_BLOCKS_DEFAULT = 4_096

const FLUSH_BLOCKS = 64
const FLUSH_NODES_MAX = 32_768
/** So many times more may wait where a flush would be in somebody's way. */
const PATIENCE = 4

const NO_STATE: StateHead = { blockNumber: -1n, stateRoot: EMPTY_TRIE_ROOT, nextStorageId: 1 }

export async function createFlatState(deps: {
  readonly store: StoreSnapshot
  readonly options?: FlatStateOptions
}): Promise<FlatState> {
  const { store, options = {} } = deps
  const windowBlocks = options.nodeWindowBlocks ?? NODE_WINDOW_BLOCKS_DEFAULT
  const sizes = { ...CACHE_DEFAULT, ...options.cache }
  const cache = createFlatCache(sizes)
  const hashKey = createKeyHasher(sizes.hashedKeys)
  let committed: StateHead = (await readHead(store)) ?? NO_STATE
  let head = committed
  let stage = createStage()
  /** The head once the caller's transaction is committed; undefined when nothing was written. */
  let written: { readonly head: StateHead; readonly isFlushed: boolean } | undefined
  /** Branches of committed blocks after the one that `state_nodes` is of. */
  let unflushed = new Map<TriePosition, Uint8Array | null>()
  let flushedBlock: bigint | undefined
  let recovering: Promise<void> | undefined
  /** Counts the changes of head: a source of an earlier one is stale. */
  let epoch = 0
  /** Targets of rewinds so far, for sources of blocks of the past. */
  const rewinds: bigint[] = []
  /** The engine asks for the root of a block's changes, and the driver then stages the same: computed once. */
  let computed:
    | { readonly changes: StateChanges; readonly epoch: number; readonly delta: BlockDelta }
    | undefined

  const readFlat = createFlatReader(store)
  const rows = (): HeadRows => ({ store, readFlat, stage, unflushed, cache, hashKey })
  /** The database as if all branches were flushed. */
  const flushedStore = () => overlayNodes(store, unflushed)

  async function recover(): Promise<void> {
    const block = await readUnflushed(store)
    if (block === undefined) return
    unflushed = new Map(await recoverNodes(store, block, committed.stateRoot))
    flushedBlock = block
  }

  /** Before anything that has to do with branches. */
  function recovered(): Promise<void> {
    recovering ??= recover().catch((error: unknown) => {
      recovering = undefined
      throw error
    })
    return recovering
  }

  function isFlushDue({ mayFlush = true }: WriteOptions): boolean {
    const waiting = unflushed.size + stage.nodes.size
    const nodesMax = options.flushNodesMax ?? FLUSH_NODES_MAX
    if (!mayFlush) return waiting > PATIENCE * nodesMax
    const blocks = head.blockNumber - (flushedBlock ?? committed.blockNumber)
    return waiting > nodesMax || blocks >= BigInt(options.flushBlocks ?? FLUSH_BLOCKS)
  }

  async function writeAll(transaction: StoreTransaction, isFlushed: boolean): Promise<void> {
    await writeStage(transaction, stage, windowBlocks)
    if (isFlushed) {
      await flushNodes(transaction, new Map([...unflushed, ...stage.nodes]))
      await pruneNodeDiffs(transaction)
    } else if (flushedBlock === undefined && stage.nodes.size > 0)
      await markUnflushed(transaction, committed.blockNumber)
    written = { head, isFlushed }
  }

  function settleNodes(isFlushed: boolean): void {
    if (isFlushed) {
      cacheFlushed(cache, unflushed)
      cacheFlushed(cache, stage.nodes)
      unflushed = new Map()
      flushedBlock = undefined
    } else {
      if (stage.nodes.size > 0) flushedBlock ??= committed.blockNumber
      for (const [position, row] of stage.nodes) unflushed.set(position, row)
    }
  }

  async function compute(changes: StateChanges): Promise<BlockDelta> {
    if (computed?.changes === changes && computed.epoch === epoch) return computed.delta
    const at = epoch
    await recovered()
    const delta = await computeDelta(rows(), head, changes, () => assertEpoch(at))
    computed = { changes, epoch: at, delta }
    return delta
  }

  function assertEpoch(expected: number): void {
    if (epoch !== expected) throw new StaleStateError()
  }

  function moveHead(to: StateHead): void {
    head = to
    epoch++
    computed = undefined
  }

  function source(): StateSource {
    const at = epoch
    const { stateRoot } = head
    const account = (address: `0x${string}`): HeldAccount | Promise<HeldAccount> => {
      assertEpoch(at)
      const key = ACCOUNTS_ID + hashKey(address)
      const known = knownAccount(rows(), key)
      if (known !== undefined) return known
      return loadAccounts(rows(), [key]).then((found) => {
        assertEpoch(at)
        return found.get(key) as HeldAccount
      })
    }
    const slot = (held: HeldAccount, slotHex: `0x${string}`): Uint8Array | Promise<Uint8Array> => {
      if (held.account === null || held.account.storageId === 0) return EMPTY_BYTES
      const key = idToString(held.account.storageId) + hashKey(slotHex)
      const known = knownSlot(rows(), key)
      if (known !== undefined) return known === null ? EMPTY_BYTES : slotRowValue(known)
      return loadSlots(rows(), [key]).then((found) => {
        assertEpoch(at)
        const row = found.get(key)
        return row ? slotRowValue(row) : EMPTY_BYTES
      })
    }
    return {
      stateRoot,
      account: (address) => {
        const held = account(address)
        return held instanceof Promise
          ? held.then((loaded) => loaded.account?.state ?? null)
          : (held.account?.state ?? null)
      },
      storage: (address, slotHex) => {
        const held = account(address)
        return held instanceof Promise ? held.then((loaded) => slot(loaded, slotHex)) : slot(held, slotHex)
      },
      code: (codeHash) => readCode(rows(), codeHash),
      rootAfter: async (changes) => {
        assertEpoch(at)
        return (await compute(changes)).root
      },
    }
  }

  async function stageBlock(blockNumber: bigint, changes: StateChanges) {
    assert(written === undefined, 'a block is staged while a write waits to be settled')
    assert(blockNumber === head.blockNumber + 1n, `block ${blockNumber} is staged on ${head.blockNumber}`)
    const delta = await compute(changes)
    addToStage(stage, { blockNumber, delta })
    moveHead({ blockNumber, stateRoot: delta.root, nextStorageId: delta.nextStorageId })
    return delta.root
  }

  /** Throws unless a state after `blockNumber` is in the database; later, once a rewind took that block away. */
  async function openPast(blockNumber: bigint): Promise<{ past: StateHead; assertCurrent: () => void }> {
    const seen = rewinds.length
    const past = blockNumber < 0n ? undefined : await readHead(store, blockNumber)
    if (past === undefined) throw new MissingStateError({ what: `the state of block ${blockNumber}` })
    return {
      past,
      assertCurrent: () => {
        for (let i = seen; i < rewinds.length; i++)
          if ((rewinds[i] as bigint) < blockNumber) throw new StaleStateError()
      },
    }
  }

  if (options.recovers !== 'onDemand') await recovered()

  return {
    get head() {
      return { blockNumber: head.blockNumber, stateRoot: head.stateRoot }
    },
    source,
    stage: stageBlock,
    write: async (transaction, when = {}) => {
      await recovered()
      await writeAll(transaction, isFlushDue(when))
    },
    flush: async (transaction) => {
      assert(stage.blocks.length === 0, 'branches are flushed while blocks are staged')
      await recovered()
      if (unflushed.size > 0) await writeAll(transaction, true)
    },
    settle: () => {
      if (written === undefined) return
      const { head: settled, isFlushed } = written
      if (settled.blockNumber < committed.blockNumber) {
        rewinds.push(settled.blockNumber)
        clearCache(cache)
        unflushed = new Map()
        flushedBlock = undefined
        moveHead(settled)
      } else {
        settleNodes(isFlushed)
        cacheStage(cache, stage)
      }
      stage = createStage()
      committed = settled
      written = undefined
    },
    readAhead: async (touched) => {
      await recovered()
      const at = epoch
      await readAhead(rows(), head, touched).catch((error: unknown) => {
        // What moved on meanwhile contradicts itself, and what is missing is for whoever needs it to say.
        if (epoch === at && !(error instanceof MissingStateError)) throw error
      })
    },
    discard: () => {
      written = undefined
      if (stage.blocks.length === 0) return
      stage = createStage()
      moveHead(committed)
    },
    rewind: async (transaction, blockNumber) => {
      assert(stage.blocks.length === 0, 'a rewind while blocks are staged')
      assert(blockNumber <= committed.blockNumber, 'a rewind forward')
      if (blockNumber >= committed.blockNumber) return
      await recovered()
      written = { head: await rewindTo(transaction, blockNumber, unflushed), isFlushed: true }
    },
    at: async (blockNumber) => {
      const { past, assertCurrent } = await openPast(blockNumber)
      const rootAfter = (changes: StateChanges) =>
        recovered().then(() =>
          pastRootAfter({ store: flushedStore(), hashKey }, past, changes, assertCurrent),
        )
      const deps = { reader: store, hashKey, readCode: source().code, rootAfter, assertCurrent }
      return createPastSource(deps, blockNumber, past.stateRoot)
    },
    proof: async (address, slots, blockNumber) => {
      const { past, assertCurrent } = await openPast(blockNumber)
      // A rewind meanwhile makes the tries contradict themselves: that is no damage, and said first.
      await recovered()
      return proveAt({ store: flushedStore(), hashKey }, past, address, slots).finally(assertCurrent)
    },
    pathTo: async (owner, hash, blockNumber) => {
      const { past, assertCurrent } = await openPast(blockNumber)
      await recovered()
      return proveHashAt({ store: flushedStore(), hashKey }, past, owner, hash).finally(assertCurrent)
    },
    writeGenesis: async (transaction, changes) => {
      assert(head === NO_STATE, 'a genesis on a state that is there already')
      await transaction.run('INSERT INTO state_node_window (number) VALUES (0)')
      const root = await stageBlock(0n, changes)
      await writeAll(transaction, true)
      return root
    },
  }
}
