/** Whether the inbox would take a proposal of ours in the next L1 slot, until when, and what `propose` has to bring along. */
import { assertNever } from '../primitives/assert.ts'
import { EMPTY_BYTES } from '../primitives/bytes.ts'
import type { Address } from '../primitives/hex.ts'
import type { Evidence, Schedule, Turn, Window } from '../schedule/schedule.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'

export type ProposerTurn =
  | {
      readonly type: 'mine'
      /** For the schedule contract. */
      readonly lookahead: Uint8Array
      /** Timestamp of the last slot in which it holds, in seconds; absent where it has no end. */
      readonly latest?: bigint
    }
  /** A sentence for an operator. */
  | { readonly type: 'wait'; readonly reason: string }

export type AskTurn = (proposer: Address, signal?: AbortSignal) => Promise<ProposerTurn>

/** Anyone, always: an open schedule. */
export const ALWAYS_MINE: ProposerTurn = { type: 'mine', lookahead: EMPTY_BYTES }

export function createTurns(deps: {
  readonly spec: Pick<RollupSpec, 'l1'>
  readonly schedule: Schedule
}): AskTurn {
  const { schedule } = deps
  const { genesisTime, secondsPerSlot } = deps.spec.l1
  const timestampOf = (slot: bigint) => genesisTime + slot * secondsPerSlot

  /** The inbox does not ask its schedule when the oldest forced inclusion has waited for too long. */
  const isOverdue = async (slot: bigint, signal?: AbortSignal): Promise<boolean> => {
    const [oldest] = (await schedule.forcedInclusions(signal)).inclusions
    return oldest !== undefined && timestampOf(slot) > oldest.overdueAfter
  }

  return async (proposer, signal) => {
    if ((await schedule.kind()) === 'open') return ALWAYS_MINE
    const slot = await schedule.currentSlot(signal)
    if (await isOverdue(slot, signal)) return ALWAYS_MINE
    const found = await schedule.at(slot, signal)
    if (found === undefined)
      return { type: 'wait', reason: `L1 has not settled yet who may propose in slot ${slot}` }
    const { window } = found
    const refusal = refuse(window.turn, proposer)
    if (refusal !== undefined) return { type: 'wait', reason: `slot ${slot}: ${refusal}` }
    return bring(await schedule.evidence(slot, signal), window)
  }

  function bring(evidence: Evidence, window: Window): ProposerTurn {
    const latest = timestampOf(window.lastSlot)
    switch (evidence.type) {
      case 'none':
        return { type: 'mine', lookahead: EMPTY_BYTES, latest }
      case 'proven':
        return { type: 'mine', lookahead: evidence.lookahead, latest }
      case 'unproven':
        return {
          type: 'wait',
          reason: `the lookahead of epoch ${evidence.epoch} has to be proven to the schedule contract first`,
        }
      case 'unknown':
        return { type: 'wait', reason: evidence.reason }
      default:
        return assertNever(evidence)
    }
  }
}

/** Why the account may not propose; undefined if it may. */
function refuse(turn: Turn, proposer: Address): string | undefined {
  switch (turn.type) {
    case 'anyone':
      return undefined
    case 'operator':
      return turn.operator === proposer ? undefined : `it is the turn of ${turn.operator}`
    case 'owner': {
      const { committer, poster, validatorIndex } = turn.owner
      if (committer === proposer || poster === proposer) return undefined
      return `it belongs to validator ${validatorIndex}, for whom ${poster ?? committer} posts`
    }
    case 'nobody':
      return 'the schedule has no active operator'
    case 'unknown':
      return turn.reason
    default:
      return assertNever(turn)
  }
}
