/** The sequencer stops in the middle of its window, with blocks published and not landed. */
import { CLOCKS_IN_ORDER, COMES_BACK, FINALITY_STANDS } from '../../../research/outage/promises/clocks.ts'
import {
  LANDS_IN_WINDOW,
  PUBLISHED_LANDS,
  SCHEDULE_GOES_ON,
} from '../../../research/outage/promises/commitments.ts'
import { DUE_IS_TAKEN, INCLUDED_BY_BOUND, ONLY_BY_TURN } from '../../../research/outage/promises/forced.ts'
import { startStranger } from '../proposers.ts'
import type { Scenario } from '../scenario.ts'
import { startSequencers } from '../sequencers.ts'

const SLOTS_PER_EPOCH = 6
/** Whose window it is when the fault begins, three slots into it. */
const GONE = 0
const INTO_WINDOW = 3

export const sequencerOffline: Scenario = {
  id: 'sequencer-offline',
  title: 'the sequencer stops in its window, with promised blocks that have not landed',
  heeds: ['successors'],
  operators: ({ successors }) => successors + 1,
  slotsPerEpoch: SLOTS_PER_EPOCH,
  drawTurn:
    ({ successors }) =>
    (epoch) =>
      epoch % (successors + 1),
  warmUpSlots: 16,
  beginsWith: { epoch: 0, of: 2 },
  phases: ({ successors }) => [
    { name: 'steady', what: 'sequencers take turns', slots: 2 * SLOTS_PER_EPOCH + INTO_WINDOW },
    {
      name: 'fault',
      what:
        successors === 0
          ? 'the only sequencer is gone; somebody on no list proposes once he may'
          : 'the sequencer is gone, the others go on',
      slots: successors === 0 ? 27 : 15,
    },
    { name: 'recovery', what: 'it is started again on its own files', slots: 18 },
  ],
  async open(world, { successors }) {
    const { sequencers, follower, restart } = await startSequencers(world)
    const stranger = await startStranger(world)
    const running = () => sequencers().filter((each) => !each.isStopped())
    return {
      measured: follower,
      async before({ phase, index, slot }) {
        if (phase === 'fault' && index === 0) {
          await sequencers()[GONE]?.stop()
          world.note('operator-0 is gone')
          world.fact('goneOperator', 'operator-0')
          world.fact('goneSlot', slot)
          if (successors > 0) world.fact('nextTurnSlot', slot + SLOTS_PER_EPOCH - INTO_WINDOW)
        }
        if (phase === 'recovery' && index === 0) {
          await world.sendAgain([await restart(GONE)])
          world.note('operator-0 is back')
        }
      },
      async during({ phase, index }) {
        if (phase !== 'warmUp')
          await world.pay({ user: 0, sender: 'user', path: 'pool', to: [...running(), stranger.node] })
        if (phase === 'fault' && index === 1)
          await world.pay({ user: 1, sender: 'forcing user', path: 'forced' })
        if (phase === 'fault') await stranger.step()
      },
    }
  },
  promises: [
    PUBLISHED_LANDS,
    LANDS_IN_WINDOW,
    SCHEDULE_GOES_ON,
    DUE_IS_TAKEN,
    INCLUDED_BY_BOUND,
    ONLY_BY_TURN,
    CLOCKS_IN_ORDER,
    FINALITY_STANDS,
    COMES_BACK,
  ],
}
