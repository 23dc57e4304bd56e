/** A sole sequencer behind the real guard: where nothing else may be promised, L1 is moved on by a batch without promises. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { describeRefusal } from '../../../src/preconf/guard/describeRefusal.ts'
import { type Guard, openGuard } from '../../../src/preconf/guard/guard.ts'
import { createL1View } from '../../../src/preconf/guard/l1View.ts'
import { createHub } from '../../../src/preconf/stream/hub.ts'
import { createStreamJournal, STREAM_SCHEMA } from '../../../src/preconf/stream/journal.ts'
import { createPublisher } from '../../../src/preconf/stream/publisher.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { committerOf, signHash } from '../../../src/promise/signature.ts'
import type { SealSigner } from '../../../src/propose/sequencer/events.ts'
import { openStore } from '../../../src/store/openStore.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import { openHarness } from '../../support/derive/harness.ts'
import { expectSameContent } from '../../support/derive/sameContent.ts'
import { createWorld, type World } from '../../support/sequencerWorld.ts'

const SLOTS_PER_EPOCH = 8
/** Milliseconds: a test goes through minutes of L1 time, and each signature is on the disk. */
const LONG = 180_000
const WINDOW_SECONDS = 2n * 96n
const KEY = new Uint8Array(32).fill(7)
const COMMITTER = committerOf(KEY)

let world: World
let guard: Guard
const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

/** The first slot of a window of ours, which is all of L1's windows. */
async function open(seed: string): Promise<number> {
  world = await createWorld({ seed, operators: [1], slotsPerEpoch: SLOTS_PER_EPOCH })
  ending.push(() => world.close())
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-held-'))
  ending.push(() => rmSync(directory, { recursive: true }))
  const view = createL1View(world)
  guard = await openGuard({
    path: join(directory, 'guard.db'),
    counterPath: join(directory, 'counter'),
    domain: world.domain,
    signers: [{ address: COMMITTER, sign: async (hash) => signHash(hash, KEY) }],
    slots: world.spec.l1,
    windowSeconds: WINDOW_SECONDS,
    readL1: view.read,
  })
  ending.push(() => guard.close())
  return world.sim.head().beacon.slot + 2
}

const sign: SealSigner = async (commitment) => {
  const answer = await guard.signBlock(COMMITTER, commitment)
  if (answer.type === 'signed') return answer
  const { refusal } = answer
  return {
    type: 'refused',
    reason: describeRefusal(refusal),
    needsLanding: refusal.reason !== 'windowTooFar',
  }
}

test(
  'a new guard, and blocks that are given up: each time the place is moved on and promises go on',
  async () => {
    const first = await open('held')
    let share = 75
    const { inbox } = world
    const one = await world.start(1, {
      deps: {
        sign,
        inbox: { ...inbox, config: async () => ({ ...(await inbox.config()), basefeeSharingPctg: share }) },
      },
    })
    // The guard is new: what lands has nobody's promise, until one is later than its wait.
    await world.until(first + SLOTS_PER_EPOCH, 1000)
    expect(one.sealed()).toEqual([])
    expect(world.proposals().length).toBeGreaterThan(0)
    const from = first + 3 * SLOTS_PER_EPOCH
    await world.until(from, 1000)
    expect((await guard.status()).type).toBe('ready')
    expect(one.sealed().length).toBeGreaterThan(0)
    const [given] = await world.chain.hashes(
      world.chain.heads().safe.number + 1n,
      world.chain.heads().latest.number,
    )
    expect(given).toBeDefined()
    // From here on the inbox would make other blocks of the batch under way than were promised, until they are given up.
    share = 74
    world.chain.onChange(({ removed }) => {
      if (removed.some(({ hash }) => hash === given!.hash)) share = 75
    })
    const promised = one.sealed().length
    const transaction = await world.pool.add(await world.transfer())
    const reasons = new Set<string | undefined>()
    for (let slot = from + 1; slot < from + 2 * SLOTS_PER_EPOCH; slot++) {
      await world.until(slot, 1000)
      reasons.add(one.sequencer.held())
    }
    await one.stop()
    expect(share).toBe(75)
    expect([...reasons]).toContain('another block was begun on it, and nobody would hear of one in its place')
    expect(await world.chain.transactionPosition(transaction)).toBeDefined()
    const later = one.sealed().slice(promised)
    expect(later.length).toBeGreaterThan(0)
    // What came in the place of the first was promised by nobody, and all that was promised on it landed.
    const { number } = given!
    const [instead] = await world.chain.hashes(number, number)
    expect(one.sealed().map((block) => block.hash)).not.toContain(instead!.hash)
    const last = later.at(-1)!
    expect(await world.chain.hashes(last.header.number, last.header.number)).toMatchObject([
      { hash: last.hash },
    ])
    await world.node.dropUnsafe()
    const fresh = await openHarness({ sim: world.sim, l1: world.l1, path: ':memory:' })
    await fresh.sync()
    expectSameContent(await world.node.dump(), await fresh.dump(), 'a fresh derivation')
    await fresh.close()
  },
  LONG,
)

test(
  'a forced inclusion that would be another block in each L1 slot lands without promises, which go on behind it',
  async () => {
    const first = await open('silent')
    // L2 has nothing for so long that the time of an inherited block depends on the proposal's.
    const from = first + 18 * SLOTS_PER_EPOCH
    await world.until(from - 7 * SLOTS_PER_EPOCH)
    world.queueForced([await world.transfer(3)])
    await world.until(from - 1)
    const reasons = new Set<string>()
    const one = await world.start(1)
    for (let slot = from; slot < from + 2 * SLOTS_PER_EPOCH; slot++) {
      await world.until(slot, 1000)
      reasons.add(one.sequencer.held() ?? 'not held')
    }
    await one.stop()
    expect([...reasons].sort()).toEqual([
      expect.stringMatching(/^forced inclusion 0 makes another block in each L1 slot/),
      'not held',
    ])
    const { safe } = world.chain.heads()
    const forced = []
    for (let number = 2n; number <= safe.number; number++) {
      const block = await world.chain.blockByNumber(number)
      if ((await world.chain.origin(number))?.sourceIndex === 0) forced.push(block!)
    }
    expect(forced.flatMap(({ transactions }) => transactions).length).toBeGreaterThan(1)
    expect(one.sealed().length).toBeGreaterThan(0)
    expect(one.sealed()[0]!.header.number).toBeGreaterThan(2n)
  },
  LONG,
)

test(
  'where a block was begun in an earlier window no other is promised, so that whatever is promised is heard',
  async () => {
    const first = await open('begun')
    const store = await openStore({ path: ':memory:', schemas: { stream: STREAM_SCHEMA } })
    ending.push(() => store.close())
    const journal = createStreamJournal({ store, domain: world.domain })
    const hub = createHub({ logger: silentLogger })
    const heard = new Set<Hash>()
    hub.subscribe((message) => {
      if (message.type === 'sealed') heard.add(message.block.hash)
    })
    const publisher = createPublisher({
      ...{ journal, hub, logger: silentLogger },
      sign: async (message) => {
        const answer = await guard.signStream(COMMITTER, { ...message, l2ChainId: world.spec.l2.chainId })
        return answer.type === 'signed' ? answer : { type: 'refused', reason: answer.refusal.reason }
      },
    })
    const start = async () => {
      const one = await world.start(1, {
        deps: {
          journal,
          async sign(commitment) {
            // Or its time, which is not that of the guard's disk, would leave the stream behind.
            await publisher.settled()
            return sign(commitment)
          },
        },
      })
      one.sequencer.onEvent(publisher.note)
      return one
    }
    const before = await start()
    const from = first + 3 * SLOTS_PER_EPOCH
    await world.until(from + 1, 1000)
    await before.stop()
    const begun = before.events.findLast((event) => event.type === 'opened')!
    expect(before.sealed().at(-1)!.hash).toBe(begun.parentHash)
    await world.until(from + SLOTS_PER_EPOCH + 1)
    const after = await start()
    await world.until(from + 3 * SLOTS_PER_EPOCH - 1)
    await after.stop()
    await publisher.settled()
    const promised = [...before.sealed(), ...after.sealed()]
    expect(after.sealed().length).toBeGreaterThan(0)
    expect(promised.filter(({ hash }) => !heard.has(hash)).map(({ header }) => header.number)).toEqual([])
    expect(promised.map(({ header }) => header.parentHash)).not.toContain(begun.parentHash)
    // What was promised before it has landed.
    expect(await world.chain.hashes(begun.number - 1n, begun.number - 1n)).toMatchObject([
      { hash: begun.parentHash },
    ])
  },
  LONG,
)

test(
  'a forced block behind which nothing can be promised is given up, and lands without promises',
  async () => {
    const first = await open('behind')
    world.queueForced([await world.transfer(3)])
    // Due by the end of the window that begins then.
    const from = first + 5 * SLOTS_PER_EPOCH
    await world.until(from - 1)
    const signer = world.createSigner(1)
    let refused: { readonly number: bigint; readonly windowEnd: bigint } | undefined
    const one = await world.start(1, {
      deps: {
        async sign(commitment) {
          const parent = one.sealed().at(-1)
          if (refused !== undefined || !parent?.metadata.isForcedInclusion) return signer(commitment)
          refused = { number: commitment.blockNumber, windowEnd: commitment.windowEnd }
          return { type: 'refused', reason: 'another block stands there', needsLanding: true }
        },
      },
    })
    await world.until(from + 2 * SLOTS_PER_EPOCH - 1)
    await one.stop()
    expect(refused).toBeDefined()
    const forced = one.sealed().find(({ metadata }) => metadata.isForcedInclusion)!
    const { number } = forced.header
    // The same block as it was promised, or another one: L1 says which, and promises go on in the same window.
    expect(await world.chain.origin(number)).toMatchObject({ sourceIndex: 0 })
    const behind = one.sealed().filter(({ header }) => header.number > number)
    expect(behind[0]!.commitment.windowEnd).toBe(refused!.windowEnd)
    expect(one.sealed().filter(({ metadata }) => metadata.isForcedInclusion)).toHaveLength(1)
  },
  LONG,
)
