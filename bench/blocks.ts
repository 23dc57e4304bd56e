/**
 * Blocks end to end: from raw bytes to a sealed block whose state is in SQLite, beside stock EthereumJS (in memory) on the same
 * blocks in the same run; with zk gas counted beside without; and with every block checked (`--engine.check`) beside not. Blocks of the two
 * take turns, so that a busy machine slows both.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ChildAnswer, Cost, Machine } from './blocksChild.ts'
import type { BenchRow } from './row.ts'
import { WORKLOADS, type Workload } from './workloads.ts'

const CHILD = fileURLToPath(new URL('./blocksChild.ts', import.meta.url))

/** Steps of EthereumJS's loop are slow, and the more so where each is listened to. */
const CHECKED: readonly string[] = ['ERC-20 transfers', 'anchor-only']
const CHECKED_BLOCKS = 10

/** Mean of a block. */
type Mean = Cost & { readonly gas: number }

export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const workload of WORKLOADS) {
    rows.push(...besideStock(workload, await measure(workload, 'ours', 'stock')))
    rows.push(metering(workload, await measure(workload, 'metered', 'plain')))
    const few = { ...workload, warmUpBlocks: CHECKED_BLOCKS, measuredBlocks: CHECKED_BLOCKS }
    if (CHECKED.includes(workload.name)) rows.push(checking(few, await measure(few, 'checked', 'metered')))
  }
  return rows
}

function besideStock(
  { name, transactionsPerBlock }: Workload,
  [ours, stock]: readonly [Mean, Mean],
): BenchRow[] {
  const label = `blocks, ${name}`
  const perSecond = 1000 / ours.wallMs
  const rates = `${perSecond.toFixed(1)} blocks/s, ${Math.round(perSecond * transactionsPerBlock)} tx/s`
  const cost = ({ cpuMs }: Mean) => `${cpuMs.toFixed(1)} ms of CPU`
  const speed = (mean: Mean) => mean.gas / 1000 / mean.wallMs
  return [
    { name: label, value: ours.wallMs, unit: 'ms/block', note: `${rates}, ${cost(ours)}` },
    { name: `${label}, stock EthereumJS`, value: stock.wallMs, unit: 'ms/block', note: cost(stock) },
    {
      name: `${label}, gas`,
      value: speed(ours),
      unit: 'Mgas/s',
      note: `stock ${speed(stock).toFixed(1)}`,
    },
    {
      name: `${label}, times as fast as stock`,
      value: stock.wallMs / ours.wallMs,
      unit: 'ratio',
      note: `${(stock.cpuMs / ours.cpuMs).toFixed(1)} in CPU`,
    },
  ]
}

function metering({ name }: Workload, [metered, plain]: readonly [Mean, Mean]): BenchRow {
  const speed = metered.gas / 1000 / metered.wallMs
  return {
    name: `blocks, ${name}, with zk gas counted`,
    value: speed,
    unit: 'Mgas/s',
    note: `${(metered.cpuMs / plain.cpuMs).toFixed(2)} times the CPU of the same blocks without`,
  }
}

function checking({ name }: Workload, [checked, metered]: readonly [Mean, Mean]): BenchRow {
  return {
    name: `blocks, ${name}, run on both loops`,
    value: checked.cpuMs / metered.cpuMs,
    unit: 'ratio',
    note: `${checked.cpuMs.toFixed(1)} ms of CPU beside ${metered.cpuMs.toFixed(1)} without`,
  }
}

/** After the warm-up. */
async function measure(workload: Workload, ...machines: readonly [Machine, Machine]): Promise<[Mean, Mean]> {
  const start = (machine: Machine) => fork(CHILD, [machine, workload.name], { serialization: 'advanced' })
  const [first, second] = [start(machines[0]), start(machines[1])]
  const samples: [ChildAnswer, ChildAnswer][] = []
  try {
    for (let index = 0; index < workload.warmUpBlocks + workload.measuredBlocks; index++) {
      const answers: [ChildAnswer, ChildAnswer] = [
        await runBlock(first, index),
        await runBlock(second, index),
      ]
      const [one, other] = answers.map(({ gasUsed }) => gasUsed)
      if (one !== other)
        throw new Error(`gas of block ${index} differs: ${machines[0]} ${one}, ${machines[1]} ${other}`)
      if (index >= workload.warmUpBlocks) samples.push(answers)
    }
  } finally {
    for (const child of [first, second]) if (child.connected) child.disconnect()
  }
  return [mean(samples.map(([one]) => one)), mean(samples.map(([, other]) => other))]
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

function mean(answers: readonly ChildAnswer[]): Mean {
  const average = (pick: (answer: ChildAnswer) => number) =>
    answers.reduce((sum, answer) => sum + pick(answer), 0) / answers.length
  return {
    wallMs: average(({ cost }) => cost.wallMs),
    cpuMs: average(({ cost }) => cost.cpuMs),
    gas: average(({ gasUsed }) => Number(gasUsed)),
  }
}
