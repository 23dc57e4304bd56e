/** A share of the operators leaves two senders out, at the price of not proposing where L1 would make them take one. */
import type { Proposer } from '../../../propose/proposer.ts'
import { CLOCKS_IN_ORDER, COMES_BACK, FINALITY_STANDS } from '../../../research/outage/promises/clocks.ts'
import { DUE_IS_TAKEN, INCLUDED_BY_BOUND, ONLY_BY_TURN } from '../../../research/outage/promises/forced.ts'
import { userAt } from '../accounts.ts'
import { createPlainProposer, startStranger } from '../proposers.ts'
import type { Scenario, ScenarioOptions } from '../scenario.ts'

const OPERATORS = 8
const FREE = 0
const CENSORED = 1
const CENSORED_FORCING = 2
/** Slots from one payment of each sender to the next, and from one forced inclusion to the next. */
const PAYS_EVERY = 4
const FORCES_EVERY = 12

/** By lot: so many of the operators as come nearest to the share. */
function colludersOf({ share }: ScenarioOptions, draw: (label: string) => number): ReadonlySet<number> {
  const order = Array.from({ length: OPERATORS }, (_, index) => ({ index, lot: draw(`colluder ${index}`) }))
  order.sort((a, b) => a.lot - b.lot)
  return new Set(order.slice(0, Math.round(share * OPERATORS)).map(({ index }) => index))
}

export const operatorsColluding: Scenario = {
  id: 'operators-colluding',
  title: 'a share of the operators leaves a sender out, and would rather propose nothing than take him',
  heeds: ['share'],
  operators: () => OPERATORS,
  slotsPerEpoch: 4,
  drawTurn: (_, draw) => (epoch) => Math.floor(draw(`epoch ${epoch}`) * OPERATORS),
  warmUpSlots: 12,
  phases: () => [
    { name: 'steady', what: 'all operators are honest', slots: 12 },
    { name: 'fault', what: 'colluders leave a sender and the queue out', slots: 48 },
    { name: 'recovery', what: 'all operators are honest again', slots: 14 },
  ],
  async open(world, options, draw) {
    const node = await world.start({ name: 'node' })
    const colluders = colludersOf(options, draw)
    let isColluding = false
    const censored = [CENSORED, CENSORED_FORCING].map((user) => userAt(user).address)
    const proposers = new Map<string, Proposer>(
      world.operators.map((operator, index) => [
        operator.address,
        createPlainProposer(world.place, {
          ...{ name: `operator-${index}`, operator, node },
          censors: () => (isColluding && colluders.has(index) ? censored : []),
        }),
      ]),
    )
    const stranger = await startStranger(world)
    world.fact('operators', OPERATORS)
    world.fact('colluders', colluders.size)
    const ofNextSlot = async (): Promise<Proposer | undefined> => {
      const { schedule } = node.node
      const turn = (await schedule.at(await schedule.currentSlot()))?.window.turn
      return turn?.type === 'operator' ? proposers.get(turn.operator) : undefined
    }
    return {
      measured: node,
      async before({ phase, index }) {
        if (index === 0 && phase !== 'steady' && phase !== 'warmUp') {
          isColluding = phase === 'fault'
          world.note(
            isColluding ? `${colluders.size} of ${OPERATORS} operators collude` : 'nobody colludes any more',
          )
        }
      },
      async during({ phase, index }) {
        if (phase !== 'warmUp' && index % PAYS_EVERY === 0) {
          await world.pay({ user: FREE, sender: 'free sender', path: 'pool', to: [node] })
          await world.pay({ user: CENSORED, sender: 'censored sender', path: 'pool', to: [node] })
        }
        if (phase === 'fault' && index % FORCES_EVERY === 0)
          await world.pay({ user: CENSORED_FORCING, sender: 'censored sender', path: 'forced' })
        await (await ofNextSlot())?.step(world.signal)
        await stranger.step()
      },
    }
  },
  promises: [DUE_IS_TAKEN, INCLUDED_BY_BOUND, ONLY_BY_TURN, CLOCKS_IN_ORDER, FINALITY_STANDS, COMES_BACK],
}
