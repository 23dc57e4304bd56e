/**
 * Blocks end to end: from raw bytes to a sealed block whose state is in SQLite, beside stock EthereumJS (in memory) on the same
 * blocks in the same run. Blocks of the two take turns, so that a busy machine slows both.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFlatState } from '../src/engine/state/flatStateOnStore.ts'
import { STATE_SCHEMA } from '../src/engine/state/schema.ts'
import type { StateChanges } from '../src/engine/state/source.ts'
import { createEngine } from '../src/engine/vm.ts'
import { openStore } from '../src/store/openStore.ts'
import type { BenchRow } from './row.ts'
import { type BlockRunner, createStockRunner } from './stock.ts'
import {
  BASE_FEE,
  type BenchBlock,
  buildBlocks,
  genesisChanges,
  hashOfBlock,
  SPEC,
  WORKLOADS,
} from './workloads.ts'

/** Stock EthereumJS is warm after its first seconds. */
const WARM_UP_BLOCKS = 2
const MEASURED_BLOCKS = 4

export async function run(): Promise<BenchRow[]> {
  const genesis = genesisChanges()
  const rows: BenchRow[] = []
  for (const workload of WORKLOADS) {
    const blocks = buildBlocks(workload, WARM_UP_BLOCKS + MEASURED_BLOCKS)
    await warmUp(genesis, blocks)
    const ours = await createOurRunner(genesis)
    const stock = await createStockRunner(genesis)
    try {
      const costs = await measure(blocks, ours, stock)
      const label = `blocks, ${workload.name}`
      const perSecond = (1000 / costs.ours.wallMs).toFixed(1)
      const transactions = (perSecond: number) =>
        `${Math.round(perSecond * workload.transactionsPerBlock)} tx/s`
      rows.push(
        {
          name: label,
          value: costs.ours.wallMs,
          unit: 'ms/block',
          note: `${perSecond} blocks/s, ${transactions(1000 / costs.ours.wallMs)}, ${costs.ours.cpuMs.toFixed(1)} ms of CPU`,
        },
        { name: `${label}, stock EthereumJS`, value: costs.stock.wallMs, unit: 'ms/block' },
        {
          name: `${label}, times as fast as stock`,
          value: costs.stock.wallMs / costs.ours.wallMs,
          unit: 'ratio',
          note: `${(costs.stock.cpuMs / costs.ours.cpuMs).toFixed(1)} in CPU`,
        },
      )
    } finally {
      await ours.close()
      await stock.close()
    }
  }
  return rows
}

/** Ours is through a block before the compiler has noticed it: all blocks once, on a state that is thrown away. */
async function warmUp(genesis: StateChanges, blocks: readonly BenchBlock[]): Promise<void> {
  const runner = await createOurRunner(genesis)
  for (const [i, block] of blocks.entries()) await runner.run(block, blocks[i + 1])
  await runner.close()
}

type Cost = { readonly wallMs: number; readonly cpuMs: number }

async function measure(
  blocks: readonly BenchBlock[],
  ours: BlockRunner,
  stock: BlockRunner,
): Promise<{ ours: Cost; stock: Cost }> {
  const samples: { ours: Cost; stock: Cost }[] = []
  for (const [i, block] of blocks.entries()) {
    const ourGas = await costOf(() => ours.run(block, blocks[i + 1]))
    const stockGas = await costOf(() => stock.run(block, blocks[i + 1]))
    if (ourGas.result !== stockGas.result)
      throw new Error(`gas of block ${block.number} differs: ours ${ourGas.result}, stock ${stockGas.result}`)
    samples.push({ ours: ourGas.cost, stock: stockGas.cost })
  }
  const measured = samples.slice(WARM_UP_BLOCKS)
  return { ours: mean(measured.map((each) => each.ours)), stock: mean(measured.map((each) => each.stock)) }
}

async function costOf<T>(work: () => Promise<T>): Promise<{ result: T; cost: Cost }> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const result = await work()
  const { user, system } = process.cpuUsage(cpu)
  return { result, cost: { wallMs: performance.now() - start, cpuMs: (user + system) / 1000 } }
}

function mean(costs: readonly Cost[]): Cost {
  const average = (pick: (cost: Cost) => number) =>
    costs.reduce((sum, cost) => sum + pick(cost), 0) / costs.length
  return { wallMs: average(({ wallMs }) => wallMs), cpuMs: average(({ cpuMs }) => cpuMs) }
}

/** As the node works, but for one commit a block: a thread recovers the senders of the next block while this one runs. */
async function createOurRunner(genesis: StateChanges): Promise<BlockRunner> {
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-bench-'))
  const store = await openStore({ path: join(directory, 'state.sqlite'), schemas: { state: [STATE_SCHEMA] } })
  const state = await createFlatState({ store })
  await store.transaction((transaction) => state.writeGenesis(transaction, genesis))
  state.settle()
  const engine = createEngine({ spec: SPEC, workers: 1 })
  return {
    async run({ number, anchor, transactions }, next) {
      const recovered = engine.recoverSenders(next?.transactions ?? [])
      const block = await engine.execute({
        attributes: {
          fork: 'shasta',
          number,
          parentHash: hashOfBlock(number - 1n),
          coinbase: `0x${'c0'.repeat(20)}`,
          gasLimit: 60_000_000n,
          timestamp: 1_800_000_000n + number,
          mixHash: hashOfBlock(0n),
          extraData: Uint8Array.of(75),
          baseFeePerGas: BASE_FEE,
          basefeeSharingPctg: 75,
          anchorBlockNumber: 0n,
          anchorTransaction: anchor,
          transactions: transactions.map((raw) => ({ raw, offset: 0 })),
        },
        state: state.source(),
        ancestorHash: hashOfBlock,
      })
      const failed = block.transactions.filter(({ receipt }) => !receipt.succeeded)
      if (failed.length + block.dropped.length > 0) throw new Error('a transaction of the benchmark failed')
      await state.stage(state.head.blockNumber + 1n, block.changes)
      await store.transaction((transaction) => state.write(transaction))
      state.settle()
      await recovered
      return block.header.gasUsed
    },
    async close() {
      await engine.close()
      await store.close()
      rmSync(directory, { recursive: true })
    },
  }
}
