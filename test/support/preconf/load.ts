/** Load on a net from a process of its own. */
import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { Load, LoadResult } from './loadProtocol.ts'
import type { PreconfNet } from './net.ts'
import { readDomain } from './traffic.ts'

const CHILD = join(import.meta.dirname, 'loadChild.ts')

/** On the first sequencer. */
export async function makeLoad(net: PreconfNet, work: Load['work']): Promise<LoadResult> {
  const { config } = net.l1.sim
  const { slasher } = await readDomain(net)
  const { slotsPerEpoch } = config.schedule as { readonly slotsPerEpoch: number }
  const load: Load = {
    url: net.sequencers[0]!.url,
    l2ChainId: net.l1.spec.l2.chainId.toString(),
    slasher,
    slots: {
      genesisTime: Number(config.genesisTime),
      secondsPerSlot: Number(config.secondsPerSlot),
      slotsPerEpoch,
    },
    work,
  }
  const child = fork(CHILD, [], { execArgv: ['--import', 'tsx'] })
  return new Promise((resolve, reject) => {
    child.once('message', (result) => resolve(result as LoadResult))
    child.once('exit', (code) => reject(new Error(`the process that makes load ended with ${code}`)))
    child.send(load)
  })
}

/** Of a list that is not empty, by rank. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN
}
