/** A row that is gone or changed stops the node; it never gives another root (F28 of the failures we learned from). */
import { expect, test } from 'vitest'
import { decodeAccountRow } from '../../../../src/engine/state/flatRows.ts'
import { createFlatState } from '../../../../src/engine/state/flatStateOnStore.ts'
import { MissingStateError, type StateChanges } from '../../../../src/engine/state/source.ts'
import type { Store } from '../../../../src/store/store.ts'
import {
  cloneModel,
  createRandom,
  type ModelState,
  modelChanges,
  modelRoot,
} from '../../../support/stateBlocks.ts'
import { createTestChain, SMALL_CACHE } from '../../../support/stateChain.ts'

const SHAPE = { accounts: 60, slots: 40, touches: 25, deletes: 10 }

async function keysOf(store: Store, table: string): Promise<Uint8Array[]> {
  return (await store.all(`SELECT k FROM ${table} ORDER BY k`)).map(({ k }) => k as Uint8Array)
}

/** Runs `attempt` with one row gone or with its last byte changed, then puts it back. */
async function withDamage(
  store: Store,
  table: string,
  key: Uint8Array,
  damage: 'gone' | 'changed',
  attempt: () => Promise<void>,
): Promise<void> {
  const row = (await store.get(`SELECT v FROM ${table} WHERE k = ?`, [key]))?.v as Uint8Array
  const wrong = row.slice()
  // The high nibble: the low one may be the padding of an extension with an odd number of nibbles.
  wrong[wrong.length - 1]! ^= 0x10
  const write = (value: Uint8Array | null) =>
    store.transaction((transaction) => transaction.writePacked(table, [[key, value]]))
  await write(damage === 'gone' ? null : wrong)
  await attempt()
  await write(row)
}

/** Every account and slot gets another value. */
function touchEverything(model: ModelState): { after: ModelState; changes: StateChanges } {
  const after = cloneModel(model)
  for (const account of after.values()) {
    account.nonce += 1n
    for (const slot of account.storage.keys()) account.storage.set(slot, Uint8Array.of(0x7f, 0x7f, 0x7f))
  }
  return { after, changes: modelChanges(after) }
}

for (const damage of ['gone', 'changed'] as const) {
  test(`a branch that is ${damage}: a block on it throws`, async () => {
    const chain = await createTestChain({ seed: 51, shape: SHAPE })
    await chain.grow(12)
    const { after, changes } = touchEverything(chain.models.at(-1)!)
    const live = await liveIds(chain.store)
    let tried = 0
    for (const key of await keysOf(chain.store, 'state_nodes')) {
      // Branches of storage tries that were cleared belong to blocks of the past.
      if (!live.has(idOf(key))) continue
      tried++
      await withDamage(chain.store, 'state_nodes', key, damage, async () => {
        const state = await createFlatState({ store: chain.store, options: { cache: SMALL_CACHE } })
        await expect(state.stage(13n, changes)).rejects.toThrow(MissingStateError)
        await expect(state.source().rootAfter(changes)).rejects.toThrow(MissingStateError)
      })
    }
    expect(tried).toBeGreaterThan(15)
    const state = await createFlatState({ store: chain.store, options: { cache: SMALL_CACHE } })
    expect(await state.stage(13n, changes)).toBe(await modelRoot(after))
    await chain.close()
  })

  test(`a flat row that is ${damage}: a block that writes to it, or beside it, throws or does not depend on it`, async () => {
    const chain = await createTestChain({ seed: 52, shape: SHAPE })
    await chain.grow(12)
    const { after, changes } = touchEverything(chain.models.at(-1)!)
    const right = await modelRoot(after)
    const live = await liveIds(chain.store)
    const outcomes = { threw: 0, right: 0 }
    for (const key of await keysOf(chain.store, 'state_flat')) {
      if (!live.has(idOf(key))) continue
      await withDamage(chain.store, 'state_flat', key, damage, async () => {
        const state = await createFlatState({ store: chain.store, options: { cache: SMALL_CACHE } })
        const result = await state.stage(13n, changes).catch((error: unknown) => error)
        if (result === right) outcomes.right++
        else {
          expect(result).toBeInstanceOf(Error)
          outcomes.threw++
        }
      })
    }
    // The last byte of a slot's row is its preimage, which no root depends on.
    if (damage === 'gone') expect(outcomes.right).toBe(0)
    expect(outcomes.threw).toBeGreaterThan(20)
    await chain.close()
  })
}

test('random rows gone under random blocks: the right root or an error, never another root', async () => {
  const random = createRandom(53)
  const chain = await createTestChain({ seed: 53, shape: SHAPE })
  await chain.grow(10)
  const outcomes = { threw: 0, right: 0 }
  for (let round = 0; round < 120; round++) {
    const table = random(2) === 0 ? 'state_nodes' : 'state_flat'
    const keys = await keysOf(chain.store, table)
    await withDamage(chain.store, table, keys[random(keys.length)]!, 'gone', async () => {
      const after = cloneModel(chain.models.at(-1)!)
      for (const [address, account] of [...after]) {
        if (random(4) > 0) continue
        if (random(3) === 0) after.delete(address)
        else account.balance += 1n
      }
      const before = chain.models.at(-1)!
      const changes: StateChanges = {
        accounts: new Map(
          [...before.keys()].map((address) => [address, modelChanges(after).accounts.get(address) ?? null]),
        ),
        storage: new Map(),
        code: new Map(),
      }
      const state = await createFlatState({ store: chain.store, options: { cache: SMALL_CACHE } })
      const result = await state.stage(11n, changes).catch((error: unknown) => error)
      if (result === (await modelRoot(after))) outcomes.right++
      else {
        expect(result).toBeInstanceOf(MissingStateError)
        outcomes.threw++
      }
    })
  }
  expect(outcomes.threw).toBeGreaterThan(10)
  expect(outcomes.right).toBeGreaterThan(10)
  await chain.close()
})

const idOf = (key: Uint8Array) => Buffer.from(key.subarray(0, 4)).toString('hex')

/** Ids of the accounts' trie and of the storage tries that accounts have now. */
async function liveIds(store: Store): Promise<Set<string>> {
  const ids = new Set(['00000000'])
  for (const { v } of await store.all("SELECT v FROM state_flat WHERE k < x'00000001'")) {
    const { storageId } = decodeAccountRow(v as Uint8Array)
    if (storageId > 0) ids.add(storageId.toString(16).padStart(8, '0'))
  }
  return ids
}
