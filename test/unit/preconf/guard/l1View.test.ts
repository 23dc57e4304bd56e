/** On a real chain store: what the guard is told of it, and how rarely it asks. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { BlockOrigin, Chain, StoredBlock, UnsafeOrigin } from '../../../../src/chain/chain.ts'
import { CHAIN_SCHEMAS } from '../../../../src/chain/schema.ts'
import { createChain } from '../../../../src/chain/sqliteChain.ts'
import type { L1Header, L1Position } from '../../../../src/l1/l1.ts'
import { createL1View, type L1ViewReader } from '../../../../src/preconf/guard/l1View.ts'
import { TemporaryError } from '../../../../src/primitives/errors.ts'
import { openStore } from '../../../../src/store/openStore.ts'
import type { Store } from '../../../../src/store/store.ts'
import { emptyBlock, emptyBlocks } from '../../../support/rpcFakes.ts'
import { hashOf } from './place.ts'

const ANCHOR = { number: 1n, hash: hashOf(1), timestamp: 1n }
const UNSAFE: UnsafeOrigin = {
  fork: 'shasta',
  proposalId: 1n,
  isForcedInclusion: false,
  anchorBlock: ANCHOR as never,
}
const LANDED = {
  ...UNSAFE,
  sourceIndex: 0,
  indexInSource: 0,
  listed: [],
  dropped: [],
} as BlockOrigin

let store: Store
let chain: Chain
let head: L1Position | undefined
const ancestor = vi.fn(
  async ({ number, hash }: L1Position) => ({ number, hash, timestamp: 5_000n + number }) as L1Header,
)
const l1 = {
  status: () => ({ ...(head && { head }), trust: 'single-provider', providers: [] }) as const,
  ancestor,
}
let view: L1ViewReader

/** Blocks 0 to 3 landed, 1 final. */
const landed = emptyBlocks(0n, 4)
const on = (parent: StoredBlock, count: number, salt = 0n): StoredBlock[] => {
  const first = emptyBlock(parent.header.number + 1n, parent.hash)
  if (salt === 0n) return [first, ...emptyBlocks(first.header.number + 1n, count - 1, first.hash)]
  const header = { ...first.header, gasLimit: first.header.gasLimit + salt }
  const other = { ...first, header, hash: hashOf(salt * 1_000n + header.number) }
  return [other, ...emptyBlocks(header.number + 1n, count - 1, other.hash)]
}
const refOf = (block: StoredBlock) => ({ number: block.header.number, hash: block.hash })

/** One commit: back to `keep`, then these, which have landed up to `safe`. */
async function commit(
  keep: bigint,
  blocks: readonly StoredBlock[],
  safe: StoredBlock,
  tip?: StoredBlock,
): Promise<void> {
  await store.transaction(async (transaction) => {
    await chain.truncate(transaction, keep)
    for (const block of blocks)
      if (block.header.number <= safe.header.number)
        await chain.append(transaction, [{ block, origin: LANDED }])
      else await chain.appendUnsafe(transaction, block, UNSAFE)
    const latest = refOf(tip ?? blocks.at(-1) ?? safe)
    const finalized = refOf(landed[1]!)
    await chain.setHeads(transaction, { latest, safe: refOf(safe), finalized, executable: finalized })
  })
  chain.settle()
}

beforeEach(async () => {
  head = { number: 9n, hash: hashOf(9) }
  ancestor.mockClear()
  store = await openStore({ path: ':memory:', schemas: { chain: CHAIN_SCHEMAS } })
  chain = await createChain(store)
  await store.transaction(async (transaction) => {
    for (const block of landed) await chain.append(transaction, [{ block, origin: LANDED }])
    const [safe, final] = [refOf(landed[3]!), refOf(landed[1]!)]
    await chain.setHeads(transaction, { latest: safe, safe, finalized: final, executable: final })
  })
  chain.settle()
  view = createL1View({ chain, l1 })
})
afterEach(async () => {
  view.close()
  await store.close()
})

async function isRemoved(block: StoredBlock): Promise<boolean> {
  return (await view.read()).isRemoved(block.hash, block.header.number)
}

test('the L1 head, what has landed and what is final, each with its time', async () => {
  expect(await view.read()).toMatchObject({
    timestamp: 5_009n,
    landed: { number: 3n, timestamp: landed[3]!.header.timestamp },
    finalizedNumber: 1n,
    finalizedTimestamp: landed[1]!.header.timestamp,
  })
})

test('asks nothing again before a head changes', async () => {
  const headerByNumber = vi.spyOn(chain, 'headerByNumber')
  for (let i = 0; i < 100; i++) await view.read()
  expect([ancestor.mock.calls.length, headerByNumber.mock.calls.length]).toEqual([1, 2])
  head = { number: 10n, hash: hashOf(10) }
  expect((await view.read()).timestamp).toBe(5_010n)
  await commit(3n, on(landed[3]!, 1), on(landed[3]!, 1)[0]!)
  expect((await view.read()).landed.number).toBe(4n)
  expect([ancestor.mock.calls.length, headerByNumber.mock.calls.length]).toEqual([2, 4])
})

test('fails for as long as L1 cannot be asked, and not longer', async () => {
  head = undefined
  await expect(view.read()).rejects.toThrow(TemporaryError)
  head = { number: 9n, hash: hashOf(9) }
  ancestor.mockRejectedValueOnce(new TemporaryError('away'))
  await expect(view.read()).rejects.toThrow('away')
  expect((await view.read()).timestamp).toBe(5_009n)
})

describe('a block is removed', () => {
  test('not while it is in the chain, landed or not', async () => {
    const unsafe = on(landed[3]!, 3)
    await commit(3n, unsafe, landed[3]!)
    for (const block of [...landed, ...unsafe]) expect(await isRemoved(block)).toBe(false)
  })

  test('not when it was only dropped here', async () => {
    const unsafe = on(landed[3]!, 3)
    await commit(3n, unsafe, landed[3]!)
    await commit(4n, on(unsafe[0]!, 1, 7n), landed[3]!)
    for (const block of unsafe) expect(await isRemoved(block)).toBe(false)
  })

  test('when L1 has put another one in its place, and so is all that was built on it', async () => {
    const unsafe = on(landed[3]!, 3)
    await commit(3n, unsafe, landed[3]!)
    const other = on(landed[3]!, 1, 7n)
    await commit(3n, other, other[0]!)
    for (const block of unsafe) expect(await isRemoved(block)).toBe(true)
    expect(await isRemoved(other[0]!)).toBe(false)
    expect(await isRemoved(emptyBlock(3n))).toBe(true)
  })

  test('when it was dropped first, and L1 replaced an ancestor later', async () => {
    const unsafe = on(landed[3]!, 4)
    await commit(3n, unsafe, landed[3]!)
    await commit(5n, [], landed[3]!, unsafe[1]!)
    const [third] = on(unsafe[1]!, 1, 7n)
    await commit(5n, [third!], landed[3]!)
    const other = on(landed[3]!, 2, 9n)
    await commit(3n, other, other[0]!)
    for (const block of [...unsafe, third!]) expect(await isRemoved(block)).toBe(true)
  })

  test('no longer when L1 goes back to it', async () => {
    const unsafe = on(landed[3]!, 2)
    await commit(3n, unsafe, landed[3]!)
    const other = on(landed[3]!, 1, 7n)
    await commit(3n, other, other[0]!)
    await commit(3n, unsafe, unsafe[0]!)
    expect(await isRemoved(unsafe[1]!)).toBe(false)
    expect(await isRemoved(other[0]!)).toBe(true)
  })

  test('also of those that were there at the start', async () => {
    const unsafe = on(landed[3]!, 3)
    await commit(3n, unsafe, landed[3]!)
    view.close()
    view = createL1View({ chain, l1 })
    const other = on(landed[3]!, 1, 7n)
    await commit(3n, other, other[0]!)
    expect(await isRemoved(unsafe[2]!)).toBe(true)
  })

  test('and of one that nobody knows, that is not said', async () => {
    expect(await isRemoved(emptyBlock(8n, hashOf(7)))).toBe(false)
  })
})
