/**
 * A devnet with three proposers, recorded: one does his work, one leaves a sender out, one misses turns or posts late. Real sequencers, posters
 * and contracts' rules on the L1 in this process, in a time that moves only when everybody waits: one seed makes one history.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commitFlush } from '../../../src/derive/commit.ts'
import { LISTS_SCHEMA } from '../../../src/preconf/lists/lists.ts'
import { createPromiseBook, PROMISES_SCHEMA } from '../../../src/preconf/promises/book.ts'
import { createFirstSeen } from '../../../src/preconf/promises/firstSeen.ts'
import { createPromiseFollower } from '../../../src/preconf/promises/follow.ts'
import { createHeadMarks } from '../../../src/preconf/promises/headMarks.ts'
import { createL1Facts } from '../../../src/preconf/promises/l1Facts.ts'
import { STREAM_SCHEMA } from '../../../src/preconf/stream/journal.ts'
import { defined } from '../../../src/primitives/assert.ts'
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { serializeRollupSpec } from '../../../src/spec/specFile.ts'
import { openStore } from '../../../src/store/openStore.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import { ACCOUNTS } from '../l1/accounts.ts'
import { createRandom } from '../l1/random.ts'
import { createWorld, type RunningSequencer } from '../sequencerWorld.ts'
import { createUsers, type Users } from './users.ts'

const GENESIS_FILE = join(import.meta.dirname, '../../../contracts/artifacts/devnet-genesis.json')
const [STEADY, EXCLUDING, UNRELIABLE] = [0, 1, 2] as const
/** Epoch after epoch, again and again. */
const TURNS = [STEADY, EXCLUDING, UNRELIABLE, EXCLUDING] as const
const SLOTS_PER_EPOCH = 8
/** L1 slots. */
const FINAL_BEHIND = 16
const PROVES_EVERY = 12
/** Seconds after which a forced inclusion has to be taken. */
const FORCED_INCLUSION_DELAY = 96n
/** Slots that the one who is left out waits before he goes by way of L1, and between his payments. */
const PATIENCE = 5
const PAUSE = 3
const MISSED_SLOT_CHANCE = 0.03
/** Of the unreliable one's turns. */
const [ASLEEP_CHANCE, LATE_CHANCE] = [0.45, 0.35]
/** Slots of his turn that pass before what he posts gets into a block, when he is late. */
const LATE_SLOTS = 6
/** Moments of a slot at which somebody may do something, in milliseconds. */
const MOMENTS = [1000, 5000, 9000] as const
const ACTS_CHANCE = 0.8

export type RecordedDevnet = Awaited<ReturnType<typeof recordDevnet>>

/** Folder: `node` (what a node that hears everything has on its disk), `rollup.json`, `genesis.json`, `labels.csv`. The L1 is left to be served. */
export async function recordDevnet(options: {
  readonly dir: string
  readonly slots: number
  readonly seed: string
  readonly onSlot?: (done: number) => void
}) {
  const { dir, slots, seed, onSlot = () => {} } = options
  const dataDir = join(dir, 'node')
  mkdirSync(join(dataDir, 'preconf'), { recursive: true })
  const random = createRandom(`recorded devnet ${seed}`)
  const world = await createWorld({
    seed,
    operators: TURNS,
    slotsPerEpoch: SLOTS_PER_EPOCH,
    path: join(dataDir, 'chain.db'),
    l1: { forcedInclusionDelay: FORCED_INCLUSION_DELAY },
  })
  const { sim, spec, node, pool } = world
  const book = await keepBook(world, join(dataDir, 'preconf', 'preconf.db'))
  const users = await createUsers(pool, random.fork('users'))

  const start = async (index: number, settings: Parameters<typeof world.start>[1] = {}) => {
    const sequencer = await world.start(index, {
      ...settings,
      options: { blockMs: 4000, fragMs: 2000, postIntervalMs: 4000 },
    })
    book.listen(sequencer)
    return sequencer
  }
  const excluded = createExcluded(world, users)
  const steady = await start(STEADY)
  const excluding = await start(EXCLUDING, { pool: without(pool, users.excluded) })
  const unreliable = createUnreliable(world, random.fork('unreliable'), () => start(UNRELIABLE))

  const first = world.slotNow() + 1
  for (let slot = first; slot < first + slots; slot++) {
    if (random.chance(MISSED_SLOT_CHANCE)) world.missed.add(slot + 1)
    for (const moment of MOMENTS) {
      await world.until(slot, moment)
      if (random.chance(ACTS_CHANCE)) await users.act()
    }
    await unreliable.step(slot)
    await excluded.step(slot)
    if (slot % PROVES_EVERY === 0) await prove(world)
    const final = Number(sim.head().header.number) - FINAL_BEHIND
    if (final > Number(sim.view.finalized().header.number)) sim.setFinalized(final)
    onSlot(slot - first + 1)
  }
  await unreliable.stop()
  for (const sequencer of [excluding, steady]) await sequencer.stop()
  await node.dropUnsafe()
  await node.driver.between(() => commitFlush(node))
  await book.close()
  await world.close()

  const proposers = {
    steady: addressOf(STEADY),
    excluding: addressOf(EXCLUDING),
    unreliable: addressOf(UNRELIABLE),
  }
  const labels = Object.entries(proposers).map(([label, address]) => `${address},${label},the recorder\n`)
  writeFileSync(join(dir, 'labels.csv'), `address,label,source\n${labels.join('')}`)
  writeFileSync(join(dir, 'rollup.json'), serializeRollupSpec(spec))
  copyFileSync(GENESIS_FILE, join(dir, 'genesis.json'))
  return {
    ...{ sim, spec, proposers },
    lastFinal: Number(sim.view.finalized().header.number),
    /** Whom the excluding one leaves out. */
    excluded: users.excluded,
    /** First L1 slots of the turns that the unreliable one slept through, and of those in which he was late. */
    unreliable: unreliable.told(),
    forced: excluded.forced(),
  }
}

type World = Awaited<ReturnType<typeof createWorld>>

function addressOf(index: number): Address {
  return defined(ACCOUNTS[index], 'an account').address
}

/** A pool as somebody sees it who does not want to see a sender. */
function without(pool: World['pool'], sender: Address): World['pool'] {
  return {
    ...pool,
    *pendingByPrice(baseFeePerGas) {
      for (const transaction of pool.pendingByPrice(baseFeePerGas))
        if (transaction.sender !== sender) yield transaction
    },
  }
}

/** What a node that follows all sequencers writes down. */
async function keepBook({ spec, chain, node, l1, sim, pool, clock, domain }: World, path: string) {
  const store = await openStore({
    path,
    schemas: { stream: STREAM_SCHEMA, promises: PROMISES_SCHEMA, lists: LISTS_SCHEMA },
  })
  const book = createPromiseBook({ store, spec, domain })
  const cursor = () => ({ number: sim.head().header.number, hash: sim.head().hash })
  const follower = createPromiseFollower({
    ...{ store, chain, state: node.state, logger: silentLogger },
    l1: createL1Facts({ l1, cursor }),
  })
  const marks = createHeadMarks({ store, chain, logger: silentLogger, now: clock.now })
  const firstSeen = createFirstSeen({ pool, store, logger: silentLogger, now: clock.now })
  const noted: Promise<void>[] = []
  return {
    listen({ sequencer, address }: RunningSequencer) {
      sequencer.onEvent((event) => {
        if (event.type !== 'sealed') return
        const { commitment, commitmentHash, signature } = event.block
        const heard = { signer: address, isOurs: false, heardAt: clock.now() }
        noted.push(book.noteBlock({ commitment, commitmentHash, signature, ...heard }))
      })
    },
    async close() {
      await Promise.all(noted)
      follower.refresh()
      await follower.settled()
      await follower.close()
      await marks.close()
      await firstSeen.close()
      await book.close()
      await store.close()
    },
  }
}

/** Pays now and then, and when nobody takes it goes by way of L1. */
function createExcluded({ chain, queueForced }: World, users: Users) {
  let waiting:
    | { readonly hash: Hash; readonly raw: Uint8Array; readonly since: number; isForced: boolean }
    | undefined
  let nextAt = 0
  let forced = 0
  return {
    async step(slot: number): Promise<void> {
      if (waiting !== undefined && (await chain.transactionPosition(waiting.hash)) !== undefined) {
        waiting = undefined
        nextAt = slot + PAUSE
      }
      if (waiting === undefined) {
        if (slot >= nextAt) waiting = { ...(await users.payAsExcluded()), since: slot, isForced: false }
      } else if (!waiting.isForced && slot - waiting.since >= PATIENCE) {
        queueForced([waiting.raw])
        waiting.isForced = true
        forced++
      }
    },
    forced: () => forced,
  }
}

/** Sleeps through some of his turns; in others nothing of his gets into a block for a while. */
function createUnreliable(
  world: World,
  random: ReturnType<typeof createRandom>,
  start: () => Promise<RunningSequencer>,
) {
  let running: RunningSequencer | undefined
  const asleep: number[] = []
  const late: number[] = []
  let slowUntil = 0
  const isHis = (slot: number) => TURNS[Math.floor(slot / SLOTS_PER_EPOCH) % TURNS.length] === UNRELIABLE
  const stop = async () => {
    await running?.stop()
    running = undefined
  }
  return {
    stop,
    told: () => ({ asleep, late, slotsPerEpoch: SLOTS_PER_EPOCH }),
    async step(slot: number): Promise<void> {
      if (slot === slowUntil) world.withholdPosts(false)
      const isTurnOver = !isHis(slot) && !isHis(slot + 1)
      if (running !== undefined && isTurnOver) await stop()
      if (!isHis(slot + 1) || isHis(slot)) return
      const roll = random.unit()
      if (roll < ASLEEP_CHANCE) {
        asleep.push(slot + 1)
        return
      }
      running = await start()
      if (roll >= ASLEEP_CHANCE + LATE_CHANCE) return
      late.push(slot + 1)
      world.withholdPosts(addressOf(UNRELIABLE))
      slowUntil = slot + 1 + LATE_SLOTS
    },
  }
}

/** Everything that has landed, with what it came to. */
async function prove({ sim, chain, queueOnL1 }: World): Promise<void> {
  const firstProposalId = sim.head().inbox.lastFinalizedProposalId + 1n
  const ids = sim.proposals().flatMap(({ id }) => (id >= firstProposalId ? [id] : []))
  const stored = await Promise.all(ids.map((id) => chain.proposal(id)))
  const proposals = stored.map((proposal) => defined(proposal, 'a proposal'))
  const [first, last] = [proposals[0], proposals.at(-1)]
  if (first === undefined || last === undefined) return
  const blockOf = async (number: bigint) => defined(await chain.headerByNumber(number), 'a block')
  const end = await blockOf(last.lastBlock)
  queueOnL1(
    sim.transactions.prove({
      ...{ lastProposalId: last.id, lastProposalHash: last.hash, actualProver: addressOf(3) },
      checkpoint: { blockNumber: last.lastBlock, blockHash: end.hash, stateRoot: end.header.stateRoot },
      claim: {
        firstProposalId,
        parentHash: (await blockOf(first.firstBlock - 1n)).hash,
        blockHashes: await Promise.all(
          proposals.map(async ({ lastBlock }) => (await blockOf(lastBlock)).hash),
        ),
      },
    }),
  )
}
