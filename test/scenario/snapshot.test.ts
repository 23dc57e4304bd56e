/**
 * A node that began with a snapshot holds, from its block on, what a node holds that has derived everything; L1 may reorganise above it, and
 * a load may be stopped anywhere.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isInitialised } from '../../src/derive/genesis.ts'
import { assertNotLoading } from '../../src/snapshot/begin.ts'
import { CHAIN_STORE_SCHEMAS } from '../../src/snapshot/chainStore.ts'
import { isLoading } from '../../src/snapshot/load.ts'
import { logicalDump } from '../../src/store/dump.ts'
import { openStore } from '../../src/store/openStore.ts'
import type { Store } from '../../src/store/store.ts'
import { connectL1, openHarness } from '../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../support/derive/payload.ts'
import { happen } from '../support/derive/randomChain.ts'
import { Stop, stopAtCall } from '../support/derive/stops.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'
import {
  contentAbove,
  createFrom,
  loadInto,
  proveHead,
  provenSpecOf,
  temporaryDirectory,
} from '../support/snapshot.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 600_000

let place: ReturnType<typeof temporaryDirectory>
let transactions: readonly Uint8Array[]
const at = (name: string) => join(place.path, name)

beforeEach(async () => {
  place = temporaryDirectory()
  transactions ??= await Promise.all(Array.from({ length: 40 }, (_, nonce) => signTransfer(nonce)))
})
afterEach(() => place.remove())

function grow(sim: SimulatedL1, blocks: number): void {
  for (let i = 0; i < blocks; i++) happen(sim, transactions, true)
}

test.each([1, 2, 3])(
  'a second node from a snapshot and a third from nothing hold the same, through a reorg above it; seed %i',
  async (seed) => {
    const sim = createSimulatedL1({ seed: `snapshot-${seed}`, forcedInclusionDelay: 36n })
    const l1 = await connectL1(sim)
    const spec = provenSpecOf(sim)
    grow(sim, 30)
    const first = await openHarness({ sim, l1, path: at('first.db') })
    await first.sync()
    const proven = await proveHead(sim, first)
    // The first node is ahead when its snapshot is made: the state is one of the past.
    grow(sim, 12)
    await first.sync()
    expect(first.chain.heads().executable).toEqual(proven)
    const created = await createFrom(at('first.db'), at('snapshot'), spec)
    expect(created.manifest.block).toMatchObject({ number: Number(proven.number), hash: proven.hash })

    const began = await loadInto(at('second.db'), { l1, spec, source: at('snapshot') })
    expect(began).toMatchObject({ blockNumber: proven.number, hash: proven.hash, sum: created.sum })
    const second = await openHarness({ sim, l1, path: at('second.db') })
    expect(second.chain.heads()).toMatchObject({ latest: proven, safe: proven, executable: proven })
    await second.sync()
    expect(second.chain.heads()).toEqual(first.chain.heads())
    expect(await contentAbove(second, proven.number)).toEqual(await contentAbove(first, proven.number))

    // L1 takes back blocks that both have derived.
    for (const depth of [4, 9]) {
      sim.reorg({ depth, transactions: 'shuffle', missedSlots: 1 })
      grow(sim, 3)
      await first.sync()
      await second.sync()
    }
    const third = await openHarness({ sim, l1, path: ':memory:' })
    await third.sync()
    expect(second.chain.heads()).toEqual(third.chain.heads())
    const wanted = await contentAbove(third, proven.number)
    expect(wanted.length).toBeGreaterThan(100)
    expect(await contentAbove(second, proven.number)).toEqual(wanted)
    expect(await contentAbove(first, proven.number)).toEqual(wanted)

    // A node that began with a snapshot makes the same one, byte for byte.
    const again = await createFrom(at('second.db'), at('again'), spec, { block: proven.number })
    expect(again.sum).toBe(created.sum)
    await Promise.all([first, second, third].map((node) => node.close()))
    await l1.close()
  },
  TIMEOUT_MS,
)

/** A seeded choice of places to stop at. */
const LOADS = 12
/** Calls to the database of a load without a stop; nearly. */
const CALLS = 60

test(
  'a load that is stopped anywhere goes on, and ends in the database of one that was not',
  async () => {
    const { sim, l1, spec, node } = await provenChain('stopped-load')
    await createFrom(at('node.db'), at('snapshot'), spec)
    await loadInto(at('whole.db'), { l1, spec, source: at('snapshot') })
    const whole = await tablesOf(at('whole.db'))
    for (let i = 0; i < LOADS; i++) {
      const path = at(`stopped-${i}.db`)
      let stops = 0
      for (;;) {
        const call = 1 + sim.random.below(CALLS)
        const wrapStore = (store: Store) => stopAtCall(store, call)
        try {
          await loadInto(path, { l1, spec, source: at('snapshot'), wrapStore })
          break
        } catch (error) {
          if (!(error instanceof Stop)) throw error
          stops++
          // Whoever starts a node on it now is told, and nothing is overwritten.
          const store = await openStore({ path, schemas: CHAIN_STORE_SCHEMAS })
          const isDone = await isInitialised(store)
          if (await isLoading(store))
            await expect(assertNotLoading(store)).rejects.toThrow('--sync.checkpoint')
          await store.close()
          if (isDone) break
        }
      }
      expect(await tablesOf(path), `${stops} stops`).toEqual(whole)
    }
    await node.close()
    await l1.close()
  },
  TIMEOUT_MS,
)

test(
  'a creation that is stopped goes on, and a damaged chunk of it is written again: the files are those of one that was not',
  async () => {
    const { l1, spec, node } = await provenChain('stopped-creation')
    const whole = await createFrom(at('node.db'), at('whole'), spec)
    for (const stopAfter of [1, 2, 3, 4]) {
      const directory = at(`stopped-${stopAfter}`)
      const stopping = new AbortController()
      const stopped = createFrom(at('node.db'), directory, spec, {
        signal: stopping.signal,
        onProgress: ({ chunks }) => chunks === stopAfter && stopping.abort(new Stop('stopped')),
      })
      await expect(stopped).rejects.toThrow(Stop)
      if (stopAfter === 3) await writeFile(join(directory, 'accounts-00000.gz'), 'damaged')
      expect((await createFrom(at('node.db'), directory, spec)).sum).toBe(whole.sum)
      expect(await filesOf(directory)).toEqual(await filesOf(at('whole')))
    }
    // Another directory's files are nobody's to write over.
    await expect(createFrom(at('node.db'), at('whole'), spec)).rejects.toThrow('holds other files')
    await node.close()
    await l1.close()
  },
  TIMEOUT_MS,
)

test(
  'a reorg of L1 below the snapshot stops the node with a sentence, and nothing is changed',
  async () => {
    const { sim, l1, spec, node } = await provenChain('reorg-below')
    await createFrom(at('node.db'), at('snapshot'), spec)
    await node.close()
    await loadInto(at('second.db'), { l1, spec, source: at('snapshot') })
    const second = await openHarness({ sim, l1, path: at('second.db') })
    await second.sync()
    const before = await second.dump()
    const { cursor } = {
      cursor: Number(
        (await second.chain.proposal(second.chain.heads().executable.number))?.l1.blockNumber ?? 1n,
      ),
    }
    sim.reorg({
      depth: Number(sim.head().header.number) - Math.min(cursor, 2),
      transactions: 'drop',
      missedSlots: 0,
    })
    grow(sim, 20)
    await expect(second.sync()).rejects.toThrow(/none of the L1 blocks this node remembers/)
    expect(await second.dump()).toBe(before)
    await second.close()
    await l1.close()
  },
  TIMEOUT_MS,
)

test(
  'history before the snapshot is not there; proofs and states from it on are',
  async () => {
    const { sim, l1, spec, node, proven } = await provenChain('history')
    await createFrom(at('node.db'), at('snapshot'), spec)
    await loadInto(at('second.db'), { l1, spec, source: at('snapshot') })
    const second = await openHarness({ sim, l1, path: at('second.db') })
    await second.sync()
    const { chain, state } = second
    expect(await chain.firstBlock?.()).toBe(proven.number)
    expect(await chain.blockByNumber(proven.number - 1n)).toBeUndefined()
    expect(await chain.blockByNumber(proven.number)).toEqual(await node.chain.blockByNumber(proven.number))
    expect(await chain.hashes(0n, proven.number)).toEqual(await node.chain.hashes(0n, proven.number))
    await expect(state.at(proven.number - 1n)).rejects.toThrow('state is incomplete')
    const head = chain.heads().latest.number
    expect(head).toBeGreaterThan(proven.number)
    const address = spec.l2.anchor
    for (let number = proven.number; number <= head; number++) {
      expect(await state.proof(address, [], number)).toEqual(await node.state.proof(address, [], number))
      expect((await state.at(number)).stateRoot).toBe((await node.state.at(number)).stateRoot)
    }
    await Promise.all([node, second].map((each) => each.close()))
    await l1.close()
  },
  TIMEOUT_MS,
)

/** Some proposals, the last of them proven, and a few blocks behind it. */
async function provenChain(seed: string) {
  const sim = createSimulatedL1({ seed })
  const l1 = await connectL1(sim)
  for (let i = 0; i < 4; i++) {
    sim.mine()
    sim.propose({
      payload: payloadAfter(sim, { blocks: 2, transactions: transactions.slice(3 * i, 3 * i + 3) }),
    })
  }
  const node = await openHarness({ sim, l1, path: at('node.db') })
  await node.sync()
  const proven = await proveHead(sim, node)
  sim.propose({ payload: payloadAfter(sim, { transactions: transactions.slice(12, 15) }) })
  await node.sync()
  return { sim, l1, spec: provenSpecOf(sim), node, proven }
}

async function tablesOf(path: string): Promise<string[]> {
  const store = await openStore({ path, schemas: CHAIN_STORE_SCHEMAS })
  const tables = (await store.all("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")).map(
    ({ name }) => String(name),
  )
  const lines: string[] = []
  for await (const line of logicalDump(store, tables)) lines.push(line)
  await store.close()
  return lines
}

async function filesOf(directory: string): Promise<[string, string][]> {
  const names = (await readdir(directory)).sort()
  return Promise.all(
    names.map(
      async (name): Promise<[string, string]> => [
        name,
        (await readFile(join(directory, name))).toString('base64'),
      ],
    ),
  )
}
