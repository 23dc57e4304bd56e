/** Blocks on our engine, from raw bytes to a sealed block whose state is in SQLite. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFlatState } from '../src/engine/state/flatStateOnStore.ts'
import { STATE_SCHEMAS } from '../src/engine/state/schema.ts'
import type { StateChanges } from '../src/engine/state/source.ts'
import { createEngine } from '../src/engine/vm.ts'
import type { ForkName } from '../src/spec/rollupSpec.ts'
import { openStore } from '../src/store/openStore.ts'
import type { BlockRunner } from './stock.ts'
import { BASE_FEE, hashOfBlock, SPEC } from './workloads.ts'

/** As the node works: a thread recovers the senders of the next block while this one runs, and a step of blocks is committed at once. */
export async function createOurRunner(
  genesis: StateChanges,
  options: {
    /** More state around it, staged and committed one by one. */
    readonly filling?: Iterable<StateChanges>
    /** Default 1. */
    readonly blocksPerStep?: number
    /** Default `shasta`, which counts no zk gas. */
    readonly fork?: ForkName
    /** Every block runs on EthereumJS's loop as well, as with `--engine.check`. */
    readonly isChecked?: boolean
  } = {},
): Promise<BlockRunner> {
  const { filling = [], blocksPerStep = 1, fork = 'shasta', isChecked = false } = options
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-bench-'))
  const store = await openStore({ path: join(directory, 'state.sqlite'), schemas: { state: STATE_SCHEMAS } })
  const state = await createFlatState({ store })
  await store.transaction((transaction) => state.writeGenesis(transaction, genesis))
  state.settle()
  for (const changes of filling) {
    await state.stage(state.head.blockNumber + 1n, changes)
    await store.transaction((transaction) => state.write(transaction))
    state.settle()
  }
  const engine = createEngine({ spec: SPEC, workers: 1, isChecked })
  let staged = 0
  return {
    async run({ number, anchor, transactions }, next) {
      const recovered = engine.recoverSenders(next?.transactions ?? [])
      const block = await engine.execute({
        attributes: {
          fork,
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
      staged++
      if (staged % blocksPerStep === 0) {
        await store.transaction((transaction) => state.write(transaction))
        state.settle()
      }
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
