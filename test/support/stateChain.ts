/** A flat state grown by seeded blocks, with the plain model of every block kept beside it. Opens an existing one where it stands. */
import type { FlatState } from '../../src/engine/state/flatState.ts'
import { createFlatState, type FlatStateOptions } from '../../src/engine/state/flatStateOnStore.ts'
import { STATE_SCHEMAS as STATE_MIGRATIONS } from '../../src/engine/state/schema.ts'
import type { StateChanges } from '../../src/engine/state/source.ts'
import { logicalDump } from '../../src/store/dump.ts'
import { openStore } from '../../src/store/openStore.ts'
import type { Store } from '../../src/store/store.ts'
import { type BlockShape, cloneModel, createRandom, type ModelState, randomBlock } from './stateBlocks.ts'

export const STATE_SCHEMAS = { state: STATE_MIGRATIONS }
/** Small enough that rows fall out and are read again; a cache of the usual size also takes long to set up. */
export const SMALL_CACHE = { hashedKeys: 50, accounts: 20, slots: 20, nodes: 30, codeBytes: 500 }

export type TestChain = {
  readonly store: Store
  readonly state: FlatState
  /** State after each block, by its number. */
  readonly models: ModelState[]
  /** Stages and commits `count` blocks in steps of a few. */
  grow(count: number): Promise<void>
  rewind(blockNumber: number): Promise<void>
  close(): Promise<void>
}

export async function createTestChain(options: {
  readonly seed: number
  readonly shape: BlockShape
  readonly path?: string
  /** One that is open already, in place of `path`. */
  readonly store?: Store
  readonly state?: FlatStateOptions
}): Promise<TestChain> {
  const store =
    options.store ?? (await openStore({ path: options.path ?? ':memory:', schemas: STATE_SCHEMAS }))
  const flushBlocks = 1 + (options.seed % 5)
  const state = await createFlatState({
    store,
    options: { cache: SMALL_CACHE, flushBlocks, ...options.state },
  })
  const models: ModelState[] = []
  const nextBlock = (): StateChanges => {
    const number = models.length
    // Seeded by the number: a chain grown again, after a rewind or a restart, is the same chain.
    const model = cloneModel(models.at(-1) ?? new Map())
    const changes = randomBlock(createRandom(options.seed * 1_000 + number), model, options.shape)
    models.push(model)
    return changes
  }
  while (models.length <= Number(state.head.blockNumber)) nextBlock()
  if (models.length === 0) {
    await store.transaction((transaction) => state.writeGenesis(transaction, nextBlock()))
    state.settle()
  }
  return {
    store,
    state,
    models,
    grow: async (count) => {
      const steps = createRandom(options.seed + models.length)
      for (let i = 0; i < count; i++) {
        const number = BigInt(models.length)
        await state.stage(number, nextBlock())
        if (i === count - 1 || steps(4) === 0) await commit(store, state)
      }
    },
    rewind: async (blockNumber) => {
      await store.transaction((transaction) => state.rewind(transaction, BigInt(blockNumber)))
      state.settle()
      models.length = blockNumber + 1
    },
    close: () => store.close(),
  }
}

export async function commit(store: Store, state: FlatState): Promise<void> {
  await store.transaction((transaction) => state.write(transaction))
  state.settle()
}

/** With all branches flushed: when they last were is no part of the content. */
export async function dumpOf(
  { store, state }: Pick<TestChain, 'store' | 'state'>,
  tables: readonly string[],
): Promise<string[]> {
  await store.transaction((transaction) => state.flush(transaction))
  state.settle()
  const lines: string[] = []
  for await (const line of logicalDump(store, tables)) lines.push(line)
  return lines
}

/** What test/support/stateWriter.ts grows. */
export const WRITER_SHAPE: BlockShape = { accounts: 200, slots: 60, touches: 40, deletes: 25 }
