/** Headers, blocks and blobs. */
import { signedBeaconBlockToBlinded } from '@lodestar/state-transition'
import { ssz } from '@lodestar/types'
import { toHex } from '../hex.mjs'
import { prefersSsz, sendSsz } from './answer.mjs'
import { findBlock } from './ids.mjs'

export function blockRoutes(chain) {
  const { tree } = chain
  const envelope = (block, data) => ({
    execution_optimistic: false,
    finalized: tree.isFinal(block, chain.headState()),
    data,
  })
  const sendBlock = (block, type, value, { request, response }) => {
    if (prefersSsz(request)) return sendSsz(response, type.serialize(value))
    return { version: 'fulu', ...envelope(block, type.toJson(value)) }
  }
  return {
    'GET /eth/v1/beacon/headers/:id': ({ id }) => {
      const block = findBlock(chain, id)
      return envelope(block, headerOf(block, tree.ancestorAt(chain.head(), block.slot) === block))
    },
    'GET /eth/v2/beacon/blocks/:id': ({ id }, exchange) => {
      const block = findBlock(chain, id)
      return sendBlock(block, ssz.fulu.SignedBeaconBlock, block.signed, exchange)
    },
    'GET /eth/v1/beacon/blinded_blocks/:id': ({ id }, exchange) => {
      const block = findBlock(chain, id)
      const blinded = signedBeaconBlockToBlinded(chain.headState().config, block.signed)
      return sendBlock(block, ssz.fulu.SignedBlindedBeaconBlock, blinded, exchange)
    },
    'GET /eth/v1/beacon/blobs/:id': ({ id }, { request, response, query }) => {
      const block = findBlock(chain, id)
      const wanted = query.getAll('versioned_hashes').flatMap((hashes) => hashes.split(','))
      const blobs = block.blobs.filter(
        (_, i) => wanted.length === 0 || wanted.includes(block.versionedHashes[i]),
      )
      if (prefersSsz(request)) return sendSsz(response, Buffer.concat(blobs))
      return envelope(block, blobs.map(toHex))
    },
  }
}

function headerOf({ root, signed: { message, signature } }, canonical) {
  return {
    root,
    canonical,
    header: {
      message: {
        slot: String(message.slot),
        proposer_index: String(message.proposerIndex),
        parent_root: toHex(message.parentRoot),
        state_root: toHex(message.stateRoot),
        body_root: toHex(ssz.fulu.BeaconBlockBody.hashTreeRoot(message.body)),
      },
      signature: toHex(signature),
    },
  }
}
