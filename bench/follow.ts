/** From a sealed block of a sequencer to the follower's `latest`, over a connection on this machine, each with its files on the disk. */
import { createStreamWorld, type StreamNode } from '../test/support/preconfStream.ts'
import type { BenchRow } from './row.ts'

const BLOCKS = 200
/** Two processes would share the work between two cores. */
const NOTE = 'both in one process'

export async function run(): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = []
  for (const how of ['url', 'wsUrl'] as const) {
    const world = await createStreamWorld({ seed: `bench-${how}`, turns: ['one'], windowSlots: 64n })
    world.setClockOffset(BigInt(BLOCKS) + 10n)
    const key = world.keyNow()
    const sequencer = await world.openNode('sequencer', { key, files: 'sequencer' })
    const follower = await world.openNode('follower', { sources: [sequencer[how]], files: 'follower' })
    const author = world.createAuthor(sequencer, key)
    await until(() => follower.follower.status().sources[0]?.state === 'connected')
    const times: number[] = []
    for (let i = 0; i < BLOCKS; i++) {
      const raw = world.transfers[i]
      const block = await author.build({ frags: raw === undefined ? [] : [[raw]], until: 'extended' })
      const start = performance.now()
      const done = becomes(follower, block.hash)
      sequencer.publisher.note({ type: 'sealed', block, frags: raw === undefined ? 0 : 1 })
      await done
      times.push(performance.now() - start)
      await sequencer.publisher.settled()
    }
    await world.close()
    times.sort((a, b) => a - b)
    const at = (share: number) => times[Math.ceil(times.length * share) - 1] ?? 0
    const name = how === 'url' ? 'server-sent events' : 'WebSocket'
    rows.push(
      { name: `sealed to a follower's latest, ${name}, p50`, value: at(0.5), unit: 'ms', note: NOTE },
      { name: `sealed to a follower's latest, ${name}, p99`, value: at(0.99), unit: 'ms', note: NOTE },
    )
  }
  return rows
}

function becomes({ chain }: StreamNode, hash: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = chain.onChange(({ heads }) => {
      if (heads.latest.hash !== hash) return
      stop()
      resolve()
    })
  })
}

async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 5))
}
