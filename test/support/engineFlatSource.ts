/** Flat states for suites with thousands of small cases: one database in memory, emptied between cases. */
import { createFlatState } from '../../src/engine/state/flatStateOnStore.ts'
import { STATE_SCHEMA } from '../../src/engine/state/schema.ts'
import type { StateChanges, StateSource } from '../../src/engine/state/source.ts'
import { openStore } from '../../src/store/openStore.ts'
import type { Store } from '../../src/store/store.ts'

const TABLES = [
  'state_flat',
  'state_nodes',
  'state_code',
  'state_history',
  'state_node_history',
  'state_blocks',
  'state_node_window',
]
const CACHE = { hashedKeys: 1_000, accounts: 1_000, slots: 1_000, nodes: 1_000, codeBytes: 4 * 1024 * 1024 }

let opened: Promise<Store> | undefined
let last: Promise<unknown> = Promise.resolve()

/**
 * A state that holds exactly `changes`, committed and read back from the database through empty caches.
 * The one made before it ends with this call.
 */
export async function makeFlatSource(changes: StateChanges): Promise<{ readonly source: StateSource }> {
  const made = last.then(() => makeOne(changes))
  last = made.catch(() => {})
  return made
}

async function makeOne(changes: StateChanges): Promise<{ readonly source: StateSource }> {
  opened ??= openStore({ path: ':memory:', schemas: { state: [STATE_SCHEMA] } })
  const store = await opened
  await store.transaction(async (transaction) => {
    for (const table of TABLES) await transaction.run(`DELETE FROM ${table}`)
    const empty = await createFlatState({ store, options: { cache: CACHE } })
    await empty.writeGenesis(transaction, changes)
  })
  return { source: (await createFlatState({ store, options: { cache: CACHE } })).source() }
}
