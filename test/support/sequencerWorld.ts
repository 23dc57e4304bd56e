/**
 * Sequencers with keys of their own that share one deriving node, on the L1 in this process, in a time that moves only when everybody
 * waits: an L1 block half a second into each slot, derived at once.
 */
import { privateKeyToAccount } from 'viem/accounts'
import { createUnsafeBuilder } from '../../src/derive/unsafe.ts'
import { rollupRules } from '../../src/engine/rules/evmRules.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { type BlockCommitment, blockCommitmentHash } from '../../src/promise/blockCommitment.ts'
import { createBlobProver } from '../../src/propose/blobProver.ts'
import { createInboxReader } from '../../src/propose/inbox.ts'
import { createMemoryJournal, type PostJournal } from '../../src/propose/journal.ts'
import { createPoolState, followChain, readPoolHead } from '../../src/propose/pool/followChain.ts'
import { createPoster, DEFAULT_POSTER_OPTIONS } from '../../src/propose/poster.ts'
import {
  createProposer,
  DEFAULT_BUILDER_OPTIONS,
  DEFAULT_PROPOSER_OPTIONS,
} from '../../src/propose/proposer.ts'
import type { BuildEvent, KnownCommitment, SealAnswer } from '../../src/propose/sequencer/events.ts'
import {
  createSequencer,
  DEFAULT_SEQUENCER_OPTIONS,
  type SequencerDeps,
  type SequencerOptions,
} from '../../src/propose/sequencer/sequencer.ts'
import { createTurns } from '../../src/propose/turn.ts'
import { createTxPool } from '../../src/propose/txPool.ts'
import { encodeManifest } from '../../src/protocol/shasta/encodeManifest.ts'
import { createSchedule } from '../../src/schedule/createSchedule.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { connectL1, L2_CHAIN_ID, openHarness } from './derive/harness.ts'
import { payloadAfter } from './derive/payload.ts'
import { ACCOUNTS } from './l1/accounts.ts'
import type { L1Transaction } from './l1/calls.ts'
import { createSimulatedL1, type SimulatedL1Options } from './l1/simulatedL1.ts'
import { createVirtualClock } from './sequencerClock.ts'
import { createMemoryBuildJournal, type MemoryBuildJournal } from './sequencerJournal.ts'

export const SECONDS_PER_SLOT = 12n
/** An L1 block is known this long after its slot began. */
const L1_DELAY_MS = 500
const FEES = { maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 10n ** 9n }

const accountOf = (index: number) => privateKeyToAccount(bytesToHex(ACCOUNTS[index]!.privateKey))
const addressOf = (index: number): Address => ACCOUNTS[index]!.address

export type World = Awaited<ReturnType<typeof createWorld>>
export type RunningSequencer = Awaited<ReturnType<World['start']>>

export async function createWorld(options: {
  readonly seed: string
  /** Development accounts, two or more, that take turns of so many slots. */
  readonly operators: readonly number[]
  readonly slotsPerEpoch: number
  readonly l1?: Partial<SimulatedL1Options>
  /** File of the node's database; in memory by default. */
  readonly path?: string
}) {
  const sim = createSimulatedL1({
    seed: options.seed,
    secondsPerSlot: SECONDS_PER_SLOT,
    schedule: {
      type: 'whitelist',
      operators: options.operators.map(addressOf),
      slotsPerEpoch: options.slotsPerEpoch,
      namesWindowEnd: true,
    },
    // Proofs for each cell take a third of a second a blob.
    wrapper: 0,
    ...options.l1,
  })
  const mineTo = (slot: number) => {
    while (sim.head().beacon.slot < slot) sim.mine({})
  }
  const { operators, slotsPerEpoch } = options
  mineTo(2 * slotsPerEpoch - 6)
  // The inbox queues forced inclusions only once somebody has proposed.
  const turn = Math.floor((2 * slotsPerEpoch - 5) / slotsPerEpoch) % operators.length
  sim.propose({ payload: payloadAfter(sim), proposer: addressOf(operators[turn]!) })
  // Up to the last slot but one of an epoch, so that a window begins soon.
  mineTo(2 * slotsPerEpoch - 2)
  const l1 = await connectL1(sim)
  const node = await openHarness({ sim, l1, path: options.path ?? ':memory:' })
  await node.sync()
  const { spec, chain, state, engine, driver } = node

  /** Slots whose proposer is asleep. */
  const missed = new Set<number>()
  let leavesOut: ((transaction: L1Transaction) => boolean) | undefined
  const nextTransactions: L1Transaction[] = []
  let missedInARow = 0
  let nextSlot = sim.head().beacon.slot + 1
  const timeOf = (slot: number) => Number(sim.config.genesisTime + BigInt(slot) * SECONDS_PER_SLOT) * 1000
  const clock = createVirtualClock(timeOf(nextSlot - 1) + L1_DELAY_MS, async (nowMs) => {
    while (nowMs >= timeOf(nextSlot) + L1_DELAY_MS) {
      if (missed.has(nextSlot)) missedInARow++
      else {
        const transactions = nextTransactions.splice(0)
        sim.mineNext({ missedSlots: missedInARow, transactions, ...(leavesOut && { leavesOut }) })
        missedInARow = 0
        await node.sync()
      }
      nextSlot++
    }
  })
  const leave = clock.join()

  const { gasLimitTarget } = DEFAULT_SEQUENCER_OPTIONS
  const pool = createTxPool(
    { state: createPoolState(() => state.source()) },
    {
      rules: { chainId: spec.l2.chainId, evm: rollupRules('unzen'), minTip: 0n },
      head: await readPoolHead(chain, spec, gasLimitTarget),
    },
  )
  followChain({ pool, chain, spec, gasLimitTarget, logger: silentLogger })
  const schedule = createSchedule({
    ...{ spec, l1, reads: l1.reads, logger: silentLogger },
    now: () => BigInt(Math.floor(clock.now() / 1000)),
    failurePauseMs: 0,
  })
  const inbox = createInboxReader(sim.request, sim.config.inbox)
  const domain = {
    l1ChainId: sim.config.chainId,
    slasher: `0x${'00'.repeat(20)}` as Address,
    signingId: `0x${'51'.repeat(32)}` as Hash,
    domain: `0x${'d0'.repeat(32)}` as Hash,
  }
  const commitments = new Map<Hash, KnownCommitment>()
  const hashOf = (commitment: BlockCommitment) => blockCommitmentHash(commitment, domain as never)

  /** A guard in memory: one content for each place. */
  const createSigner = (index: number) => {
    const places = new Map<string, Hash>()
    return async (commitment: BlockCommitment): Promise<SealAnswer> => {
      const hash = hashOf(commitment)
      const place = `${commitment.blockNumber} ${commitment.parentBlockHash}`
      const earlier = places.get(place)
      if (earlier !== undefined && earlier !== hash)
        return { type: 'refused', reason: 'other content', needsLanding: true }
      places.set(place, hash)
      return { type: 'signed', hash, signature: await accountOf(index).sign({ hash }) }
    }
  }

  const nonces = new Map<number, number>()
  const world = {
    ...{ sim, l1, node, chain, pool, schedule, clock, missed, commitments, inbox, spec },
    ...{ timeOf, createSigner, domain },
    /** Until a slot has begun, and so many milliseconds more. */
    async until(slot: number, ms = 0) {
      await clock.wait(timeOf(slot) + ms - clock.now())
    },
    /** Since the start. */
    proposals: () => sim.proposals().slice(1),
    slotNow: () => Math.floor((clock.now() - timeOf(0)) / 1000 / Number(SECONDS_PER_SLOT)),
    /** Everybody's, one account's, or nobody's any more. */
    withholdPosts(whose: boolean | Address) {
      leavesOut = whose === false ? undefined : ({ from }) => whose === true || from === whose
    },
    /** In the next L1 block. */
    queueOnL1(transaction: L1Transaction) {
      nextTransactions.push(transaction)
    },
    /** A transfer of a development account, with its next nonce. */
    async transfer(
      sender = 1,
      fields: {
        readonly nonce?: number
        readonly gas?: bigint
        readonly value?: bigint
        readonly data?: `0x${string}`
        readonly maxPriorityFeePerGas?: bigint
        /** Creates a contract. */
        readonly to?: null
      } = {},
    ) {
      const nonce = fields.nonce ?? nonces.get(sender) ?? 0
      nonces.set(sender, nonce + 1)
      const account = accountOf(sender)
      const raw = await account.signTransaction({
        ...{
          type: 'eip1559',
          chainId: Number(L2_CHAIN_ID),
          nonce,
          value: 1n,
          gas: 21_000n,
          ...FEES,
          to: `0x${(nonce + 4096).toString(16).padStart(40, '0')}`,
          ...fields,
        },
      })
      return hexToBytes(raw)
    },
    /** A forced inclusion of these transactions, in the next L1 block. */
    queueForced(transactions: readonly Uint8Array[]) {
      const payload = encodeManifest([
        {
          timestamp: 0n,
          coinbase: `0x${'00'.repeat(20)}`,
          anchorBlockNumber: 0n,
          gasLimit: 0n,
          transactions,
        },
      ])
      nextTransactions.push(sim.transactions.saveForcedInclusion({ payload, from: addressOf(3) }))
    },
    async start(
      index: number,
      settings: {
        readonly options?: Partial<SequencerOptions>
        readonly deps?: Partial<SequencerDeps>
        readonly journal?: MemoryBuildJournal
        readonly posts?: PostJournal
        /** As the sequencer sees it. */
        readonly pool?: typeof pool
      } = {},
    ) {
      const address = addressOf(index)
      const ownPool = settings.pool ?? pool
      const journal = settings.journal ?? createMemoryBuildJournal()
      const poster = createPoster(
        {
          rpc: sim.request,
          account: accountOf(index),
          prover: createBlobProver(0),
          journal: settings.posts ?? createMemoryJournal(),
          logger: silentLogger,
        },
        { ...DEFAULT_POSTER_OPTIONS, chainId: Number(sim.config.chainId), inbox: sim.config.inbox },
      )
      const turn = createTurns({ spec, schedule })
      const proposer = createProposer(
        {
          ...{ spec, engine, chain, state, l1, inbox, pool: ownPool, poster, turn },
          ready: () => true,
          logger: silentLogger,
        },
        {
          ...DEFAULT_PROPOSER_OPTIONS,
          builder: { ...DEFAULT_BUILDER_OPTIONS, proposer: address, coinbase: address },
        },
      )
      const sequencer = createSequencer(
        {
          ...{ spec, engine, chain, state, l1, inbox, pool: ownPool, poster, schedule, turn, journal },
          postUnpromised: async (signal) => (await proposer.step(signal)).detail,
          builder: createUnsafeBuilder({ spec, chain, state, engine, l1, between: driver.between }),
          unsafe: driver,
          sign: createSigner(index),
          commitmentOf: async (hash) => commitments.get(hash),
          listed: () => [],
          ready: () => ({ isReady: true }),
          logger: silentLogger,
          now: clock.now,
          wait: clock.wait,
          ...settings.deps,
        },
        {
          ...DEFAULT_SEQUENCER_OPTIONS,
          proposer: address,
          committer: address,
          coinbase: address,
          ...settings.options,
        },
      )
      const events: BuildEvent[] = []
      sequencer.onEvent((event) => {
        events.push(event)
        if (event.type !== 'sealed') return
        const { hash, commitment, commitmentHash } = event.block
        commitments.set(hash, { hash: commitmentHash, commitment })
      })
      const stopping = new AbortController()
      const [one, other] = [clock.join(), clock.join()]
      const running = sequencer.run(stopping.signal)
      return {
        ...{ sequencer, events, journal, address },
        sealed: () => events.flatMap((event) => (event.type === 'sealed' ? [event.block] : [])),
        async stop() {
          stopping.abort(new Error('stopped'))
          one()
          other()
          await running
        },
      }
    },
    async close() {
      leave()
      await node.close()
      await l1.close()
    },
  }
  return world
}
