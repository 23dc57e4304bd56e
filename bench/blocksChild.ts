/**
 * One machine on one workload, in a process of its own: in a shared one the compiler would have to make code that serves both.
 * Runs the next block at each message and answers what it cost.
 */
import { register } from 'node:module'

register('./onBuild.ts', import.meta.url)
const { createOurRunner } = await import('./ours.ts')
const { createStockRunner } = await import('./stock.ts')
const { buildBlocks, genesisChanges, WORKLOADS } = await import('./workloads.ts')

export type Cost = { readonly wallMs: number; readonly cpuMs: number }
export type ChildAnswer = { readonly cost: Cost; readonly gasUsed: bigint }

/** On smaller blocks: `plain` is ours, `metered` ours with zk gas counted, `checked` that with every block run on both loops. */
export type Machine = 'ours' | 'stock' | 'metered' | 'plain' | 'checked'

const [machine, workloadName] = process.argv.slice(2) as [Machine, string]
const workload = WORKLOADS.find(({ name }) => name === workloadName)
if (workload === undefined) throw new Error(`no workload ${workloadName}`)

const isFull = machine === 'ours' || machine === 'stock'
const { transactionsPerBlock, meteredPerBlock, blocksPerStep } = workload
const blocks = buildBlocks(
  workload,
  workload.warmUpBlocks + workload.measuredBlocks,
  isFull ? transactionsPerBlock : meteredPerBlock,
)
const runner = await (machine === 'stock'
  ? createStockRunner(genesisChanges())
  : createOurRunner(genesisChanges(), {
      blocksPerStep,
      fork: isFull || machine === 'plain' ? 'shasta' : 'unzen',
      isChecked: machine === 'checked',
    }))

async function runBlock(index: number): Promise<ChildAnswer> {
  const block = blocks[index]
  if (block === undefined) throw new Error('there are no more blocks')
  const cpu = process.cpuUsage()
  const start = performance.now()
  const gasUsed = await runner.run(block, blocks[index + 1])
  const { user, system } = process.cpuUsage(cpu)
  return { gasUsed, cost: { wallMs: performance.now() - start, cpuMs: (user + system) / 1000 } }
}

process.on('message', (index: number) => {
  runBlock(index).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
process.on('disconnect', () => {
  runner.close().then(() => process.exit(0))
})
