import { expect, test } from 'vitest'
import { createFlatState } from '../../../../src/engine/state/flatStateOnStore.ts'
import { STATE_SCHEMA } from '../../../../src/engine/state/schema.ts'
import { openStore } from '../../../../src/store/openStore.ts'
import {
  createRandom,
  type ModelState,
  modelChanges,
  modelRoot,
  randomBlock,
} from '../../../support/stateBlocks.ts'

const openMemory = () => openStore({ path: ':memory:', schemas: { state: [STATE_SCHEMA] } })

for (const seed of [1, 2, 3]) {
  test(`block after block has the root that @ethereumjs/mpt computes, seed ${seed}`, async () => {
    const store = await openMemory()
    const state = await createFlatState({ store })
    const random = createRandom(seed)
    const model: ModelState = new Map()
    const genesis = randomBlock(random, model, { accounts: 60, slots: 40, touches: 30, deletes: 0 })
    const root = await store.transaction((transaction) => state.writeGenesis(transaction, genesis))
    state.settle()
    expect(root).toBe(await modelRoot(model))
    for (let block = 1n; block <= 120n; block++) {
      const deletes = block % 40n > 30n ? 90 : 30
      const changes = randomBlock(random, model, { accounts: 60, slots: 40, touches: 12, deletes })
      expect(await state.stage(block, changes)).toBe(await modelRoot(model))
      if (random(4) === 0) {
        await store.transaction((transaction) => state.write(transaction))
        state.settle()
      }
    }
    await store.close()
  })
}
