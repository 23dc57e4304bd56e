/**
 * A node with something to show: a chain derived from L1 with a lookahead schedule, proposals, a missed slot, unsafe blocks, promises with
 * every outcome, inclusion lists and a queue. All parts are the node's own; only the sequencer's and the stream's status are given.
 */
import { readCursor } from '../../src/derive/steps.ts'
import { createUnsafeBuilder } from '../../src/derive/unsafe.ts'
import type { FollowerStatus } from '../../src/preconf/follow/status.ts'
import { createLists, LISTS_SCHEMA } from '../../src/preconf/lists/lists.ts'
import { createPromiseBook, PROMISES_SCHEMA } from '../../src/preconf/promises/book.ts'
import type { NewPromise, Settlement } from '../../src/preconf/promises/promise.ts'
import { SETTLE_PROMISE, settlementValues } from '../../src/preconf/promises/rows.ts'
import type { Address, Hash } from '../../src/primitives/hex.ts'
import { ZERO_ADDRESS, ZERO_HASH } from '../../src/primitives/hex.ts'
import { keccak256Hex } from '../../src/primitives/keccak.ts'
import type { SequencerStatus } from '../../src/propose/sequencer/sequencer.ts'
import { encodeManifest } from '../../src/protocol/shasta/encodeManifest.ts'
import type { PreconfView } from '../../src/rpc/dashboard/deps.ts'
import type { SyncStatus } from '../../src/rpc/deps.ts'
import { createNextBaseFee } from '../../src/rpc/nextBaseFee.ts'
import type { PreconfRpc } from '../../src/rpc/preconf/deps.ts'
import { openStore } from '../../src/store/openStore.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { connectL1, L2_CHAIN_ID, openHarness } from './derive/harness.ts'
import { COMMITTER, DOMAIN, signL2, signList } from './preconfLists.ts'
import { noCaller } from './rpcFakes.ts'
import { createScheduleWorld, operator } from './schedule.ts'

const COINBASE: Address = '0x00000000000000000000000000000000c01bbace'
/** Of the L1 head: well inside the third epoch. */
export const HEAD_SLOT = 84
const FIRST_SLOT = 64

export type DashboardWorld = Awaited<ReturnType<typeof createDashboardWorld>>

/** @param genesisTime Of L1, in seconds; by default long ago. */
export async function createDashboardWorld(seed: string, genesisTime?: bigint) {
  let savedAt: readonly number[] = []
  const world = await createScheduleWorld({
    seed,
    ...(genesisTime !== undefined && { genesisTime }),
    contracts: {
      // Two of three validators have opted in.
      operatorAt: (validator) => (validator % 3n === 0n ? ZERO_HASH : operator(Number(validator % 3n)).root),
      committerAt: (root) => (root === operator(1).root ? COMMITTER : operator(2).committer),
      poster: (root) => (root === operator(2).root ? operator(22).committer : ZERO_ADDRESS),
      queue: () => ({ head: 4, savedAt }),
    },
  })
  const { sim, schedule } = world
  const l1 = await connectL1(sim)
  const node = await openHarness({ sim, l1, path: ':memory:' })
  const stores = await openStore({
    path: ':memory:',
    schemas: { promises: PROMISES_SCHEMA, lists: LISTS_SCHEMA },
  })
  let cursor = await readCursor(node.store)

  /** @param missedSlots Before the block. */
  const propose = (transactions: readonly Uint8Array[], missedSlots = 0) => {
    const head = sim.head().header
    const block = (i: number) => ({
      timestamp: head.timestamp - BigInt(1 - i),
      coinbase: COINBASE,
      anchorBlockNumber: head.number,
      gasLimit: 15_000_000n,
      transactions: i === 0 ? transactions : [],
    })
    sim.propose({ payload: encodeManifest([block(0), block(1)]), missedSlots })
  }
  world.mineTo(FIRST_SLOT - 12)
  propose([await signL2({ nonce: 0 })])
  world.mineTo(FIRST_SLOT - 2)
  for (let i = 0; sim.head().beacon.slot < HEAD_SLOT - 3; i++) {
    if (i % 4 === 2) sim.mine({ missedSlots: i % 3 === 0 ? 1 : 0 })
    else propose([await signL2({ nonce: i + 1 })], i === 5 ? 1 : 0)
  }
  sim.prove({})
  world.mineTo(HEAD_SLOT)
  sim.setFinalized(sim.head().beacon.slot - 16)
  world.setNow(HEAD_SLOT, 5)
  const headTime = Number(world.timestampOf(HEAD_SLOT))
  savedAt = [headTime - 600, headTime - 40, headTime - 5]

  const sync = (): SyncStatus => ({
    cursor,
    l1: l1.status(),
    startL1Block: 0n,
    isSynced: true,
    problems: [],
    warnings: schedule.problems(),
  })
  const follow = async () => {
    await node.sync()
    cursor = await readCursor(node.store)
  }
  await follow()
  const builder = createUnsafeBuilder({ ...node, l1 })
  const extend = async () => {
    const { parent } = await builder.latest()
    const safe = await node.chain.origin(node.chain.heads().safe.number)
    const opened = await builder.open({
      proposalId: safe!.proposalId + 1n,
      basefeeSharingPctg: sim.config.basefeeSharingPctg,
      isForcedInclusion: false,
      timestamp: parent.header.timestamp + 2n,
      coinbase: COINBASE,
      gasLimit: 15_000_000n,
      anchorBlockNumber: sim.head().header.number - 1n,
    })
    if (opened.type === 'refused') throw new Error(opened.reason)
    const executed = await opened.block.seal()
    await node.driver.extend({ executed, origin: opened.origin })
  }
  await extend()
  await extend()

  const book = createPromiseBook({ store: stores, spec: node.spec, domain: DOMAIN })
  const keep = async (i: number, settlement: Settlement, fields: Partial<NewPromise> = {}) => {
    const hash = hashOf(`promise ${i}`)
    const slot = BigInt(FIRST_SLOT + i)
    const deadline = world.timestampOf(Number(slot))
    await book.keep({
      hash,
      commitment: {
        commitmentType: i % 2 === 0 ? 4n : 5n,
        payload: '0x',
        requestHash: hashOf(`request ${i}`),
        slasher: DOMAIN.slasher,
      },
      signer: COMMITTER,
      isOurs: true,
      requestedAt: Number(deadline) * 1000 - 9_000,
      slot,
      deadline,
      windowEnd: deadline,
      transactionHash: hashOf(`transaction ${i}`),
      ...fields,
    })
    await book.keepSignature(hash, `0x${'5c'.repeat(65)}`, Number(deadline) * 1000 - 8_997 + i)
    await stores.transaction((transaction) =>
      transaction.run(SETTLE_PROMISE, settlementValues(settlement, hash)),
    )
  }
  for (let i = 0; i < 7; i++)
    await keep(i, { outcome: 'kept', isFinal: false, block: { number: BigInt(i + 1), hash: ZERO_HASH } })
  await keep(7, { outcome: 'broken', isFinal: false, reason: 'missedSlot', by: COMMITTER })
  await keep(
    8,
    { outcome: 'broken', isFinal: false, reason: 'late' },
    { signer: operator(2).committer, isOurs: false },
  )
  await keep(9, { outcome: 'expired', isFinal: false })
  await keep(20, { outcome: 'pending' })
  await keep(21, { outcome: 'pending' })

  const lists = await createLists({
    spec: node.spec,
    store: stores,
    chain: node.chain,
    state: node.state,
    engine: node.engine,
    l1,
    checkpointFrom: async () => undefined,
    cursor: () => cursor,
    schedule,
    domain: DOMAIN,
    committers: [],
    now: () => Number(world.timestampOf(HEAD_SLOT)) * 1000,
    logger: silentLogger,
  })
  const epochs = [await schedule.epoch(2n), await schedule.epoch(3n)]
  const ours = epochs
    .flatMap((epoch) => epoch!.windows)
    .filter(
      ({ turn, lastSlot }) =>
        turn.type === 'owner' && turn.owner.committer === COMMITTER && lastSlot > HEAD_SLOT,
    )
  for (const { lastSlot } of ours.slice(0, 2))
    await lists.receive(signList(world.timestampOf(Number(lastSlot)), [await signL2({ nonce: 90 })]))

  const preconf = {
    sequencer: (): SequencerStatus => ({
      type: 'building',
      detail: 'block 27 is being filled',
      posting: 'everything that is due has been posted',
      window: { firstSlot: 83n, lastSlot: 86n, end: world.timestampOf(86) },
      unlanded: { blocks: 2, batches: 1 },
      canShutdown: false,
      until: world.timestampOf(88),
    }),
    follower: (): FollowerStatus => ({
      isAtTip: true,
      detail: 'everything that the sources have is executed here',
      derived: node.chain.heads().safe,
      executed: node.chain.heads().latest,
      received: node.chain.heads().latest,
      sources: [
        {
          ...{ name: 'sequencer.example', state: 'connected', detail: 'since 14 minutes' },
          ...{ received: 512, invalid: 0, tip: node.chain.heads().latest.number },
          heardAt: headTime * 1000 + 4_000,
        },
        {
          name: 'follower.example',
          state: 'waiting',
          detail: 'it refused the connection',
          received: 0,
          invalid: 0,
        },
      ],
      canShutdown: false,
    }),
    book,
    lists,
  }
  const view: PreconfView = { ...preconf, promises: book }

  return {
    ...{ world, sim, node, l1, schedule, book, lists, sync, follow, preconf: view },
    /** For the RPC: the book, the lists and the two statuses are all that the dashboard and the methods compared with it use. */
    preconfRpc: { ...preconf, follower: { status: preconf.follower } } as unknown as PreconfRpc,
    rpc: {
      spec: node.spec,
      chain: node.chain,
      state: node.state,
      chainId: L2_CHAIN_ID,
      caller: noCaller,
      nextBaseFee: createNextBaseFee(node.spec),
      sync,
      schedule,
      clientVersion: 'plumbline/test',
    },
    /** One proposal more; it brings other blocks than the unsafe ones. */
    async proposeNext() {
      propose([])
      await follow()
    },
    async close() {
      await lists.close()
      await node.close()
      await l1.close()
      await world.close()
      await stores.close()
    },
  }
}

function hashOf(text: string): Hash {
  return keccak256Hex(new TextEncoder().encode(text))
}
