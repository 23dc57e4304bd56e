/**
 * EEST state tests (Cancun, Prague, Osaka; MIT) against our filter, overlay and tries. By default an even pick of a good
 * thousand from every fork; `CONFORMANCE=full` runs all of them.
 */
import { describe, expect, test } from 'vitest'
import { createEmptyState } from '../../src/engine/state/witness.ts'
import {
  canRunStateTests,
  type MakeSource,
  readStateTests,
  runStateTest,
  STATE_TEST_FORKS,
  type StateTest,
} from '../support/engineStateTests.ts'

const IS_FULL = process.env.CONFORMANCE === 'full'
const CASES_PER_FORK = 1005
/** The others are there with fewer: 151 to 264 cases each. */
const LARGE_FORKS = ['Cancun', 'Prague', 'Osaka']

const SOURCES: Readonly<Record<string, MakeSource>> = {
  'partial trie': async (changes) => ({ source: createEmptyState().after(changes) }),
}

/** Evenly over the sorted list, so that every family of tests is there. */
function pick(tests: readonly StateTest[], count: number): StateTest[] {
  if (IS_FULL || tests.length <= count) return [...tests]
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
        for (const stateTest of tests) {
          const failure = await failureOf(stateTest, makeSource)
          if (failure !== undefined) failures.push(failure)
        }
        expect(failures).toEqual([])
      })
    }
  }
})
