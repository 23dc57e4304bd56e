/**
 * Who may propose in an L1 block: anyone, or operators in turns, an epoch each. The turns go round instead of being drawn by a
 * beacon root as WhitelistSchedule does it, so that a test knows them; to a reader of the contract's views it is the same.
 */
import { type Address, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'

export type ScheduleConfig =
  | { readonly type: 'open' }
  | {
      readonly type: 'whitelist'
      /** The first has epoch 0; none: nobody may. */
      readonly operators: readonly Address[]
      readonly slotsPerEpoch: number
      /** Whether proposals name the end of their window, as under a lookahead schedule; WhitelistSchedule has them name none. */
      readonly namesWindowEnd?: boolean
    }

export type SlotTimes = { readonly genesisTime: bigint; readonly secondsPerSlot: bigint }

export const OPEN_SCHEDULE: ScheduleConfig = { type: 'open' }

/** Operator of the epoch `offset` after the one of `timestamp` (seconds); zero where there is none. */
export function operatorAt(
  schedule: Extract<ScheduleConfig, { type: 'whitelist' }>,
  times: SlotTimes,
  timestamp: bigint,
  offset = 0,
): Address {
  const epoch = epochAt(schedule.slotsPerEpoch, times, timestamp) + offset
  return schedule.operators[epoch % schedule.operators.length] ?? ZERO_ADDRESS
}

export type Turn =
  /** Seconds; 0 where there is no end. */
  { readonly type: 'may'; readonly windowEnd: bigint } | { readonly type: 'mayNot' }

/** What `checkProposer` answers in a block with that timestamp (seconds). */
export function checkProposer(
  schedule: ScheduleConfig,
  times: SlotTimes,
  proposer: Address,
  timestamp: bigint,
): Turn {
  if (schedule.type === 'open') return { type: 'may', windowEnd: 0n }
  const operator = operatorAt(schedule, times, timestamp)
  if (operator === ZERO_ADDRESS || operator !== proposer) return { type: 'mayNot' }
  if (schedule.namesWindowEnd !== true) return { type: 'may', windowEnd: 0n }
  const lastSlot = (epochAt(schedule.slotsPerEpoch, times, timestamp) + 1) * schedule.slotsPerEpoch - 1
  return { type: 'may', windowEnd: times.genesisTime + BigInt(lastSlot) * times.secondsPerSlot }
}

/** Rounds down: the running epoch. */
function epochAt(slotsPerEpoch: number, times: SlotTimes, timestamp: bigint): number {
  return Number((timestamp - times.genesisTime) / times.secondsPerSlot / BigInt(slotsPerEpoch))
}
