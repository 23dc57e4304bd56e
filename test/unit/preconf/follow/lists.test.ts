/** Inclusion lists on their way from node to node, and what a follower believes of one. */
import { afterEach, expect, test, vi } from 'vitest'
import type { Fault } from '../../../../src/preconf/follow/verify.ts'
import type { SignedListJson } from '../../../../src/preconf/lists/lists.ts'
import type { Hex } from '../../../../src/primitives/hex.ts'
import { signList } from '../../../support/preconfLists.ts'
import {
  createStreamWorld,
  keyOf,
  record,
  type StreamNode,
  type StreamWorld,
} from '../../../support/preconfStream.ts'

let world: StreamWorld
afterEach(() => world?.close())

async function start(seed: string) {
  world = await createStreamWorld({ seed })
  const key = world.keyNow()
  const { domain, transfers } = world
  const { end: windowEnd, lastSlot } = world.windowAt(world.sim.head().header.timestamp)
  const [one, other] = transfers as [Uint8Array, Uint8Array]
  return {
    ...{ key, windowEnd, lastSlot },
    /** As the committer of the window signs them. */
    list: signList(windowEnd, [one, other], { key, domain }),
    second: signList(windowEnd, [one], { key, domain }),
  }
}
const waitFor = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 20_000, interval: 10 })
const sourceOf = (node: StreamNode) => node.follower.status().sources[0]!
const expectConnected = (node: StreamNode) =>
  waitFor(() => expect(sourceOf(node)).toMatchObject({ state: 'connected' }))
const listsUrl = (node: StreamNode) => `${node.url}/preconf/v0/inclusionLists`
const take = (node: StreamNode, list: SignedListJson) => node.follower.take({ type: 'list', list }, 'test')

async function post(node: StreamNode, list: SignedListJson): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(listsUrl(node), { method: 'POST', headers, body: JSON.stringify(list) })
  return response.json()
}
async function get(node: StreamNode, slot: bigint): Promise<unknown> {
  const response = await fetch(`${listsUrl(node)}/${slot}`)
  return response.json()
}

test.each(['url', 'wsUrl'] as const)(
  'a list that a sequencer is given is streamed to a follower, and by it to the next (%s)',
  async (how) => {
    const { list, second, lastSlot, key } = await start(`lists-${how}`)
    const sequencer = await world.openNode('sequencer', { key })
    const follower = await world.openNode('follower', { sources: [sequencer[how]] })
    const behind = await world.openNode('behind', { sources: [follower[how]] })
    await expectConnected(follower)
    await expectConnected(behind)
    const passedOn = record(behind)

    expect(await post(sequencer, list)).toMatchObject({ status: 'taken' })
    for (const node of [follower, behind])
      await waitFor(async () => expect(await get(node, lastSlot)).toEqual([list]))
    // What is known already goes nowhere.
    expect(await post(follower, list)).toMatchObject({ status: 'known' })

    // Two that differ are evidence for everybody.
    expect(await post(sequencer, second)).toMatchObject({ status: 'equivocation' })
    for (const node of [follower, behind])
      await waitFor(async () => expect(await get(node, lastSlot)).toEqual([list, second]))
    const both = [list, second].map((each) => ({ type: 'list', list: each }))
    await waitFor(() => expect(passedOn).toEqual(both))
    for (const node of [follower, behind]) expect(sourceOf(node)).toMatchObject({ received: 2, invalid: 0 })
  },
)

test.each(['url', 'wsUrl'] as const)(
  'who connects after a list was told gets it all the same, while its window is not over (%s)',
  async (how) => {
    const { list, lastSlot, key, windowEnd } = await start(`late-client-${how}`)
    const sequencer = await world.openNode('sequencer', { key })
    expect(await post(sequencer, list)).toMatchObject({ status: 'taken' })
    const follower = await world.openNode('follower', { sources: [sequencer[how]] })
    await waitFor(async () => expect(await get(follower, lastSlot)).toEqual([list]))
    expect(sourceOf(follower)).toMatchObject({ received: 1, invalid: 0 })
    expect(await sequencer.lists.open()).toMatchObject([{ list: { windowEnd } }])
  },
)

test('a list that is not what it says, or of somebody whose window it is not, is wrongList and goes no further', async () => {
  const { list, key, windowEnd, lastSlot } = await start('wrong-lists')
  const { domain, transfers } = world
  const sequencer = await world.openNode('sequencer', { key })
  const follower = await world.openNode('follower', { sources: [sequencer.url] })
  await expectConnected(follower)
  const passedOn = record(follower)
  const nobodys = `0x${'00'.repeat(65)}` as const
  const wrong: Readonly<Record<string, SignedListJson>> = {
    wrongSignature: { ...list, signature: nobodys },
    notTheCommitter: signList(windowEnd, [transfers[0]!], { key: keyOf('nobody'), domain }),
    malformed: { ...list, transactions: list.transactions.slice(1) },
    wrongDomain: signList(windowEnd, [], { key, domain: { ...domain, signingId: `0x${'11'.repeat(32)}` } }),
    wrongChain: signList(windowEnd, [], { key, domain, l2ChainId: 1n }),
    notAWindow: signList(windowEnd - world.spec.l1.secondsPerSlot, [], { key, domain }),
  }
  const fault: Fault = 'wrongList'
  for (const [refusal, each] of Object.entries(wrong))
    expect(await take(follower, each), refusal).toMatchObject({
      type: 'invalid',
      fault,
      detail: expect.stringMatching(new RegExp(`^${refusal}: `)),
    })
  // Who streams one is held to account, and heard all the same.
  for (const each of [wrong.wrongSignature!, wrong.notTheCommitter!])
    sequencer.hub.publish({ type: 'list', list: each })
  await waitFor(() => expect(sourceOf(follower)).toMatchObject({ received: 2, invalid: 2 }))
  expect(passedOn).toEqual([])
  expect(await follower.lists.ofSlot(lastSlot)).toEqual([])
  await post(sequencer, list)
  await waitFor(async () => expect(await get(follower, lastSlot)).toEqual([list]))
  await waitFor(() => expect(passedOn).toEqual([{ type: 'list', list }]))
})

test('a list goes on in one form, however it was written, and once', async () => {
  const { list, key, lastSlot } = await start('one-form')
  const sequencer = await world.openNode('sequencer', { key })
  const follower = await world.openNode('follower', { sources: [sequencer.url] })
  await expectConnected(follower)
  const passedOn = record(follower)
  const shouted = {
    ...list,
    signature: list.signature.toUpperCase().replace('0X', '0x') as Hex,
    note: 'more',
  }
  sequencer.hub.publish({ type: 'list', list: shouted })
  await waitFor(async () => expect(await get(follower, lastSlot)).toEqual([list]))
  await post(sequencer, list)
  await waitFor(() => expect(sourceOf(follower)).toMatchObject({ received: 2, invalid: 0 }))
  expect(passedOn).toEqual([{ type: 'list', list }])
})

test('a list that comes too late, or after two others, is not taken, and is nobody’s fault', async () => {
  const { list, second, key, windowEnd, lastSlot } = await start('late-list')
  const follower = await world.openNode('follower')
  expect(await take(follower, list)).toEqual({ type: 'good' })
  expect(await take(follower, list)).toEqual({ type: 'known' })
  expect(await take(follower, second)).toEqual({ type: 'good' })
  const third = signList(windowEnd, [], { key, domain: world.domain })
  expect(await take(follower, third)).toEqual({ type: 'known' })
  const late = await world.openNode('late')
  while (world.sim.head().header.timestamp <= windowEnd) world.sim.mine({})
  expect(await take(late, list)).toEqual({ type: 'known' })
  expect(await late.lists.ofSlot(lastSlot)).toEqual([])
})

test('a list for a window that L1 has not settled here yet is kept, and taken when it has', async () => {
  const { key, windowEnd, lastSlot } = await start('early-list')
  const sequencer = await world.openNode('sequencer', { key })
  const follower = await world.openNode('follower', { sources: [sequencer.url] })
  await expectConnected(follower)
  const passedOn = record(follower)
  const list = signList(windowEnd, [world.transfers[0]!], { key, domain: world.domain })
  world.setHorizon(lastSlot)
  sequencer.hub.publish({ type: 'list', list })
  await waitFor(() => expect(sourceOf(follower)).toMatchObject({ received: 1, invalid: 0 }))
  expect(passedOn).toEqual([])
  world.setHorizon(lastSlot + 1n)
  await waitFor(async () => expect(await get(follower, lastSlot)).toEqual([list]))
  await waitFor(() => expect(passedOn).toEqual([{ type: 'list', list }]))
})
