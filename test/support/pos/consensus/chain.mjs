/** The chain: its head, and the three things that can happen to it. They happen one after another. */
import { computeEpochAtSlot } from '@lodestar/state-transition'
import { createBlockTree } from './blockTree.mjs'
import { produceBlock } from './produceBlock.mjs'

export function createChain({ engine, keys, genesis }) {
  const tree = createBlockTree(genesis)
  const listeners = new Set()
  let head = tree.genesis
  /** The newest slot that has begun, with a block or without. */
  let currentSlot = 0
  /** Grows with each reorg. */
  let branch = 0
  let busy = Promise.resolve()

  const inTurn = (action) => {
    const done = busy.then(action)
    busy = done.catch(() => {})
    return done
  }
  const tell = (event) => {
    for (const listener of listeners) listener(event)
  }
  const headState = () => tree.stateOf(head.root)

  return {
    tree,
    keys,
    head: () => head,
    headState,
    currentSlot: () => currentSlot,
    /** `listener` hears {type: 'head' | 'reorg' | 'finalized', …}. Answers how to stop. */
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    /** The next slot begins, with a block. A slot that cannot be filled stays empty, and the error is the caller's. */
    produce: () =>
      inTurn(async () => {
        const slot = ++currentSlot
        const finalizedBefore = headState().finalizedCheckpoint.epoch
        const parent = head
        const block = tree.add(await produceBlock({ engine, keys }, { tree, parent, slot, branch }))
        await engine.setHead(tree.executionHashes(block, tree.stateOf(block.root)))
        head = block
        const isNewEpoch = computeEpochAtSlot(slot) > computeEpochAtSlot(parent.slot)
        tell({ type: 'head', block, isNewEpoch })
        const { finalizedCheckpoint } = headState()
        if (finalizedCheckpoint.epoch > finalizedBefore)
          tell({
            type: 'finalized',
            epoch: finalizedCheckpoint.epoch,
            block: tree.checkpointBlock(finalizedCheckpoint),
          })
        return block
      }),
    /** The next slot begins, and passes without a block. */
    skip: () => inTurn(async () => ++currentSlot),
    /**
     * The newest `depth` blocks are no longer of the chain; the next block has their parent. Time does not go back:
     * their slots stay empty.
     */
    reorg: (depth) =>
      inTurn(async () => {
        const old = head
        const finalized = tree.checkpointBlock(headState().finalizedCheckpoint)
        let ancestor = head
        let undone = 0
        for (; undone < depth && ancestor.slot > finalized.slot; undone++)
          ancestor = tree.block(ancestor.parentRoot)
        if (undone < depth || !tree.hasState(ancestor.root))
          throw new RangeError(`a reorg of depth ${depth} is not possible at slot ${head.slot}`)
        await engine.setHead(tree.executionHashes(ancestor, tree.stateOf(ancestor.root)))
        head = ancestor
        branch++
        tell({ type: 'reorg', old, block: head, depth })
        return { old, head }
      }),
  }
}
