/**
 * Proposer duties. Both versions name the same proposers; they differ in the block whose change would change them:
 * v1 says the last one before the epoch (for the next epoch: the head), v2 the last one before the epoch before it,
 * which is what EIP-7917 really rests on.
 */
import { SLOTS_PER_EPOCH } from '@lodestar/params'
import { computeEpochAtSlot } from '@lodestar/state-transition'
import { toHex } from '../hex.mjs'
import { ApiError, readCount } from './answer.mjs'
import { findState } from './ids.mjs'

/** Root of the newest block before the epoch's first slot; genesis before the first epoch. */
export function dependentRoot(chain, tip, epoch) {
  return chain.tree.ancestorAt(tip, epoch * SLOTS_PER_EPOCH - 1).root
}

export function dutyRoutes(chain) {
  const duties = (text, epochsBefore) => {
    const epoch = readCount(text, 'epoch')
    const current = computeEpochAtSlot(chain.currentSlot())
    if (epoch > current + 1) throw new ApiError(400, `epoch ${epoch} is after the next one, ${current + 1}`)
    const stateEpoch = Math.min(epoch, current)
    const { state } = findState(chain, String(stateEpoch * SLOTS_PER_EPOCH))
    const first = (epoch - stateEpoch) * SLOTS_PER_EPOCH
    const proposers = state.proposerLookahead.getAll().slice(first, first + SLOTS_PER_EPOCH)
    return {
      dependent_root: dependentRoot(chain, chain.head(), epoch - epochsBefore),
      execution_optimistic: false,
      data: proposers.map((index, i) => ({
        pubkey: toHex(chain.keys.publicKeys[index]),
        validator_index: String(index),
        slot: String(epoch * SLOTS_PER_EPOCH + i),
      })),
    }
  }
  return {
    'GET /eth/v1/validator/duties/proposer/:epoch': ({ epoch }) => duties(epoch, 0),
    'GET /eth/v2/validator/duties/proposer/:epoch': ({ epoch }) => duties(epoch, 1),
  }
}
