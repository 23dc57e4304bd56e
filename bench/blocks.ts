/**
 * Blocks end to end: from raw bytes to a sealed block whose state is in SQLite, beside stock EthereumJS (in memory) on the same
 * blocks in the same run. Blocks of the two take turns, so that a busy machine slows both.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ChildAnswer, Cost } from './blocksChild.ts'
import type { BenchRow } from './row.ts'
import { WORKLOADS, type Workload } from './workloads.ts'

/** As compiled files are named when this one is compiled. */
const CHILD = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './blocksChild.ts' : './blocksChild.js', import.meta.url),
)

export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const workload of WORKLOADS) rows.push(...rowsOf(workload, await measure(workload)))
  return rows
}

function rowsOf({ name, transactionsPerBlock }: Workload, costs: { ours: Cost; stock: Cost }): BenchRow[] {
  const { ours, stock } = costs
  const label = `blocks, ${name}`
  const perSecond = 1000 / ours.wallMs
  const rates = `${perSecond.toFixed(1)} blocks/s, ${Math.round(perSecond * transactionsPerBlock)} tx/s`
  return [
    {
      name: label,
      value: ours.wallMs,
      unit: 'ms/block',
      note: `${rates}, ${ours.cpuMs.toFixed(1)} ms of CPU`,
    },
    {
      name: `${label}, stock EthereumJS`,
      value: stock.wallMs,
      unit: 'ms/block',
      note: `${stock.cpuMs.toFixed(1)} ms of CPU`,
    },
    {
      name: `${label}, times as fast as stock`,
      value: stock.wallMs / ours.wallMs,
      unit: 'ratio',
      note: `${(stock.cpuMs / ours.cpuMs).toFixed(1)} in CPU`,
    },
  ]
}

/** Mean cost of a block after the warm-up. */
async function measure(workload: Workload): Promise<{ ours: Cost; stock: Cost }> {
  const start = (machine: string) => fork(CHILD, [machine, workload.name], { serialization: 'advanced' })
  const [ours, stock] = [start('ours'), start('stock')]
  const samples: { ours: Cost; stock: Cost }[] = []
  try {
    for (let index = 0; index < workload.warmUpBlocks + workload.measuredBlocks; index++) {
      const [our, their] = [await runBlock(ours, index), await runBlock(stock, index)]
      if (our.gasUsed !== their.gasUsed)
        throw new Error(`gas of block ${index} differs: ours ${our.gasUsed}, stock ${their.gasUsed}`)
      if (index >= workload.warmUpBlocks) samples.push({ ours: our.cost, stock: their.cost })
    }
  } finally {
    for (const child of [ours, stock]) if (child.connected) child.disconnect()
  }
  return { ours: mean(samples.map((each) => each.ours)), stock: mean(samples.map((each) => each.stock)) }
}

function runBlock(child: ChildProcess, index: number): Promise<ChildAnswer> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error('a benchmark process ended early; its error is above'))
    child.once('exit', onExit)
    child.once('message', (answer: ChildAnswer) => {
      child.off('exit', onExit)
      resolve(answer)
    })
    child.send(index)
  })
}

function mean(costs: readonly Cost[]): Cost {
  const average = (pick: (cost: Cost) => number) =>
    costs.reduce((sum, cost) => sum + pick(cost), 0) / costs.length
  return { wallMs: average(({ wallMs }) => wallMs), cpuMs: average(({ cpuMs }) => cpuMs) }
}
