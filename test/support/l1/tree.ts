/** Every block ever built, by hash; and views of it: which head is canonical, what is safe and final. A provider serves a view. */
import type { Hash } from '../../../src/primitives/hex.ts'
import type { Blob } from './blob.ts'
import type { L1Block } from './block.ts'

export type Tree = {
  readonly genesis: L1Block
  add(block: L1Block): void
  block(hash: Hash): L1Block | undefined
  blockByBeaconRoot(root: Hash): L1Block | undefined
  /** Blocks of all branches that hold the transaction. */
  blocksWith(transactionHash: Hash): readonly L1Block[]
  blob(versionedHash: Hash): Blob | undefined
  size(): number
}

export function createTree(genesis: L1Block): Tree {
  const byHash = new Map<Hash, L1Block>()
  const byRoot = new Map<Hash, L1Block>()
  const byTransaction = new Map<Hash, L1Block[]>()
  const blobs = new Map<Hash, Blob>()
  const add = (block: L1Block): void => {
    byHash.set(block.hash, block)
    byRoot.set(block.beacon.root, block)
    for (const { hash } of block.transactions) {
      const holders = byTransaction.get(hash)
      if (holders === undefined) byTransaction.set(hash, [block])
      else holders.push(block)
    }
    for (const blob of block.blobs) blobs.set(blob.versionedHash, blob)
  }
  add(genesis)
  return {
    genesis,
    add,
    block: (hash) => byHash.get(hash),
    blockByBeaconRoot: (root) => byRoot.get(root),
    blocksWith: (transactionHash) => byTransaction.get(transactionHash) ?? [],
    blob: (versionedHash) => blobs.get(versionedHash),
    size: () => byHash.size,
  }
}

/** What a provider knows. Blocks off the canonical branch stay reachable by hash. */
export type View = {
  head(): L1Block
  safe(): L1Block
  finalized(): L1Block
  /** On the canonical branch. */
  at(number: number): L1Block | undefined
  atSlot(slot: number): L1Block | undefined
  block(hash: Hash): L1Block | undefined
  blockByBeaconRoot(root: Hash): L1Block | undefined
  isCanonical(block: L1Block): boolean
  /** Canonical block and index of a transaction. */
  transaction(hash: Hash): { readonly block: L1Block; readonly index: number } | undefined
  blob(versionedHash: Hash): Blob | undefined
}

export type MovableView = View & {
  setHead(block: L1Block): void
  setSafe(block: L1Block): void
  setFinalized(block: L1Block): void
}

export function createView(tree: Tree): MovableView {
  const canonical: L1Block[] = [tree.genesis]
  let safe = tree.genesis
  let finalized = tree.genesis

  const head = (): L1Block => canonical[canonical.length - 1]!
  const isCanonical = (block: L1Block): boolean => canonical[numberOf(block)] === block
  const view: MovableView = {
    head,
    safe: () => safe,
    finalized: () => finalized,
    at: (number) => canonical[number],
    atSlot: (slot) => {
      const at = lastAtOrBefore(canonical, slot)
      return at.beacon.slot === slot ? at : undefined
    },
    block: tree.block,
    blockByBeaconRoot: tree.blockByBeaconRoot,
    isCanonical,
    transaction: (hash) => {
      const block = tree.blocksWith(hash).find(isCanonical)
      if (block === undefined) return undefined
      return { block, index: block.transactions.findIndex((transaction) => transaction.hash === hash) }
    },
    blob: tree.blob,
    setHead: (block) => {
      canonical.length = Math.min(canonical.length, numberOf(block) + 1)
      let at: L1Block | undefined = block
      while (at !== undefined && canonical[numberOf(at)] !== at) {
        canonical[numberOf(at)] = at
        at = tree.block(at.header.parentHash)
      }
    },
    setSafe: (block) => {
      safe = block
    },
    setFinalized: (block) => {
      finalized = block
      if (numberOf(safe) < numberOf(block) || !isCanonical(safe)) safe = block
    },
  }
  return view
}

export function numberOf(block: L1Block): number {
  return Number(block.header.number)
}

/** Slots grow along a branch. */
function lastAtOrBefore(blocks: readonly L1Block[], slot: number): L1Block {
  let low = 0
  let high = blocks.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (blocks[middle]!.beacon.slot <= slot) low = middle
    else high = middle - 1
  }
  return blocks[low]!
}
