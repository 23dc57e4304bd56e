/**
 * EEST state tests (Cancun, Prague, Osaka; MIT) against our filter, interpreter, overlay and tries: from Shanghai on no frame may fall back to
 * EthereumJS's loop. By default an even pick of a good thousand from every fork; `CONFORMANCE=full` runs all of them.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { frameCounts } from '../../src/engine/evm/frames.ts'
import type { FlatState } from '../../src/engine/state/flatState.ts'
import { createFlatState } from '../../src/engine/state/flatStateOnStore.ts'
import { STATE_SCHEMAS } from '../../src/engine/state/schema.ts'
import type { StateChanges, StateSource } from '../../src/engine/state/source.ts'
import { createEmptyState } from '../../src/engine/state/witness.ts'
import type { Address } from '../../src/primitives/hex.ts'
import { openStore } from '../../src/store/openStore.ts'
import type { Store } from '../../src/store/store.ts'
import {
  canRunStateTests,
  type MakeSource,
  readStateTests,
  runStateTest,
  STATE_TEST_FORKS,
  type StateTest,
} from '../support/engineStateTests.ts'

const IS_FULL = process.env.CONFORMANCE === 'full'
const CASES_PER_FORK = 1000
/** Ten thousands of nested transient-storage writes: seven seconds each in EthereumJS, so in the full run only. */
const SLOW = /test_run_until_out_of_gas/
/** The others are there with fewer: 151 to 264 cases each. */
const LARGE_FORKS = ['Cancun', 'Prague', 'Osaka']
const OWN_LOOP_FORKS = ['Shanghai', ...LARGE_FORKS]

let flatState: FlatState | undefined
let flatStore: Store | undefined
let flatAccounts: readonly Address[] = []

/**
 * Every case is a block of one chain, which takes away the accounts of the case before and brings its own; so the flat state
 * also proves that nothing of an account stays behind. Caches of one entry make nearly every read come from the database.
 */
async function makeFlatSource(pre: StateChanges): Promise<{ source: StateSource }> {
  flatStore ??= await openStore({ path: ':memory:', schemas: { state: STATE_SCHEMAS } })
  const store = flatStore
  flatState ??= await createFlatState({
    store,
    options: { cache: { accounts: 1, slots: 1, nodes: 1, codeBytes: 1 }, nodeWindowBlocks: 1 },
  })
  const state = flatState
  const gone = flatAccounts.filter((address) => !pre.accounts.has(address))
  const accounts = new Map([...pre.accounts, ...gone.map((address) => [address, null] as const)])
  const storage = new Map(pre.storage)
  for (const address of flatAccounts) {
    if (!pre.accounts.has(address)) continue
    storage.set(address, { cleared: true, slots: pre.storage.get(address)?.slots ?? new Map() })
  }
  const changes = { accounts, storage, code: pre.code }
  await store.transaction(async (transaction) => {
    if (state.head.blockNumber < 0n) return state.writeGenesis(transaction, changes)
    await state.stage(state.head.blockNumber + 1n, changes)
    return state.write(transaction)
  })
  state.settle()
  flatAccounts = [...pre.accounts.keys()]
  return { source: state.source() }
}

afterAll(() => flatStore?.close())

const SOURCES: Readonly<Record<string, MakeSource>> = {
  'partial trie': async (changes) => ({ source: createEmptyState().after(changes) }),
  'flat state': makeFlatSource,
}

/** Evenly over the sorted list, so that every family of tests is there. */
function pick(all: readonly StateTest[], count: number): StateTest[] {
  const tests = all.filter(({ name }) => IS_FULL || !SLOW.test(name))
  if (IS_FULL || tests.length <= count) return tests
  return Array.from({ length: count }, (_, i) => tests[Math.floor((i * tests.length) / count)]!)
}

async function failureOf(stateTest: StateTest, makeSource: MakeSource): Promise<string | undefined> {
  const { post, name, entry } = stateTest
  const result = await runStateTest(stateTest, makeSource)
  if ((post.expectException !== undefined) !== (result.refusedBy !== undefined))
    return `${name}: expected ${post.expectException ?? 'execution'}, refused by ${result.refusedBy ?? 'none'}`
  if (result.stateRoot !== post.hash) return `${name}: state root ${result.stateRoot}, expected ${post.hash}`
  if (result.refusedBy !== undefined) return undefined
  if (result.logsHash !== post.logs) return `${name}: logs ${result.logsHash}, expected ${post.logs}`
  if (result.sender !== entry.transaction.sender) return `${name}: sender ${result.sender}`
  return undefined
}

describe.skipIf(!canRunStateTests)('EEST state tests', () => {
  const all = canRunStateTests ? readStateTests() : []

  test('the archive holds 7,037 cases, all of them for forks that are run', () => {
    expect(all).toHaveLength(7037)
    expect(all.filter(({ fork }) => !STATE_TEST_FORKS.includes(fork))).toEqual([])
    expect(all.filter(({ fork }) => OWN_LOOP_FORKS.includes(fork))).toHaveLength(6569)
  })

  for (const [sourceName, makeSource] of Object.entries(SOURCES)) {
    for (const fork of STATE_TEST_FORKS) {
      test(`${fork} posts on the ${sourceName}`, { timeout: 600_000 }, async () => {
        const tests = pick(
          all.filter((stateTest) => stateTest.fork === fork),
          CASES_PER_FORK,
        )
        if (LARGE_FORKS.includes(fork)) expect(tests.length).toBeGreaterThanOrEqual(1000)
        const failures: string[] = []
        const before = { ...frameCounts }
        for (const stateTest of tests) {
          const failure = await failureOf(stateTest, makeSource)
          if (failure !== undefined) failures.push(failure)
        }
        expect(failures).toEqual([])
        if (!OWN_LOOP_FORKS.includes(fork)) return
        expect(frameCounts.own).toBeGreaterThan(before.own)
        expect(frameCounts.stock).toBe(before.stock)
      })
    }
  }
})
