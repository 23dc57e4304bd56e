/** L1 makes blocks of which none becomes final; later it makes none at all. */
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
import { startStranger } from '../proposers.ts'
import type { Scenario } from '../scenario.ts'
import { startSequencers } from '../sequencers.ts'

/** Slots of the fault: nothing becomes final, all is well, no L1 blocks. */
const NOT_FINAL = 12
const BETWEEN = 4
const SILENT = 8
const SILENT_FROM = NOT_FINAL + BETWEEN

export const l1Stalls: Scenario = {
  id: 'l1-stalls',
  title: 'L1 finalizes nothing for a while, and later makes no blocks at all',
  heeds: [],
  operators: () => 1,
  slotsPerEpoch: 6,
  drawTurn: () => () => 0,
  warmUpSlots: 16,
  phases: () => [
    { name: 'steady', what: 'L1 goes on as it should', slots: 12 },
    {
      name: 'fault',
      what: `${NOT_FINAL} slots in which nothing becomes final, ${BETWEEN} in which all is well, ${SILENT} without an L1 block`,
      slots: SILENT_FROM + SILENT,
    },
    { name: 'recovery', what: 'L1 goes on', slots: 26 },
  ],
  async open(world) {
    const { sequencers, follower } = await startSequencers(world, { beaconUrl: world.gate.url })
    const stranger = await startStranger(world)
    return {
      measured: follower,
      isMissed: ({ phase, index }) => phase === 'fault' && index >= SILENT_FROM,
      async before({ phase, index, slot }) {
        if (phase === 'fault' && index === 0) {
          world.setFinality(false)
          world.fact('notFinalFrom', slot)
          world.fact('notFinalTo', slot + NOT_FINAL - 1)
          world.note('nothing becomes final from here on')
        }
        if (phase === 'fault' && index === NOT_FINAL) {
          world.setFinality(true)
          world.note('L1 finalizes again')
        }
        if (phase === 'fault' && index === SILENT_FROM) world.note('L1 is silent from here on')
        if (phase === 'recovery' && index === 0) world.note('L1 makes blocks again')
      },
      async during({ phase, index }) {
        if (phase === 'warmUp') return
        await world.pay({ user: 0, sender: 'user', path: 'pool', to: [...sequencers(), stranger.node] })
        // In the queue with the last block before the silence, and due within it.
        if (phase === 'fault' && index === SILENT_FROM - 2)
          await world.pay({ user: 1, sender: 'forcing user', path: 'forced' })
        await stranger.step()
      },
    }
  },
  promises: [
    SAFE_WITHOUT_FINALITY,
    NOT_ON_SILENT_L1,
    PUBLISHED_LANDS,
    LANDS_IN_WINDOW,
    DUE_IS_TAKEN,
    INCLUDED_BY_BOUND,
    ONLY_BY_TURN,
    CLOCKS_IN_ORDER,
    FINALITY_STANDS,
    COMES_BACK,
  ],
}
