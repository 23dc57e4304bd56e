/** States: finality, the proposer lookahead (EIP-7917), validators. */
import { FAR_FUTURE_EPOCH } from '@lodestar/params'
import { ssz } from '@lodestar/types'
import { toHex } from '../hex.mjs'
import { ApiError, prefersSsz, sendSsz } from './answer.mjs'
import { findState } from './ids.mjs'

export function stateRoutes(chain) {
  const envelope = (block, data) => ({
    execution_optimistic: false,
    finalized: chain.tree.isFinal(block, chain.headState()),
    data,
  })
  const checkpoint = ({ epoch, root }) => ({ epoch: String(epoch), root: toHex(root) })
  return {
    'GET /eth/v1/beacon/states/:id/root': ({ id }) => {
      const { block, state } = findState(chain, id)
      return envelope(block, { root: toHex(state.hashTreeRoot()) })
    },
    'GET /eth/v1/beacon/states/:id/finality_checkpoints': ({ id }) => {
      const { block, state } = findState(chain, id)
      return envelope(block, {
        previous_justified: checkpoint(state.previousJustifiedCheckpoint),
        current_justified: checkpoint(state.currentJustifiedCheckpoint),
        finalized: checkpoint(state.finalizedCheckpoint),
      })
    },
    'GET /eth/v1/beacon/states/:id/proposer_lookahead': ({ id }, { request, response }) => {
      const { block, state } = findState(chain, id)
      const lookahead = state.proposerLookahead.getAll()
      if (prefersSsz(request)) return sendSsz(response, ssz.fulu.ProposerLookahead.serialize([...lookahead]))
      return { version: 'fulu', ...envelope(block, Array.from(lookahead, String)) }
    },
    'GET /eth/v1/beacon/states/:id/validators': ({ id }, { query }) => {
      const { block, state } = findState(chain, id)
      const wanted = query.getAll('id').flatMap((ids) => ids.split(','))
      const indices =
        wanted.length === 0
          ? Array.from({ length: state.validators.length }, (_, index) => index)
          : wanted.map((each) => indexOf(state, each)).filter((index) => index !== undefined)
      return envelope(
        block,
        indices.map((index) => describe(state, index)),
      )
    },
    'GET /eth/v1/beacon/states/:id/validators/:validator': ({ id, validator }) => {
      const { block, state } = findState(chain, id)
      const index = indexOf(state, validator)
      if (index === undefined) throw new ApiError(404, `Validator not found: ${validator}`)
      return envelope(block, describe(state, index))
    },
  }
}

/** By index or public key. */
function indexOf(state, id) {
  if (id.startsWith('0x'))
    return state.epochCtx.pubkeyCache.getIndex(Buffer.from(id.slice(2), 'hex')) ?? undefined
  return Number(id) < state.validators.length ? Number(id) : undefined
}

/** Nobody is slashed or leaves on this chain. */
function describe(state, index) {
  const validator = state.validators.getReadonly(index)
  const epoch = (value) => String(value === FAR_FUTURE_EPOCH ? 2n ** 64n - 1n : value)
  return {
    index: String(index),
    balance: String(state.balances.get(index)),
    status: 'active_ongoing',
    validator: {
      pubkey: toHex(validator.pubkey),
      withdrawal_credentials: toHex(validator.withdrawalCredentials),
      effective_balance: String(validator.effectiveBalance),
      slashed: validator.slashed,
      activation_eligibility_epoch: epoch(validator.activationEligibilityEpoch),
      activation_epoch: epoch(validator.activationEpoch),
      exit_epoch: epoch(validator.exitEpoch),
      withdrawable_epoch: epoch(validator.withdrawableEpoch),
    },
  }
}
