/** Load on a net from processes of their own. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { GO, type Load, type LoadMessage, type LoadResult } from './loadProtocol.ts'
import type { PreconfNet } from './net.ts'
import { FEW_THREADS } from './node.ts'
import { readDomain } from './traffic.ts'

const CHILD = join(import.meta.dirname, 'loadChild.ts')

/** On the first sequencer. */
export async function makeLoad(net: PreconfNet, work: Load['work']): Promise<LoadResult> {
  const [result] = await makeLoads(net, [work])
  return result
}

/** Each from a process of its own. All begin at once, when the last one has nothing left to prepare: that takes seconds of a core. */
export async function makeLoads<const Works extends readonly Load['work'][]>(
  net: PreconfNet,
  works: Works,
): Promise<{ readonly [index in keyof Works]: LoadResult }> {
  const { config } = net.l1.sim
  const { slasher } = await readDomain(net)
  const { slotsPerEpoch } = config.schedule as { readonly slotsPerEpoch: number }
  const common: Omit<Load, 'work'> = {
    url: net.sequencers[0]!.url,
    l2ChainId: net.l1.spec.l2.chainId.toString(),
    slasher,
    slots: {
      genesisTime: Number(config.genesisTime),
      secondsPerSlot: Number(config.secondsPerSlot),
      slotsPerEpoch,
    },
  }
  const children = works.map((work) => {
    const child = fork(CHILD, [], { execArgv: [FEW_THREADS, '--import', 'tsx'] })
    child.send({ ...common, work } satisfies Load)
    return child
  })
  // Listened to from the start: one that ends before the others are ready is heard of.
  const results = Promise.all(children.map((child) => once(child, 'done')))
  results.catch(() => {})
  try {
    await Promise.all(children.map((child) => once(child, 'ready')))
    for (const child of children) child.send(GO)
    return (await results).map(({ result }) => result) as { [index in keyof Works]: LoadResult }
  } finally {
    for (const child of children) child.kill()
  }
}

function once<Type extends LoadMessage['type']>(
  child: ChildProcess,
  type: Type,
): Promise<Extract<LoadMessage, { type: Type }>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) =>
      reject(new Error(`the process that makes load ended with ${code}`))
    child.on('exit', onExit)
    child.on('message', function onMessage(message: LoadMessage) {
      if (message.type !== type) return
      child.off('message', onMessage)
      child.off('exit', onExit)
      resolve(message as Extract<LoadMessage, { type: Type }>)
    })
  })
}

/** Of a list that is not empty, by rank. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN
}
