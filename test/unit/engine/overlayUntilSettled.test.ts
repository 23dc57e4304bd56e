/** The state after a block that is about to be committed: laid over the one before, then the database's own. */
import { expect, test } from 'vitest'
import { StaleStateError } from '../../../src/engine/state/flatState.ts'
import { overlayUntilSettled } from '../../../src/engine/state/laidOver.ts'
import type { StateSource } from '../../../src/engine/state/source.ts'
import type { Address, Hash } from '../../../src/primitives/hex.ts'

const root: Hash = `0x${'01'.repeat(32)}`
const address: Address = `0x${'0a'.repeat(20)}`

/** Answers with its number until it is stale; at once or later. */
function createSource(number: number, isLater: boolean) {
  let isStale = false
  const answer = <T>(value: T): T | Promise<T> => {
    if (isStale && !isLater) throw new StaleStateError()
    if (!isLater) return value
    return Promise.resolve().then(() => {
      if (isStale) throw new StaleStateError()
      return value
    })
  }
  const source: StateSource = {
    stateRoot: root,
    account: () => answer({ nonce: BigInt(number), balance: 0n, storageRoot: root, codeHash: root }),
    storage: () => answer(Uint8Array.of(number)),
    code: () => answer(Uint8Array.of(number)),
    rootAfter: async () => answer<`0x${string}`>(`0x${number}`),
  }
  return { source, end: () => (isStale = true) }
}

const readAll = async (source: StateSource) => [
  (await source.account(address))?.nonce,
  (await source.storage(address, root))[0],
  (await source.code(root))[0],
  await source.rootAfter({ accounts: new Map(), storage: new Map(), code: new Map() }),
]

for (const isLater of [false, true])
  test(`goes on where the block was committed, read ${isLater ? 'from the disk' : 'from memory'}`, async () => {
    const before = createSource(1, isLater)
    const after = createSource(2, isLater)
    let asked = 0
    const state = overlayUntilSettled(before.source, () => {
      asked++
      return after.source
    })
    expect(await readAll(state)).toEqual([1n, 1, 1, '0x1'])
    // One read is on its way when the block is committed.
    const reading = isLater ? state.account(address) : undefined
    before.end()
    expect((await reading)?.nonce).toBe(isLater ? 2n : undefined)
    expect(await readAll(state)).toEqual([2n, 2, 2, '0x2'])
    expect(asked).toBe(1)
  })

test('is stale when another block came first, and when the next one has come', async () => {
  const before = createSource(1, false)
  const after = createSource(2, false)
  let settled: StateSource | undefined
  const state = overlayUntilSettled(before.source, () => settled)
  before.end()
  await expect(readAll(state)).rejects.toBeInstanceOf(StaleStateError)
  settled = after.source
  expect(await readAll(state)).toEqual([2n, 2, 2, '0x2'])
  after.end()
  settled = undefined
  await expect(readAll(state)).rejects.toBeInstanceOf(StaleStateError)
})

test('any other failure of the state is told as it is', async () => {
  const failure = new Error('damaged')
  const broken = { ...createSource(1, false).source, code: () => Promise.reject(failure) }
  const state = overlayUntilSettled(broken, () => createSource(2, false).source)
  await expect(state.code(root)).rejects.toBe(failure)
})
