/** Every operator of the world as a sequencer, each hearing the others, and a follower that hears them all. */
import { defined } from '../../primitives/assert.ts'
import { freePort } from './freePort.ts'
import type { NodeWishes, RunningNode } from './nodes.ts'
import type { World } from './world.ts'

export type Sequencers = {
  /** As they are now; by operator. */
  sequencers(): readonly RunningNode[]
  readonly follower: RunningNode
  /** A stopped one, on its own files. */
  restart(operator: number): Promise<RunningNode>
}

export async function startSequencers(
  world: World,
  wishes: Pick<NodeWishes, 'beaconUrl' | 'follows'> = {},
): Promise<Sequencers> {
  // Each has to know the others' addresses before they run.
  const ports = await Promise.all(world.operators.map(freePort))
  const streams = ports.map((port) => `ws://127.0.0.1:${port}`)
  const start = (index: number) =>
    world.start({
      name: `operator-${index}`,
      operator: defined(world.operators[index], `the operator ${index}`),
      port: defined(ports[index], 'its port'),
      follows: streams.filter((_, other) => other !== index),
    })
  const nodes: RunningNode[] = []
  for (const index of world.operators.keys()) nodes.push(await start(index))
  return {
    sequencers: () => nodes,
    follower: await world.start({
      ...wishes,
      name: 'follower',
      follows: [...streams, ...(wishes.follows ?? [])],
    }),
    async restart(index) {
      const started = await start(index)
      nodes[index] = started
      return started
    },
  }
}
