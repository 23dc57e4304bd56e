/** Every block of every branch, and the states of the newest ones. */
import { ssz } from '@lodestar/types'
import { toHex } from './hex.mjs'

/** States share structure: what one more costs is what its block changed. Six epochs of the mainnet preset, and more. */
const STATES_KEPT = 400

export function createBlockTree(genesis) {
  const blocks = new Map()
  const states = new Map()
  const add = ({ signed, state, blobs, versionedHashes }) => {
    const { message } = signed
    const root = toHex(ssz.fulu.BeaconBlock.hashTreeRoot(message))
    const block = {
      root,
      slot: message.slot,
      parentRoot: toHex(message.parentRoot),
      stateRoot: toHex(message.stateRoot),
      executionHash: toHex(state.latestExecutionPayloadHeader.blockHash),
      signed,
      blobs,
      versionedHashes,
    }
    blocks.set(root, block)
    states.set(root, state)
    if (states.size > STATES_KEPT) states.delete(states.keys().next().value)
    return block
  }
  const genesisBlock = add({ signed: genesis.block, state: genesis.state, blobs: [], versionedHashes: [] })

  /** The block of a checkpoint; before the first one its root is zero, which means genesis. */
  const checkpointBlock = ({ epoch, root: checkpoint }) =>
    epoch === 0 ? genesisBlock : blocks.get(toHex(checkpoint))
  const ancestorAt = (tip, slot) => {
    let block = tip
    while (block.slot > Math.max(slot, 0)) block = blocks.get(block.parentRoot)
    return block
  }
  return {
    genesis: genesisBlock,
    add,
    block: (id) => blocks.get(id),
    blockWithState: (stateRoot) => [...blocks.values()].find((block) => block.stateRoot === stateRoot),
    checkpointBlock,
    /** State after the block. */
    stateOf(id) {
      const state = states.get(id)
      if (state === undefined) throw new Error(`the state of block ${id} is no longer kept`)
      return state
    },
    hasState: (id) => states.has(id),
    /** The newest block at or before `slot` on the branch of `tip`. Before slot 0 it is genesis. */
    ancestorAt,
    /** What the execution client is told with a head: its hashes of head, justified and finalized block. */
    executionHashes: (head, state) => ({
      head: head.executionHash,
      safe: checkpointBlock(state.currentJustifiedCheckpoint).executionHash,
      finalized: checkpointBlock(state.finalizedCheckpoint).executionHash,
    }),
    isFinal(block, state) {
      const finalized = checkpointBlock(state.finalizedCheckpoint)
      return block.slot <= finalized.slot && ancestorAt(finalized, block.slot) === block
    },
  }
}
