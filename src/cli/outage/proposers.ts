/** Operators that propose what a pool holds and promise nothing, a step a slot. They share one node, as they would agree on what L1 says. */
import type { Address } from '../../primitives/hex.ts'
import { createInboxReader } from '../../propose/inbox.ts'
import {
  createProposer,
  DEFAULT_BUILDER_OPTIONS,
  DEFAULT_PROPOSER_OPTIONS,
  type Proposer,
} from '../../propose/proposer.ts'
import { createTurns } from '../../propose/turn.ts'
import { type NodePlace, type Operator, openPoster, type RunningNode } from './nodes.ts'
import type { World } from './world.ts'

export type PlainProposerOptions = {
  readonly name: string
  readonly operator: Operator
  readonly node: RunningNode
  /** It proposes nothing of these accounts, nor what waits in the inbox's queue, though nothing else be proposed then. */
  readonly censors?: () => readonly Address[]
}

/** Somebody on no list, with a node that knows L1 alone, who proposes what is queued once he may. */
export async function startStranger(
  world: World,
): Promise<{ readonly node: RunningNode; step(): Promise<void> }> {
  const node = await world.start({ name: 'stranger' })
  const proposer = createPlainProposer(world.place, { name: 'stranger', operator: world.stranger, node })
  return {
    node,
    async step() {
      // Before anything is overdue the schedule would be asked in vain.
      if ((await node.node.schedule.forcedInclusions()).pending > 0) await proposer.step(world.signal)
    },
  }
}

export function createPlainProposer(place: NodePlace, options: PlainProposerOptions): Proposer {
  const { name, operator, node, censors = () => [] } = options
  const { chain, state, engine, l1, schedule, sync } = node.node
  const inbox = createInboxReader(place.rpc, place.spec.l1.inbox)
  const { pool } = node
  return createProposer(
    {
      ...{ spec: place.spec, engine, chain, state, l1, logger: place.logger },
      inbox: {
        ...inbox,
        forcedInclusions: async (...args) => (censors().length === 0 ? inbox.forcedInclusions(...args) : []),
      },
      pool: {
        remove: pool.remove,
        *pendingByPrice(baseFee) {
          const censored = censors()
          for (const transaction of pool.pendingByPrice(baseFee)) {
            if (!censored.includes(transaction.sender)) yield transaction
          }
        },
      },
      poster: openPoster(place, operator, name),
      ready: () => sync().isSynced,
      turn: createTurns({ spec: place.spec, schedule }),
    },
    {
      ...DEFAULT_PROPOSER_OPTIONS,
      builder: {
        ...DEFAULT_BUILDER_OPTIONS,
        proposer: operator.address,
        coinbase: operator.address,
        blobsMax: 1,
      },
    },
  )
}
