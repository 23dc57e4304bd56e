import { afterEach, beforeEach, expect, test } from 'vitest'
import { StaleStateError } from '../../../src/engine/state/flatState.ts'
import { MissingStateError } from '../../../src/engine/state/source.ts'
import { createReadPlace } from '../../../src/rpc/caller/placeState.ts'
import { openSnapshots, type Snapshots } from '../../../src/store/snapshots.ts'
import { type CallWorld, contractChanges, createCallWorld, storageChanges } from '../../support/rpcCalls.ts'

const CONTRACT = `0x${'cc'.repeat(20)}` as const
const SLOT = `0x${'00'.repeat(31)}01` as const

let world: CallWorld
let snapshots: Snapshots
beforeEach(async () => {
  world = await createCallWorld()
  await world.addBlock(contractChanges(CONTRACT, '0x00', { 1: 10 }))
  snapshots = await openSnapshots({ path: world.path, cacheKiB: 1024 })
})
afterEach(async () => {
  await snapshots.close()
  await world.close()
})

test('reads the head, and blocks before it, while the node goes on', async () => {
  const readPlace = createReadPlace()
  const places = [await world.addBlock(storageChanges(CONTRACT, { 1: 11 }))]
  const values = await snapshots.read(async (snapshot) => {
    const { state } = await readPlace(snapshot, places[0]!)
    const before = await state.storage(CONTRACT, SLOT)
    places.push(await world.addBlock(storageChanges(CONTRACT, { 1: 12 })))
    // A slot that nobody remembers, so that the database is asked.
    const past = await readPlace(snapshot, places[0]!)
    await expect(readPlace(snapshot, places[1]!)).rejects.toThrow(StaleStateError)
    return [before, await past.state.storage(CONTRACT, SLOT)]
  })
  expect(values).toEqual([Uint8Array.of(11), Uint8Array.of(11)])
  const later = await snapshots.read(async (snapshot) =>
    Promise.all(
      places.map(async (place) => (await readPlace(snapshot, place)).state.storage(CONTRACT, SLOT)),
    ),
  )
  expect(later).toEqual([Uint8Array.of(11), Uint8Array.of(12)])
})

test('forgets what it knew of a head that a reorg took away', async () => {
  const readPlace = createReadPlace()
  const read = (place: Parameters<typeof readPlace>[1]) =>
    snapshots.read(async (snapshot) => (await readPlace(snapshot, place)).state.storage(CONTRACT, SLOT))
  const gone = await world.addBlock(storageChanges(CONTRACT, { 1: 11 }))
  expect(await read(gone)).toEqual(Uint8Array.of(11))
  await world.rewind(0n)
  const instead = await world.addBlock(storageChanges(CONTRACT, { 1: 13 }), 1)
  expect(await read(instead)).toEqual(Uint8Array.of(13))
  await expect(read(gone)).rejects.toThrow(StaleStateError)
})

test('knows the root of the head with changes on it, as the node does', async () => {
  const head = await world.addBlock(storageChanges(CONTRACT, { 1: 11 }))
  const earlier = storageChanges(CONTRACT, { 1: 12, 2: 1 })
  const later = storageChanges(CONTRACT, { 1: 0 })
  const root = await snapshots.read(async (snapshot) => {
    const { state } = await createReadPlace()(snapshot, { ...head, laidOver: earlier })
    expect(await state.storage(CONTRACT, SLOT)).toEqual(Uint8Array.of(12))
    return state.rootAfter(later)
  })
  await world.addBlock(earlier)
  await world.addBlock(later)
  expect(root).toBe(world.state.head.stateRoot)
})

test('a block without a state is no damage of the block', async () => {
  const { chain, store, state } = world
  const { hash } = await world.addBlock(storageChanges(CONTRACT, { 1: 11 }))
  await store.transaction((transaction) => state.rewind(transaction, 0n))
  state.settle()
  expect((await chain.headerByNumber(1n))?.hash).toBe(hash)
  const read = snapshots.read((snapshot) => createReadPlace()(snapshot, { number: 1n, hash }))
  await expect(read).rejects.toThrow(MissingStateError)
})

test('knows the ancestors of a block, and what is not there', async () => {
  const parent = await world.addBlock(storageChanges(CONTRACT, { 1: 11 }))
  const head = await world.addBlock(storageChanges(CONTRACT, { 1: 12 }))
  const known = await snapshots.read(async (snapshot) => {
    const { ancestorHash } = await createReadPlace()(snapshot, head)
    await expect(Promise.resolve(ancestorHash(9n))).rejects.toThrow('block 9')
    return ancestorHash(1n)
  })
  expect(known).toBe(parent.hash)
})
