/**
 * One block after the other while our window lasts: whether anything may be promised now, what comes next, and that it is made. What
 * goes wrong ends a block, never the loop.
 */
import type { BlockRef } from '../../chain/chain.ts'
import type { LatestBlock, UnsafeChain, UnsafeMetadata } from '../../derive/unsafe.ts'
import type { L1 } from '../../l1/l1.ts'
import type { Hash } from '../../primitives/hex.ts'
import { toJson } from '../../primitives/json.ts'
import { blocksMax } from '../../protocol/shasta/manifest.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { type AheadBlock, createAhead, type Situation } from './ahead.ts'
import type { CheckDeps } from './checkBatch.ts'
import type { CommitmentOf, ResumableBlock } from './events.ts'
import { firstOf, type Group, lastOf } from './groups.ts'
import { createInheritedCheck } from './inherit.ts'
import type { ReadL1View } from './l1View.ts'
import {
  type BegunBlock,
  createBlockMaker,
  type MakeDeps,
  type MakeOptions,
  type MakeResult,
} from './makeBlock.ts'
import {
  type NextBlockAnswer,
  type NextBlockOptions,
  prepareForced,
  prepareOwn,
  prepareResumed,
} from './nextBlock.ts'
import { type Plan, type PlanOptions, planBlock } from './plan.ts'
import type { UnsignedBlock } from './seal.ts'
import { close, isClosed, type Shared } from './shared.ts'
import type { WindowAnswer, Windows } from './window.ts'

export type ProduceDeps = MakeDeps &
  CheckDeps & {
    readonly spec: RollupSpec
    readonly l1: Pick<L1, 'ancestor' | 'blobs' | 'status'>
    readonly unsafe: UnsafeChain
    readonly commitmentOf: CommitmentOf
    readonly ready: () => { readonly isReady: boolean; readonly reason?: string }
    readonly windows: Windows
    readonly readView: ReadL1View
    readonly readGroups: () => Promise<readonly Group[]>
    readonly shared: Shared
  }

export type ProduceOptions = PlanOptions & MakeOptions & NextBlockOptions & { readonly l1StaleMs: number }

export type ProduceStatus = {
  readonly type: 'idle' | 'waiting' | 'building' | 'done'
  readonly detail: string
  /** Absent while nothing can be said. */
  readonly answer?: Exclude<WindowAnswer, { type: 'unknown' }>
}

/** Looks once, and makes a block if it is time for one. */
export type ProduceStep = (signal: AbortSignal) => Promise<ProduceStatus>

type Outcome = Pick<ProduceStatus, 'type' | 'detail'>
const waiting = (detail: string): Outcome => ({ type: 'waiting', detail })

export function createProduceStep(deps: ProduceDeps, options: ProduceOptions): ProduceStep {
  const { spec, chain, builder, unsafe, journal, shared, windows, logger, now } = deps
  const { secondsPerSlot } = spec.l1
  const maker = createBlockMaker(deps, options)
  const checkInherited = createInheritedCheck(deps, options.proposer)
  /** After the guard refused, or derivation would. */
  let pausedUntilMs = 0
  let pauseReason = ''
  /**
   * Parent of a block of which nothing was said: the guard refused it for another reason than what stands in its place, or it was
   * begun ahead and given up.
   */
  let unsaid: Hash | undefined

  const pause = (reason: string): Outcome => {
    pausedUntilMs = now() + Number(secondsPerSlot) * 1000
    pauseReason = reason
    return waiting(reason)
  }

  /** Posting moves L1 on. */
  const hold = (parent: Hash, reason: string): Outcome => {
    shared.held = { parent, safe: chain.heads().safe.hash, reason }
    logger.warn({ parent, reason }, 'nothing can be promised until a batch without promises has landed')
    return waiting(reason)
  }

  const look = async (signal: AbortSignal): Promise<ProduceStatus> =>
    (await continueAhead(signal)) ?? lookAnew(signal)

  const lookAnew = async (signal: AbortSignal): Promise<ProduceStatus> => {
    const readiness = deps.ready()
    if (!readiness.isReady) return waiting(readiness.reason ?? 'the node is not ready')
    const position = deps.l1.status().head
    if (position === undefined) return waiting('the L1 head is not known yet')
    if (await giveUp()) return waiting('blocks that cannot land were given up')
    const head = await deps.l1.ancestor(position, position.number, signal)
    const promised = await deps.commitmentOf(chain.heads().latest.hash)
    const query = { nowMs: now(), headTimestamp: head.timestamp, latest: promised }
    const answer = await windows.find(query, signal)
    if (answer.type === 'unknown') return waiting(answer.reason)
    if (answer.type === 'none') return { type: 'idle', detail: answer.reason, answer }
    if (answer.type === 'ended') {
      for (const group of await deps.readGroups()) close(shared, group)
      return { type: 'done', detail: answer.reason, answer }
    }
    const hindrance = await findHindrance(head.timestamp)
    if (hindrance !== undefined) return { ...waiting(hindrance), answer }
    const { safe } = chain.heads()
    const viewed = await deps.readView(position, signal)
    if (viewed.type === 'wait') return { ...waiting(viewed.reason), answer }
    const latest = await builder.latest()
    const groups = await deps.readGroups()
    // By the view of before, what L1 has brought since would be missing, and the blocks behind it seem to land nowhere.
    if (chain.heads().safe.hash !== safe.hash) return { ...waiting('the chain moves on'), answer }
    shared.groups = groups
    const last = groups.at(-1)
    const lastHash = last === undefined ? chain.heads().safe.hash : lastOf(last).hash
    if (lastHash !== latest.parent.hash) return { ...waiting('the chain moves on'), answer }
    const isBegun = promised?.commitment.windowEnd === answer.window.end
    return {
      ...(await advance({ ...answer, view: viewed.view, isBegun, latest, groups }, signal)),
      answer,
    }
  }

  /** Why nothing may be promised now, whatever the chain is like. */
  const findHindrance = async (headTimestamp: bigint): Promise<string | undefined> => {
    const silentMs = now() - Number(headTimestamp) * 1000
    if (silentMs > options.l1StaleMs) return `the newest L1 block is ${Math.floor(silentMs / 1000)} s old`
    if (!shared.hasLooked) return 'what was posted before is being looked up'
    // Its blocks are none of ours here: it was posted without promises, and would land in place of what is promised now.
    if (shared.inFlightParent === chain.heads().latest.hash)
      return 'a batch without promises is on its way to L1'
    if (shared.held !== undefined)
      return `a batch without promises has to land first, because ${shared.held.reason}`
    if (now() < pausedUntilMs) return pauseReason
    const { refused } = shared
    return refused !== undefined && (await isUnsafe(refused)) ? refused.reason : undefined
  }

  const isUnsafe = async ({ number, hash }: BlockRef): Promise<boolean> =>
    number > chain.heads().safe.number && (await chain.hashes(number, number))[0]?.hash === hash

  const advance = async (situation: Situation, signal: AbortSignal): Promise<Outcome> => {
    const { groups, window, isBegun, isPreviousOver } = situation
    const last = groups.at(-1)
    const plan = await planNext(situation)
    if (plan.type === 'drop') return drop(plan.from, plan)
    const resumed = await findResumable(situation)
    if (resumed === undefined && plan.type === 'wait') {
      if (plan.closesLast) close(shared, last)
      return waiting(plan.reason)
    }
    if (!isBegun) {
      const refused = await checkInherited(groups, situation, signal)
      if (refused !== undefined && isPreviousOver) return drop(refused.block, refused)
      if (refused !== undefined)
        return waiting(`what the window before left cannot land through us: ${refused.reason}`)
    }
    const next =
      resumed === undefined
        ? await prepare(plan as Exclude<Plan, { type: 'drop' | 'wait' }>, situation, signal)
        : prepareResumed(resumed, { nowMs: now(), window }, options)
    const { hash } = situation.latest.parent
    if (next.type === 'wait') return hold(hash, next.reason)
    if (resumed === undefined && (await isTaken(hash, next.metadata)))
      return hold(hash, 'another block was begun on it, and nobody would hear of one in its place')
    const joined = last?.proposalId === next.metadata.proposalId ? last : undefined
    if (joined === undefined) close(shared, last)
    const begun = await maker.begin(next, { latest: situation.latest, joined })
    if (begun.type === 'abandoned') return noteAbandoned(begun, situation.latest)
    // This one speaks.
    unsaid = undefined
    return make(begun, joined, signal)
  }

  /** By a block that cannot be gone on with: its guard's signatures stand where those of another one would. */
  const isTaken = async (parentHash: Hash, metadata: UnsafeMetadata): Promise<boolean> => {
    const begun = parentHash === unsaid ? undefined : await journal.begun(parentHash)
    return begun !== undefined && toJson(entriesOf(begun)) !== toJson(entriesOf(metadata))
  }

  /** And begins the one after it meanwhile. */
  const make = async (
    begun: BegunBlock,
    joined: Group | undefined,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    const { latest, building } = begun
    let made: MakeResult | undefined
    try {
      const onExecuted = (unsigned: UnsignedBlock) =>
        ahead.begin({ ...unsigned, latest, isBatchFull: building.hasTurnedAway() }, signal)
      const onSigned = (kept: Promise<void>) => ahead.confirm(kept, isHindered)
      made = await maker.make(begun, { onFrag: () => ahead.prepare(signal), onExecuted, onSigned }, signal)
    } finally {
      if (made?.type !== 'sealed') ahead.drop()
    }
    if (made.type === 'abandoned') return noteAbandoned(made, latest)
    const { hash, header } = made.block
    if (made.isBatchFull) shared.closed.add(joined === undefined ? hash : firstOf(joined).hash)
    return { type: 'building', detail: `block ${header.number} is the latest` }
  }

  const noteAbandoned = (
    { needsLanding, isRefused, reason }: Extract<MakeResult, { type: 'abandoned' }>,
    { parent }: LatestBlock,
  ): Outcome => {
    if (needsLanding) return hold(parent.hash, reason)
    if (isRefused) unsaid = parent.hash
    return isRefused ? pause(reason) : waiting(reason)
  }

  /** What has come up since a block was begun ahead, and keeps it from being promised in. */
  const isHindered = async ({ joined, headTimestamp }: AheadBlock): Promise<boolean> =>
    !deps.ready().isReady ||
    shared.dropFrom !== undefined ||
    (joined !== undefined && isClosed(shared, joined)) ||
    (await findHindrance(headTimestamp)) !== undefined

  /** Makes the block that was begun ahead on the latest: one that is promised in already, or as long as nothing has come up since. */
  const continueAhead = async (signal: AbortSignal): Promise<ProduceStatus | undefined> => {
    const block = await ahead.take()
    if (block === undefined) return undefined
    const { begun, answer, groups, joined } = block
    // Given up as well where that cannot be told: whoever asked for a transaction in it waits for a word.
    if (!block.isConfirmed() && (await isHindered(block).catch(() => true))) {
      block.giveUp()
      await begun.building.close()
      unsaid = begun.building.position.parentHash
      return undefined
    }
    block.confirm(Promise.resolve())
    shared.groups = groups
    if (joined === undefined) close(shared, groups.at(-1))
    return { ...(await make(begun, joined, signal)), answer }
  }

  const planNext = async (
    { window, view, groups, isBegun, isPreviousOver, latest }: Situation,
    isBatchFull = false,
  ): Promise<Plan> => {
    const last = groups.at(-1)
    const isLastGroupClosed =
      last !== undefined &&
      isBegun &&
      (isBatchFull || isClosed(shared, last) || (await maker.isFull(last, latest)))
    return planBlock(
      {
        ...{ nowMs: now(), window, groups, isBegun, isPreviousOver, isLastGroupClosed },
        inbox: { ...view.inbox, ringBufferSize: view.config.ringBufferSize },
        l1: { number: view.head.number, timestamp: view.head.timestamp, secondsPerSlot },
        queue: view.queue,
        parent: latest.context,
      },
      { ...options, blocksMax: Math.min(options.blocksMax, blocksMax(spec, window.end)) },
    )
  }

  const prepare = async (
    plan: Extract<Plan, { type: 'own' | 'forced' }>,
    situation: Situation,
    signal: AbortSignal,
  ): Promise<NextBlockAnswer> =>
    plan.type === 'own'
      ? prepareOwn(plan, situation, options)
      : prepareForced(deps, plan, situation, options, signal)

  const drop = async (
    { number, hash }: BlockRef,
    { reason, needsLanding }: { readonly reason: string; readonly needsLanding?: boolean },
  ): Promise<Outcome> => {
    const from = { number, hash }
    if ((await unsafe.drop(from)) === 'otherBlock') return waiting('the chain moves on')
    logger.error({ from, reason }, 'promised blocks cannot land and are given up')
    return needsLanding ? hold(chain.heads().latest.hash, reason) : waiting(reason)
  }

  /** What posting found that it cannot land. */
  const giveUp = async (): Promise<boolean> => {
    const given = shared.dropFrom
    shared.dropFrom = undefined
    if (given === undefined || !(await isUnsafe(given))) return false
    await drop(given, given)
    return true
  }

  /** What was kept of a block on the latest, if it may still be finished: its transactions may have been promised. */
  const findResumable = async (situation: Situation): Promise<ResumableBlock | undefined> => {
    const { latest, window, view, isBegun, groups } = situation
    const { hash } = latest.parent
    if (now() >= window.signUntilMs) return undefined
    const kept = maker.isUnresumable(hash) ? undefined : await journal.resume(hash)
    if (kept === undefined || kept.windowEnd !== window.end || kept.metadata.isForcedInclusion)
      return undefined
    const last = groups.at(-1)
    const { proposalId } = kept.metadata
    if (proposalId === view.inbox.nextProposalId + BigInt(groups.length)) return kept
    const joins = isBegun && last?.proposalId === proposalId && !isClosed(shared, last)
    return joins ? kept : undefined
  }

  const ahead = createAhead({ ...deps, maker, findHindrance, plan: planNext }, options)
  return look
}

/** In one order, whoever wrote it. */
function entriesOf(metadata: UnsafeMetadata) {
  return Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))
}
