/** Block and state identifiers of the Beacon API: head, genesis, finalized, justified, a slot, a root. */
import { processSlots } from '@lodestar/state-transition'
import { ApiError } from './answer.mjs'

const namedBlock = ({ tree, head, headState }, id) => {
  if (id === 'head') return head()
  if (id === 'genesis') return tree.genesis
  if (id === 'finalized') return tree.checkpointBlock(headState().finalizedCheckpoint)
  if (id === 'justified') return tree.checkpointBlock(headState().currentJustifiedCheckpoint)
  return undefined
}

/** 404 where the slot is empty. */
export function findBlock(chain, id) {
  const { tree, head } = chain
  let block = namedBlock(chain, id)
  if (/^0x[0-9a-f]{64}$/i.test(id)) block = tree.block(id.toLowerCase())
  else if (/^\d+$/.test(id)) {
    const at = tree.ancestorAt(head(), Number(id))
    if (at.slot === Number(id)) block = at
  } else if (block === undefined) throw new ApiError(400, `Invalid block ID: ${id}`)
  if (block === undefined) throw new ApiError(404, `Block not found: ${id}`)
  return block
}

/** The state of a slot includes the empty slots up to it. `block` is the newest block it rests on. */
export function findState(chain, id) {
  const { tree, head } = chain
  if (/^\d+$/.test(id)) {
    const slot = Number(id)
    if (slot > chain.currentSlot()) throw new ApiError(404, `State not found: ${id}`)
    const block = tree.ancestorAt(head(), slot)
    const state = keptState(tree, block)
    return { block, state: slot > state.slot ? processSlots(state, slot) : state }
  }
  const block = /^0x[0-9a-f]{64}$/i.test(id) ? tree.blockWithState(id.toLowerCase()) : namedBlock(chain, id)
  if (block === undefined) throw new ApiError(id.startsWith('0x') ? 404 : 400, `State not found: ${id}`)
  return { block, state: keptState(tree, block) }
}

function keptState(tree, { root }) {
  if (!tree.hasState(root)) throw new ApiError(404, `The state of block ${root} is no longer kept`)
  return tree.stateOf(root)
}
