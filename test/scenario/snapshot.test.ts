/**
 * A node that began with a snapshot holds, from its block on, what a node holds that has derived everything; L1 may reorganise above it, and
 * a load may be stopped anywhere.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectL1, type Harness, openHarness } from '../support/derive/harness.ts'
import { signTransfer } from '../support/derive/payload.ts'
import { happen } from '../support/derive/randomChain.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'
import { createFrom, loadInto, proveHead, provenSpecOf, temporaryDirectory } from '../support/snapshot.ts'

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

/** Rows of blocks above `number`, the heads, and the state as it is; what is kept of the time before is another matter. */
async function contentAbove(node: Harness, number: bigint): Promise<string[]> {
  const dump = (await node.dump()).split('\n')
  const rows: string[] = []
  for (const line of dump) {
    const match = /^(\w+) (\[.*)$/.exec(line)
    const table = match?.[1]
    if (table === undefined || table === 'transactions') continue
    if (['state_flat', 'state_nodes', 'state_code', 'heads'].includes(table)) rows.push(line)
  }
  for (const [table, column] of Object.entries({
    blocks: 'number',
    origins: 'block_number',
    proposals: 'first_block',
    state_blocks: 'number',
  }))
    for (const row of await node.store.all(`SELECT * FROM ${table} WHERE ${column} > ? ORDER BY ${column}`, [
      number,
    ]))
      rows.push(
        `${table} ${JSON.stringify(row, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value))}`,
      )
  for (const row of await node.store.all('SELECT hex(k) AS k, hex(v) AS v FROM state_history ORDER BY k')) {
    const block = BigInt(`0x${String(row.k).slice(72)}`)
    if (block > number) rows.push(`state_history ${row.k} ${row.v}`)
  }
  return rows
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
