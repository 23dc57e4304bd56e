/** A state that began as an imported one: branches kept back on it, a crash, and rewinds to its first block. INV-3, INV-6. */
import { expect, test } from 'vitest'
import { readExportHead } from '../../../../src/engine/state/flatExport.ts'
import { finishImport, writeImported } from '../../../../src/engine/state/flatImport.ts'
import { openStore } from '../../../../src/store/openStore.ts'
import type { PackedEntry, Store } from '../../../../src/store/store.ts'
import type { BlockShape } from '../../../support/stateBlocks.ts'
import { createTestChain, dumpOf, STATE_SCHEMAS } from '../../../support/stateChain.ts'

const SEED = 83
const SHAPE: BlockShape = { accounts: 120, slots: 40, touches: 15, deletes: 25 }
const NEVER = { flushBlocks: 1_000_000 }
const BEGINNING = 20

const rowsOf = async (store: Store, table: string): Promise<PackedEntry[]> =>
  (await store.all(`SELECT k, v FROM ${table}`)).map(({ k, v }) => [k as Uint8Array, v as Uint8Array])

test('a crash with unflushed branches, then a rewind to the first block, leave what was imported', async () => {
  const whole = await createTestChain({ seed: SEED, shape: SHAPE, state: { flushBlocks: 1 } })
  await whole.grow(BEGINNING)
  const store = await openStore({ path: ':memory:', schemas: STATE_SCHEMAS })
  const [flat, nodes, codes] = await Promise.all(
    ['state_flat', 'state_nodes', 'state_code'].map((table) => rowsOf(whole.store, table)),
  )
  const head = await readExportHead(whole.store, BigInt(BEGINNING))
  await store.transaction(async (transaction) => {
    await writeImported(transaction, { flat: flat!, nodes: nodes!, codes: codes! })
    await finishImport(transaction, { blockNumber: BigInt(BEGINNING), ...head })
  })
  const open = (state: object = NEVER) => createTestChain({ seed: SEED, shape: SHAPE, state, store })
  const tables = ['state_flat', 'state_nodes']
  const before = await dumpOf(whole, tables)

  await (await open()).grow(15)
  const crashed = await open()
  expect(crashed.state.head.blockNumber).toBe(BigInt(BEGINNING + 15))
  await expect(crashed.rewind(BEGINNING - 1)).rejects.toThrow(`the state of block ${BEGINNING - 1}`)
  crashed.state.discard()
  await crashed.rewind(BEGINNING)
  expect(await dumpOf(crashed, tables)).toEqual(before)

  // Grown by steps that flush now and then, and cut past the window of kept branches.
  const narrow = await open({ flushBlocks: 7, nodeWindowBlocks: 3 })
  await narrow.grow(30)
  await (await open({ ...NEVER, nodeWindowBlocks: 3 })).rewind(BEGINNING + 10)
  await whole.grow(10)
  expect(await dumpOf(await open(), tables)).toEqual(await dumpOf(whole, tables))
  await store.close()
  await whole.close()
})
