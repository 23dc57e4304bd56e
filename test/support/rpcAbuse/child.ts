/** Abuses a node for a while, from a process of its own. usage: child.ts, with an IPC channel. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ABUSES, type Abuse } from './kinds.ts'

export type AbuseOrder = { readonly url: string; readonly seconds: number }
/** By abuse and what came of it. */
export type AbuseCounts = Readonly<Record<string, Readonly<Record<string, number>>>>

process.on('message', (order: AbuseOrder) => {
  run(order).then(
    (counts) => process.send?.(counts, () => process.exit(0)),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})

async function run({ url, seconds }: AbuseOrder): Promise<AbuseCounts> {
  const end = performance.now() + seconds * 1000
  const counts: Record<string, Record<string, number>> = {}
  const repeat = async ({ name, run: abuse, pauseMs }: Abuse, from: string) => {
    const outcomes = counts[name] ?? {}
    counts[name] = outcomes
    while (performance.now() < end) {
      // What is on its way when the time is over is left to itself.
      const outcome = await Promise.race([abuse({ url, from }), sleep(end - performance.now(), undefined)])
      if (outcome === undefined) return
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      await sleep(pauseMs)
    }
  }
  await Promise.all(
    ABUSES.flatMap((abuse, index) =>
      Array.from({ length: abuse.atOnce }, () => repeat(abuse, `127.0.1.${index + 1}`)),
    ),
  )
  return counts
}
