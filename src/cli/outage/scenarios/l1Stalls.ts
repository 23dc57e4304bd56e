/** L1 makes no blocks for a while; later it makes them and none becomes final. */
import {
  CLOCKS_IN_ORDER,
  COMES_BACK,
  FINALITY_STANDS,
  SAFE_WITHOUT_FINALITY,
} from '../../../research/outage/promises/clocks.ts'
import {
  LANDS_IN_WINDOW,
  NOT_ON_SILENT_L1,
  PUBLISHED_LANDS,
} from '../../../research/outage/promises/commitments.ts'
import { DUE_IS_TAKEN, INCLUDED_BY_BOUND, ONLY_BY_TURN } from '../../../research/outage/promises/forced.ts'
import type { At, Scenario } from '../scenario.ts'
import { startSequencers } from '../sequencers.ts'

/** Slots of the fault: without L1 blocks, with all there is, without finality. */
const SILENT = 8
const BETWEEN = 6
const NOT_FINAL = 12

export const l1Stalls: Scenario = {
  id: 'l1-stalls',
  title: 'L1 makes no blocks for a while, and later none that becomes final',
  heeds: [],
  operators: () => 1,
  slotsPerEpoch: 6,
  drawTurn: () => () => 0,
  warmUpSlots: 16,
  phases: () => [
    { name: 'steady', what: 'L1 goes on as it should', slots: 12 },
    {
      name: 'fault',
      what: `${SILENT} slots without an L1 block, ${BETWEEN} with, ${NOT_FINAL} in which nothing becomes final`,
      slots: SILENT + BETWEEN + NOT_FINAL,
    },
    { name: 'recovery', what: 'L1 goes on, and is final again', slots: 14 },
  ],
  async open(world) {
    const { sequencers, follower } = await startSequencers(world, { beaconUrl: world.gate.url })
    const isSilent = ({ phase, index }: At) => phase === 'fault' && index < SILENT
    return {
      measured: follower,
      isMissed: isSilent,
      async before(at) {
        const { phase, index, slot } = at
        if (phase === 'fault' && index === 0) world.note('L1 is silent from here on')
        if (phase === 'fault' && index === SILENT) world.note('L1 makes blocks again')
        if (phase === 'fault' && index === SILENT + BETWEEN) {
          world.gate.setRule((path) => (path.endsWith('/finality_checkpoints') ? 'asBefore' : 'pass'))
          world.fact('notFinalFrom', slot)
          world.fact('notFinalTo', slot + NOT_FINAL - 1)
          world.note('nothing becomes final from here on')
        }
        if (phase === 'recovery' && index === 0) {
          world.gate.setRule(() => 'pass')
          world.note('L1 finalizes again')
        }
      },
      async during(at) {
        const { phase, index } = at
        if (phase !== 'warmUp') await world.pay({ user: 0, sender: 'user', path: 'pool', to: sequencers() })
        // In the queue with the last block before the silence, and due within it.
        if (phase === 'steady' && index === 10)
          await world.pay({ user: 1, sender: 'forcing user', path: 'forced' })
      },
    }
  },
  promises: [
    NOT_ON_SILENT_L1,
    PUBLISHED_LANDS,
    LANDS_IN_WINDOW,
    SAFE_WITHOUT_FINALITY,
    DUE_IS_TAKEN,
    INCLUDED_BY_BOUND,
    ONLY_BY_TURN,
    CLOCKS_IN_ORDER,
    FINALITY_STANDS,
    COMES_BACK,
  ],
}
