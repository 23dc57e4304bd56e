/** Not of the Beacon API: single-leaf Merkle proofs, and control over the chain. */
import { createProof, ProofType, setNode } from '@chainsafe/persistent-merkle-tree'
import { ssz } from '@lodestar/types'
import { toHex } from '../hex.mjs'
import { ApiError, readCount } from './answer.mjs'
import { findBlock } from './ids.mjs'

/** Generalized index of `state_root` in a block. */
const STATE_ROOT_GINDEX = 11n

/** Slots begun, or blocks undone, by one request. */
const COUNT_MAX = 10_000

export function plumblineRoutes(chain, driver) {
  const describeHead = () => {
    const { slot, root, executionHash } = chain.head()
    return { slot, root, executionHash, currentSlot: chain.currentSlot() }
  }
  const count = (query, name) => {
    const value = readCount(query.get(name) ?? '1', name)
    if (value < 1 || value > COUNT_MAX) throw new ApiError(400, `${name} is not between 1 and ${COUNT_MAX}`)
    return value
  }
  return {
    'GET /plumbline/v1/head': describeHead,
    /** `gindex` counts from the root of the block (`of=block`, through `state_root` into the state) or of its state. */
    'GET /plumbline/v1/proof/:id': ({ id }, { query }) => {
      const block = findBlock(chain, id)
      const of = query.get('of') ?? 'block'
      const gindex = readGindex(query.get('gindex'))
      if (of !== 'block' && of !== 'state') throw new ApiError(400, `of is block or state, not ${of}`)
      return { slot: block.slot, ...prove(treeOf(chain, block, of), gindex) }
    },
    'POST /plumbline/v1/slot': async (_, { query }) => {
      await driver.next(count(query, 'n'))
      return describeHead()
    },
    'POST /plumbline/v1/skip': async (_, { query }) => {
      await driver.skip(count(query, 'n'))
      return describeHead()
    },
    'POST /plumbline/v1/reorg': async (_, { query }) => {
      await chain.reorg(count(query, 'depth')).catch((error) => {
        throw error instanceof RangeError ? new ApiError(400, error.message) : error
      })
      return describeHead()
    },
  }
}

function readGindex(text) {
  if (!/^\d{1,30}$/.test(text ?? '') || BigInt(text) < 1n)
    throw new ApiError(400, 'gindex is not a positive number')
  return BigInt(text)
}

/** Root node of the state after the block, or of the block with that state in place of its root. */
function treeOf({ tree }, block, of) {
  if (!tree.hasState(block.root))
    throw new ApiError(404, `The state of block ${block.root} is no longer kept`)
  const state = tree.stateOf(block.root).node
  if (of === 'state') return state
  return setNode(ssz.fulu.BeaconBlock.value_toTree(block.signed.message), STATE_ROOT_GINDEX, state)
}

/** `branch` begins with the leaf's sibling. */
function prove(rootNode, gindex) {
  try {
    const { leaf, witnesses } = createProof(rootNode, { type: ProofType.single, gindex })
    return {
      leaf: toHex(leaf),
      branch: witnesses.map(toHex),
      gindex: gindex.toString(),
      root: toHex(rootNode.root),
    }
  } catch (error) {
    throw new ApiError(400, `there is nothing at gindex ${gindex}: ${error.message}`)
  }
}
