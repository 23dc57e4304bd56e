/**
 * One block after the other while our window lasts: what comes next is planned, the block is filled until its time is up, sealed, and
 * made the latest. What goes wrong ends a block, never the loop.
 */
import type { ChainReader } from '../../chain/chain.ts'
import type { LatestBlock, UnsafeBuilder, UnsafeChain, UnsafeMetadata } from '../../derive/unsafe.ts'
import type { Engine } from '../../engine/engine.ts'
import { StaleStateError } from '../../engine/state/flatState.ts'
import type { L1 } from '../../l1/l1.ts'
import { defined } from '../../primitives/assert.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import { PAYLOAD_BYTES_PER_BLOB } from '../../protocol/blobCodec.ts'
import { blocksMax } from '../../protocol/shasta/manifest.ts'
import { gasLimitWithoutAnchor } from '../../protocol/shasta/rules.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Logger } from '../../telemetry/log.ts'
import { chooseGasLimit } from '../plan.ts'
import type { PooledTransaction } from '../pool/transaction.ts'
import type { TxPool } from '../txPool.ts'
import { type Building, createBuilding } from './building.ts'
import type { BuildEvent, BuildJournal, CommitmentOf, ResumableBlock } from './events.ts'
import { expectProposal, readForcedBlock } from './forcedBlock.ts'
import { firstOf, type Group, lastOf, toManifestBlock } from './groups.ts'
import type { L1View, ReadL1View } from './l1View.ts'
import { createPayloadMeter, type PayloadMeter } from './payload.ts'
import { type Plan, type PlanOptions, planBlock } from './plan.ts'
import { type SealDeps, sealBlock } from './seal.ts'
import { close, isClosed, type Shared } from './shared.ts'
import type { SequencingWindow, WindowAnswer, Windows } from './window.ts'

export type ProduceDeps = SealDeps & {
  readonly spec: RollupSpec
  readonly engine: Pick<Engine, 'recoverSenders'>
  readonly chain: ChainReader
  readonly l1: Pick<L1, 'ancestor' | 'blobs' | 'status'>
  readonly pool: Pick<TxPool, 'pendingByPrice'>
  readonly builder: UnsafeBuilder
  readonly unsafe: UnsafeChain
  readonly journal: BuildJournal
  readonly commitmentOf: CommitmentOf
  readonly listed: (windowEnd: bigint) => readonly Uint8Array[]
  readonly ready: () => { readonly isReady: boolean; readonly reason?: string }
  readonly windows: Windows
  readonly readView: ReadL1View
  readonly readGroups: () => Promise<readonly Group[]>
  readonly shared: Shared
  readonly logger: Logger
  readonly emit: (event: BuildEvent) => void
  /** The block under way, for whoever asks for it; undefined while there is none, `between` when the next one is about to come. */
  readonly show: (building: Building | undefined | 'between') => void
}

export type ProduceOptions = PlanOptions & {
  readonly coinbase: Address
  readonly fragMs: number
  readonly blobsMax: number
  readonly gasLimitTarget: bigint
  readonly l1StaleMs: number
}

export type ProduceStatus = {
  readonly type: 'idle' | 'waiting' | 'building' | 'done'
  readonly detail: string
  readonly answer?: WindowAnswer
}

/** Looks once, and makes a block if it is time for one. */
export type ProduceStep = (signal: AbortSignal) => Promise<ProduceStatus>

/** Pool transactions whose senders are recovered at a time, in other threads. */
const CANDIDATES_CHUNK = 128

export function createProduceStep(deps: ProduceDeps, options: ProduceOptions): ProduceStep {
  const { spec, chain, builder, unsafe, journal, pool, shared, windows, logger, now, emit, show } = deps
  const { secondsPerSlot } = spec.l1
  /** Of the batch whose last block it names. */
  let metered: { readonly lastHash: Hash; readonly meter: PayloadMeter } | undefined
  /** Transactions of a block that did not come to be: they may have been promised. */
  let carried: readonly Uint8Array[] = []
  /** Parents on which what was kept of a block no longer goes in. */
  const unresumable = new Set<Hash>()
  /** After the guard refused, or derivation would. */
  let pausedUntilMs = 0
  let pauseReason = ''

  const waiting = (detail: string, answer?: WindowAnswer): ProduceStatus => ({
    type: 'waiting',
    detail,
    ...(answer && { answer }),
  })

  const pause = (reason: string) => {
    pausedUntilMs = now() + Number(secondsPerSlot) * 1000
    pauseReason = reason
  }

  const look = async (signal: AbortSignal): Promise<ProduceStatus> => {
    const readiness = deps.ready()
    if (!readiness.isReady) return waiting(readiness.reason ?? 'the node is not ready')
    const position = deps.l1.status().head
    if (position === undefined) return waiting('the L1 head is not known yet')
    const head = await deps.l1.ancestor(position, position.number, signal)
    const promised = await deps.commitmentOf(chain.heads().latest.hash)
    const query = { nowMs: now(), headTimestamp: head.timestamp, latest: promised }
    const answer = await windows.find(query, signal)
    if (answer.type === 'none') return { type: 'idle', detail: answer.reason, answer }
    if (answer.type === 'ended') {
      for (const group of await deps.readGroups()) close(shared, group)
      return { type: 'done', detail: answer.reason, answer }
    }
    const silentMs = now() - Number(head.timestamp) * 1000
    if (silentMs > options.l1StaleMs)
      return waiting(`the newest L1 block is ${Math.floor(silentMs / 1000)} s old`, answer)
    if (!shared.hasLooked) return waiting('what was posted before is being looked up', answer)
    if (now() < pausedUntilMs) return waiting(pauseReason, answer)
    if (await dropGivenUp()) return waiting('blocks that cannot land were given up', answer)
    if (shared.refused?.lastHash === chain.heads().latest.hash) return waiting(shared.refused.reason, answer)
    const viewed = await deps.readView(position, signal)
    if (viewed.type === 'wait') return waiting(viewed.reason, answer)
    const isBegun = promised?.commitment.windowEnd === answer.window.end
    return advance({ ...answer, view: viewed.view, isBegun }, answer, signal)
  }

  type Situation = {
    readonly window: SequencingWindow
    readonly isPreviousOver: boolean
    readonly view: L1View
    readonly isBegun: boolean
  }

  const advance = async (
    situation: Situation,
    answer: WindowAnswer,
    signal: AbortSignal,
  ): Promise<ProduceStatus> => {
    const { window, view, isBegun } = situation
    const latest = await builder.latest()
    const groups = await deps.readGroups()
    shared.groups = groups
    const last = groups.at(-1)
    const lastHash = last === undefined ? chain.heads().safe.hash : lastOf(last).hash
    if (lastHash !== latest.parent.hash) return waiting('the chain moves on', answer)
    const resumed = await findResumable(latest, situation, groups)
    const plan: Plan =
      resumed === undefined
        ? planBlock(
            {
              ...{ nowMs: now(), window, groups, isBegun, isPreviousOver: situation.isPreviousOver },
              inbox: { ...view.inbox, ringBufferSize: view.config.ringBufferSize },
              l1: { number: view.head.number, timestamp: view.head.timestamp, secondsPerSlot },
              queue: view.queue,
              parent: latest.context,
              isLastGroupClosed: last !== undefined && isBegun && (await isFull(last, latest)),
            },
            { ...options, blocksMax: Math.min(options.blocksMax, blocksMax(spec, window.end)) },
          )
        : planResumed(resumed, window)
    switch (plan.type) {
      case 'drop':
        logger.warn({ from: plan.from, reason: plan.reason }, 'promised blocks cannot land and are given up')
        await unsafe.drop(plan.from)
        return waiting(plan.reason, answer)
      case 'wait':
        if (plan.closesLast) close(shared, last)
        return waiting(plan.reason, answer)
      default: {
        if (last !== undefined && last.proposalId !== plan.proposalId) close(shared, last)
        const next = await prepare(plan, latest, situation, resumed, signal)
        if (next.type === 'wait') {
          pause(next.reason)
          return waiting(next.reason, answer)
        }
        return make(next, latest, window, last, answer, signal)
      }
    }
  }

  const dropGivenUp = async (): Promise<boolean> => {
    const given = shared.dropFrom
    shared.dropFrom = undefined
    if (given === undefined) return false
    const [there] = await chain.hashes(given.number, given.number)
    if (there?.hash !== given.hash) return false
    logger.error({ from: given.number, reason: given.reason }, 'promised blocks cannot land and are given up')
    await unsafe.drop(given.number)
    return true
  }

  /** What was kept of a block on this parent, if it may still be finished: its transactions may have been promised. */
  const findResumable = async (
    { parent }: LatestBlock,
    { window, view, isBegun }: Situation,
    groups: readonly Group[],
  ): Promise<ResumableBlock | undefined> => {
    if (unresumable.has(parent.hash)) return undefined
    const kept = await journal.resume(parent.hash)
    if (kept === undefined || kept.windowEnd !== window.end || kept.metadata.isForcedInclusion)
      return undefined
    const last = groups.at(-1)
    const { proposalId } = kept.metadata
    if (proposalId === view.inbox.nextProposalId + BigInt(groups.length)) return kept
    const joins = isBegun && last?.proposalId === proposalId && !isClosed(shared, last)
    return joins ? kept : undefined
  }

  const planResumed = ({ metadata }: ResumableBlock, window: SequencingWindow): Plan => {
    const { blockMs } = options
    const startMs = Math.floor(now() / blockMs) * blockMs
    const isLate = now() >= window.stopAtMs
    const sealAtMs = isLate ? now() : startMs + blockMs
    const { proposalId, timestamp, anchorBlockNumber } = metadata
    return {
      type: 'own',
      ...{ proposalId, timestamp, anchorBlockNumber, sealAtMs },
      isEndOfWindow: isLate || sealAtMs + blockMs > window.stopAtMs,
      opensBatch: false,
    }
  }

  type Next =
    | { readonly type: 'wait'; readonly reason: string }
    | {
        readonly type: 'block'
        readonly metadata: UnsafeMetadata
        readonly sealAtMs: number
        readonly isEndOfWindow: boolean
        /** All that a forced block may hold; absent for our own. */
        readonly forced?: readonly Uint8Array[]
        readonly resumed?: ResumableBlock
      }

  const prepare = async (
    plan: Extract<Plan, { type: 'forced' | 'own' }>,
    latest: LatestBlock,
    { window, view }: Situation,
    resumed: ResumableBlock | undefined,
    signal: AbortSignal,
  ): Promise<Next> => {
    const { basefeeSharingPctg } = view.config
    const { proposalId } = plan
    if (plan.type === 'own') {
      const { timestamp, anchorBlockNumber, sealAtMs, isEndOfWindow } = plan
      const gasLimit = chooseGasLimit(gasLimitWithoutAnchor(latest.context), options.gasLimitTarget)
      const metadata = resumed?.metadata ?? {
        ...{ proposalId, basefeeSharingPctg, timestamp, gasLimit, anchorBlockNumber },
        isForcedInclusion: false,
        coinbase: options.coinbase,
      }
      return { type: 'block', metadata, sealAtMs, isEndOfWindow, ...(resumed && { resumed }) }
    }
    const { entries, index } = plan
    const expect = (timestamp: bigint, slotsLater: bigint) =>
      expectProposal({
        ...{ id: proposalId, basefeeSharingPctg, timestamp, forced: entries, blobCount: 1 },
        proposer: options.proposer,
        originBlockNumber: view.head.number + slotsLater,
        originBlockHash: view.head.hash,
      })
    const earliest = view.head.timestamp + secondsPerSlot
    const forced = await readForcedBlock(
      deps,
      {
        proposals: [expect(earliest, 0n), expect(window.end, (window.end - earliest) / secondsPerSlot)],
        sourceIndex: index,
        entry: defined(entries[index], 'the forced inclusion that comes next'),
        parent: latest.context,
      },
      signal,
    )
    if (forced.type === 'unsettled') return { type: 'wait', reason: forced.reason }
    const { timestamp, coinbase, anchorBlockNumber, gasLimit, transactions } = forced.block
    return {
      type: 'block',
      metadata: {
        ...{ proposalId, basefeeSharingPctg, timestamp, coinbase, anchorBlockNumber, gasLimit },
        isForcedInclusion: true,
      },
      sealAtMs: now(),
      isEndOfWindow: false,
      forced: transactions.map(({ raw }) => raw),
    }
  }

  /** Of the batch that ends in the latest block, or of the next one. */
  const meterOf = async (group: Group | undefined, latest: LatestBlock): Promise<PayloadMeter> => {
    if (group !== undefined && metered?.lastHash === latest.parent.hash) return metered.meter
    const blocks = []
    for (const { hash, origin } of group?.blocks ?? []) {
      if (origin.isForcedInclusion) continue
      blocks.push(toManifestBlock(defined(await chain.blockByHash(hash), `L2 block ${hash}`), origin))
    }
    return createPayloadMeter(options.blobsMax * PAYLOAD_BYTES_PER_BLOB, blocks)
  }

  const isFull = async (group: Group, latest: LatestBlock): Promise<boolean> => {
    if (isClosed(shared, group)) return true
    const meter = await meterOf(group, latest)
    metered = { lastHash: latest.parent.hash, meter }
    return !meter.hasRoom()
  }

  const make = async (
    next: Extract<Next, { type: 'block' }>,
    latest: LatestBlock,
    window: SequencingWindow,
    last: Group | undefined,
    answer: WindowAnswer,
    signal: AbortSignal,
  ): Promise<ProduceStatus> => {
    const { metadata, isEndOfWindow, forced, resumed } = next
    const opened = await builder.open(metadata)
    if (opened.type === 'refused') {
      pause(`derivation would refuse the next block: ${opened.reason}`)
      return waiting(pauseReason, answer)
    }
    if (opened.parent.hash !== latest.parent.hash) return waiting('the chain moves on', answer)
    const joined = last?.proposalId === metadata.proposalId ? last : undefined
    const meter = forced === undefined ? await meterOf(joined, latest) : undefined
    meter?.begin({ ...metadata, coinbase: metadata.coinbase })
    // A meter is good for one branch: it is kept when the block has come to be.
    metered = undefined
    const position = { number: opened.block.attributes.number, parentHash: latest.parent.hash }
    const windowEnd = window.end
    const building = createBuilding(
      { journal, meter, emit },
      { block: opened.block, position, metadata, windowEnd, isEndOfWindow },
    )
    const abandon = (reason: string): ProduceStatus => {
      carried = [...carried, ...building.transactions().map(({ raw }) => raw)]
      emit({ type: 'abandoned', ...position, reason })
      logger.warn({ block: position.number, reason }, 'a block under way is abandoned')
      return waiting(`block ${position.number} was abandoned: ${reason}`, answer)
    }
    try {
      if (resumed === undefined) await journal.opened({ ...position, metadata, windowEnd, isEndOfWindow })
      emit({ type: 'opened', ...position, metadata, pending: opened.block })
      if (resumed !== undefined) await restore(building, resumed)
      if (forced === undefined) await fillUntil(building, latest, next.sealAtMs, signal)
      else await building.addListed(forced)
      show('between')
      await building.close()
      if (hasMoved(position.parentHash)) return abandon('the chain moved on')
      await building.publishFrag()
      const sealed = await sealBlock(deps, building, opened.origin, signal)
      if (sealed.type === 'abandoned') {
        if (sealed.isRefused) pause(sealed.reason)
        return abandon(sealed.reason)
      }
      const { hash } = sealed.block
      if (meter !== undefined) metered = { lastHash: hash, meter }
      if (building.hasTurnedAway()) shared.closed.add(joined === undefined ? hash : firstOf(joined).hash)
      if (forced === undefined) carried = []
      emit({ type: 'sealed', block: sealed.block, frags: building.frags() })
      return { type: 'building', detail: `block ${position.number} is the latest`, answer }
    } catch (error) {
      // Whoever builds on the block that was going to be must be told, whatever the reason.
      const reason = error instanceof Error ? error.message : String(error)
      const status = abandon(error instanceof StaleStateError ? 'the chain moved on' : reason)
      if (error instanceof StaleStateError) return status
      throw error
    } finally {
      show('between')
    }
  }

  const restore = async (building: Building, { transactions, frags }: ResumableBlock): Promise<void> => {
    try {
      await building.restore(transactions, frags)
    } catch (error) {
      unresumable.add(building.position.parentHash)
      throw error
    }
  }

  const hasMoved = (parentHash: Hash) => chain.heads().latest.hash !== parentHash

  const fillUntil = async (
    building: Building,
    { baseFeePerGas }: LatestBlock,
    sealAtMs: number,
    signal: AbortSignal,
  ): Promise<void> => {
    const { parentHash } = building.position
    const isTimeUp = () => now() >= sealAtMs || hasMoved(parentHash)
    const listed = deps.listed(building.windowEnd)
    await building.addListed([...carried, ...listed])
    show(building)
    for (;;) {
      const startMs = now()
      const fragEndMs = startMs + options.fragMs
      for (const chunk of chunks(pool.pendingByPrice(baseFeePerGas), CANDIDATES_CHUNK)) {
        if (isTimeUp() || now() >= fragEndMs || building.isFull()) break
        await deps.engine.recoverSenders(chunk.map(({ raw }) => raw))
        await building.fill(chunk, () => isTimeUp() || now() >= fragEndMs)
      }
      await building.publishFrag()
      if (isTimeUp()) break
      await deps.wait(Math.max(0, Math.min(fragEndMs, sealAtMs) - now()), signal)
    }
    // What it takes may have come in the meantime.
    await building.addListed(listed)
  }

  return async (signal) => {
    try {
      const status = await look(signal)
      if (status.type !== 'building') show(undefined)
      return status
    } catch (error) {
      show(undefined)
      throw error
    }
  }
}

function* chunks(items: Iterable<PooledTransaction>, size: number): Generator<readonly PooledTransaction[]> {
  let chunk: PooledTransaction[] = []
  for (const item of items) {
    chunk.push(item)
    if (chunk.length < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
