/** Which blocks are simulated: numbers and times that rise, and empty blocks where numbers are left out. */
import type { BlockHeader } from '../../primitives/header.ts'
import type { AskedBlock, SimulationRefusal } from './simulated.ts'

/** As many as BLOCKHASH can see. geth's bound, suggested in execution-apis. */
export const SIMULATED_BLOCKS_MAX = 256

export type PlannedBlock = AskedBlock & {
  readonly number: bigint
  /** Seconds. */
  readonly timestamp: bigint
}

export type Plan =
  | { readonly type: 'planned'; readonly blocks: readonly PlannedBlock[] }
  | { readonly type: 'refused'; readonly refusal: SimulationRefusal }

/** `secondsPerBlock`: between blocks that say nothing of their time. */
export function planBlocks(
  base: Pick<BlockHeader, 'number' | 'timestamp'>,
  asked: readonly AskedBlock[],
  secondsPerBlock: bigint,
): Plan {
  const planned: PlannedBlock[] = []
  let { number, timestamp } = base
  for (const block of asked) {
    const target = block.overrides.number ?? number + 1n
    if (target <= number)
      return refused('blockNumber', `block numbers must be in order: ${target} <= ${number}`)
    if (target - base.number > BigInt(SIMULATED_BLOCKS_MAX))
      return refused('tooManyBlocks', 'too many blocks')
    while (number + 1n < target) {
      number++
      timestamp += secondsPerBlock
      planned.push({ overrides: {}, state: new Map(), calls: [], number, timestamp })
    }
    const time = block.overrides.time ?? timestamp + secondsPerBlock
    if (time <= timestamp)
      return refused('blockTimestamp', `block timestamps must be in order: ${time} <= ${timestamp}`)
    number = target
    timestamp = time
    planned.push({ ...block, number, timestamp })
  }
  return { type: 'planned', blocks: planned }
}

function refused(reason: SimulationRefusal['reason'], message: string): Plan {
  return { type: 'refused', refusal: { reason, message } }
}
