/** Lodestar's own route for branches of a state: compact multiproofs, by a descriptor of the nodes that are wanted. */
import { createProof, ProofType } from '@chainsafe/persistent-merkle-tree'
import { toHex } from '../hex.mjs'
import { ApiError, prefersSsz, sendSsz } from './answer.mjs'
import { findState } from './ids.mjs'

/** Bytes; a branch of a validator's key takes 27. */
const DESCRIPTOR_MAX = 4_096

export function proofRoutes(chain) {
  return {
    'GET /eth/v0/beacon/proof/state/:id': ({ id }, { request, response, query }) => {
      const descriptor = readDescriptor(query.get('format'))
      const { state } = findState(chain, id)
      const { leaves } = prove(state.node, descriptor)
      if (prefersSsz(request)) return sendSsz(response, serialize(leaves, descriptor))
      return { version: 'fulu', data: { leaves: leaves.map(toHex), descriptor: toHex(descriptor) } }
    },
  }
}

function prove(node, descriptor) {
  try {
    return createProof(node, { type: ProofType.compactMulti, descriptor })
  } catch (error) {
    throw new ApiError(400, `no proof of that format: ${error.message}`)
  }
}

function readDescriptor(text) {
  if (!/^0x([0-9a-f]{2})+$/.test(text ?? '') || text.length > 2 + 2 * DESCRIPTOR_MAX)
    throw new ApiError(400, 'format is no descriptor')
  return Uint8Array.from(Buffer.from(text.slice(2), 'hex'))
}

/** Container{leaves: List[Bytes32], descriptor: ByteList}: two offsets, then both. */
function serialize(leaves, descriptor) {
  const offsets = Buffer.alloc(8)
  offsets.writeUInt32LE(8, 0)
  offsets.writeUInt32LE(8 + 32 * leaves.length, 4)
  return Buffer.concat([offsets, ...leaves, descriptor])
}
