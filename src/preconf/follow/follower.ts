/**
 * Follows what sequencers say, by way of any node that serves the stream: what comes is checked, executed, kept and passed on. The
 * chain it makes is provisional: L1 wins, and what it displaces is evidence. docs/following.md.
 */
import type { BlockRef, ChainReader } from '../../chain/chain.ts'
import type { UnsafeBuilder, UnsafeChain } from '../../derive/unsafe.ts'
import type { Engine, PendingBlock } from '../../engine/engine.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import { recoverCommitter } from '../../promise/signature.ts'
import type { SealSigner } from '../../propose/sequencer/events.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Logger } from '../../telemetry/log.ts'
import { watchDisplaced } from '../evidence/displaced.ts'
import { findBlockConflict } from '../evidence/evidence.ts'
import type { EvidenceStore } from '../evidence/store.ts'
import type { Lists } from '../lists/lists.ts'
import type { Hub } from '../stream/hub.ts'
import type { StreamJournal } from '../stream/journal.ts'
import { type EnvMessage, type FragMessage, parseMessageJson, type SealedMessage } from '../stream/message.ts'
import type { Publisher } from '../stream/publisher.ts'
import { type ApplyResult, createApplier } from './applier.ts'
import { createStreamedLists } from './lists.ts'
import { createPartial } from './partial.ts'
import { createSources, type Judgement } from './sources.ts'
import { createStatus, type FollowerStatus } from './status.ts'
import {
  type Fault,
  findParentFault,
  isFragOf,
  judgeTime,
  type VerifyDeps,
  verifyEnv,
  verifySealed,
} from './verify.ts'
import { createWaiting } from './waiting.ts'
import { createWindows, type SigningWindow } from './windows.ts'

export type FollowerDeps = {
  readonly spec: Pick<RollupSpec, 'l1' | 'l2'>
  readonly domain: PromiseDomain
  readonly chain: ChainReader
  readonly builder: UnsafeBuilder
  readonly engine: Pick<Engine, 'recoverSenders'>
  readonly unsafe: Pick<UnsafeChain, 'extend'>
  readonly schedule: Pick<Schedule, 'at' | 'onChange'>
  /** Whose signatures count where anyone may propose. */
  readonly committers: readonly Address[]
  /** Where to read: http, https, ws or wss. */
  readonly sources: readonly string[]
  readonly journal: StreamJournal
  readonly hub: Hub
  readonly evidence: EvidenceStore
  /** L1 is derived up to its head. */
  readonly isDerived: () => boolean
  /** Absent on a node that keeps none. */
  readonly lists?: Pick<Lists, 'receive'>
  /** On a node that signs: the guard, and what says its blocks. */
  readonly own?: { readonly sign: SealSigner; readonly publisher: Pick<Publisher, 'publishBlock'> }
  /** Milliseconds before the end of a window at which a block of ours can no longer be posted in time. */
  readonly landMs?: number
  /** Of our sequencer, where there is one. */
  readonly sequencer?: () => { readonly canShutdown: boolean; readonly until?: bigint }
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly logger: Logger
}

export type Follower = {
  /** Puts back what was kept, then reads the sources, until the signal. */
  run(signal: AbortSignal): Promise<void>
  /** A message as it comes from a source; for what is not read from a URL. */
  take(json: unknown, source: string): Promise<Judgement>
  /** What is known of the block under way; undefined between blocks. */
  pending(): PendingBlock | undefined
  /** Before our sequencer drops blocks that cannot land: they are not put back. */
  forgo(block: BlockRef): Promise<void>
  /** False until what was kept is back in the chain: a sequencer waits for it. */
  isSettled(): boolean
  status(): FollowerStatus
  close(): Promise<void>
}

/** Blocks asked for at a time. */
const FILL_COUNT = 64
/** How far after the safe block a block may be to be looked at: nine hours of two-second blocks. */
const AHEAD_BLOCKS_MAX = 16_384n
/** What waits for a schedule, a clock or L1 is looked at again this often. Milliseconds. */
const LOOK_AGAIN_MS = 1_000

export function createFollower(deps: FollowerDeps): Follower {
  const { chain, builder, engine, journal, hub, evidence, domain, spec, now, logger } = deps
  const windows = createWindows(deps)
  const verifying: VerifyDeps = { windows, domain, now }
  const waiting = createWaiting()
  const lists = deps.lists && createStreamedLists({ lists: deps.lists })
  const partial = createPartial({ chain, builder, engine, logger })
  const applier = createApplier(deps)
  const displaced = watchDisplaced(deps)
  const status = createStatus({ ...deps, highestWaiting: waiting.highest, health: () => sources.health() })
  const sources = createSources({
    urls: deps.sources,
    from: () => chain.heads().safe.number + 1n,
    isReady: () => deps.isDerived() && applier.isSettled(),
    take,
    onTip: (number, source) => {
      if (number > chain.heads().latest.number) fill(source, number)
    },
    now,
    logger,
  })
  let isClosed = false
  /** Sealed blocks are judged one after the other: each may be the parent of the next. */
  let tail: Promise<unknown> = Promise.resolve()

  async function take(json: unknown, source: string): Promise<Judgement> {
    const parsed = parseMessageJson(json, { promise: domain, l2ChainId: spec.l2.chainId })
    if (parsed.type === 'fault') return invalid(parsed.fault, parsed.detail)
    const { message } = parsed
    // What we said ourselves comes back, and what several sources say comes more than once.
    if (hub.has(message)) return { type: 'known' }
    switch (message.type) {
      case 'env':
        return takeEnv(message)
      case 'frag':
        return takeFrag(message)
      case 'sealed':
        return takeSealed(message, source)
      case 'list':
        return lists === undefined ? { type: 'known' } : lists.take(message)
    }
  }

  async function takeEnv(message: EnvMessage): Promise<Judgement> {
    const { number } = message.env
    const { latest } = chain.heads()
    if (number <= latest.number || number > latest.number + BigInt(FILL_COUNT)) return { type: 'known' }
    const verified = await verifyEnv(verifying, message)
    if (verified.type === 'later') return verified
    if (verified.type === 'fault') return invalid(verified.fault, verified.detail)
    const { timestamp, parentHash } = message.env
    const early = judgeTime(
      verifying,
      { timestamp, windowEnd: message.windowEnd },
      await journal.commitmentOf(parentHash),
      verified.window,
    )
    if (early?.type === 'later') return early
    if (early !== undefined) return invalid(early.fault, early.detail)
    partial.begin(message, verified.signer)
    hub.publish(message)
    return { type: 'good' }
  }

  function takeFrag(message: FragMessage): Judgement {
    const signer = partial.signerFor(message)
    if (signer === undefined) return { type: 'known' }
    if (!isFragOf(verifying, message, signer))
      return invalid('wrongSigner', `a frag of block ${message.frag.blockNumber} is not by ${signer}`)
    partial.add(message)
    hub.publish(message)
    return { type: 'good' }
  }

  async function takeSealed(message: SealedMessage, source: string): Promise<Judgement> {
    const { header, hash } = message.block
    const { safe } = chain.heads()
    if (header.number > safe.number + AHEAD_BLOCKS_MAX || waiting.has(hash)) return { type: 'known' }
    const known = await journal.commitmentOf(hash)
    if (known?.hash === message.block.commitmentHash) return { type: 'known' }
    const verified = await verifySealed(verifying, message)
    if (verified.type === 'fault') return invalid(verified.fault, verified.detail)
    if (verified.type === 'later') {
      if (header.number > safe.number) waiting.hold(message, source, false)
      return { type: 'later' }
    }
    const evidence = findEvidence(message, verified.signer, verified.window)
    if (header.number <= safe.number) {
      await evidence
      return { type: 'known' }
    }
    status.received(header.number, hash)
    // What is amiss with it beside is found while it is executed.
    const [judgement] = await Promise.all([inTurn(() => place(message, source)), evidence])
    return judgement
  }

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work)
    tail = result.catch(() => {})
    return result
  }

  /** A verified block where it belongs: on the chain, beside it, or aside until its parent is there. */
  async function place(message: SealedMessage, source: string): Promise<Judgement> {
    const { header, commitment } = message.block
    const { latest, safe } = chain.heads()
    const parentNumber = header.number - 1n
    const parentHash = await hashAt(parentNumber)
    if (parentHash !== header.parentHash || !applier.isSettled()) {
      waiting.hold(message, source, true)
      if (parentHash === undefined) fill(source, header.number)
      return { type: 'later' }
    }
    const promised = await journal.commitmentOf(parentHash)
    const { windowEnd } = commitment
    const answer = await windows.endingAt(windowEnd)
    // It was known when the block was verified; where L1 says nothing of it any more, the block is judged by what lands.
    const early =
      answer.type === 'window'
        ? judgeTime(verifying, { timestamp: header.timestamp, windowEnd }, promised, answer.window)
        : undefined
    if (early?.type === 'later') {
      waiting.hold(message, source, true)
      return { type: 'later' }
    }
    const fault = findParentFault(commitment, promised, parentNumber <= safe.number) ?? early
    if (fault !== undefined) return invalid(fault.fault, fault.detail)
    // What is executed stays, and if it was the same signer's the two are evidence by now.
    if (latest.number !== parentNumber) return { type: 'known' }
    return settlePlaced(message, source, await applier.apply(message, await partial.take(message)))
  }

  async function hashAt(number: bigint): Promise<Hash | undefined> {
    const { latest } = chain.heads()
    if (number >= latest.number) return number === latest.number ? latest.hash : undefined
    return (await chain.headerByNumber(number))?.hash
  }

  async function settlePlaced(
    message: SealedMessage,
    source: string,
    result: ApplyResult,
  ): Promise<Judgement> {
    switch (result.type) {
      case 'applied':
        hub.publish(message)
        partial.refresh()
        queueChildren(message)
        return { type: 'good' }
      case 'later':
      case 'otherParent':
        waiting.hold(message, source, true)
        return { type: 'later' }
      // The signer's word, and perhaps another view of L1 than ours: not its bearer's fault.
      case 'failed':
        return { type: 'later' }
    }
  }

  function queueChildren({ block }: SealedMessage): void {
    for (const child of waiting.childrenOf(block.hash))
      inTurn(() => place(child.message, child.source)).catch(report)
  }

  /** Against what is known about the same place: on this parent, and of the parent itself. */
  async function findEvidence(message: SealedMessage, signer: Address, window: SigningWindow): Promise<void> {
    const { block } = message
    const { parentHash } = block.header
    const { registrationRoot } = window
    const about = { committer: signer, domain, ...(registrationRoot !== undefined && { registrationRoot }) }
    const beside = await journal.blocksOn(parentHash)
    for (const other of [...beside, ...(await journal.blocksOf(parentHash))]) {
      const { signature } = other
      if (signature === undefined || other.block.commitmentHash === block.commitmentHash) continue
      if (recoverCommitter(other.block.commitmentHash, signature) !== signer) continue
      const conflict = findBlockConflict({ ...other.block, signature }, block, about)
      if (conflict !== undefined) await evidence.add(conflict)
    }
  }

  function fill(source: string, upTo: bigint): void {
    const from = chain.heads().latest.number + 1n
    if (from <= upTo) sources.fill(source, from, FILL_COUNT)
  }

  /** What could not be judged or placed when it came. */
  async function lookAgain(): Promise<void> {
    if (!deps.isDerived() || !applier.isSettled()) return
    await windows.note(BigInt(Math.floor(now() / 1000)))
    const { latest, safe } = chain.heads()
    waiting.prune(safe.number)
    for (const { message, source } of waiting.unverified()) await takeSealed(message, source)
    for (const { message, source } of waiting.childrenOf(latest.hash))
      await inTurn(() => place(message, source))
    const highest = waiting.highest()
    if (highest !== undefined && highest > latest.number + 1n)
      for (const { name } of sources.health()) fill(name, highest)
    await lists?.lookAgain()
  }

  const report = (error: unknown) => logger.error({ error }, 'a preconfirmed block could not be judged')
  const stop = chain.onChange(({ removed, heads }) => {
    partial.refresh()
    if (removed.length > 0) status.note()
    displaced
      .look()
      .then(() => journal.prune(heads.finalized.number))
      .catch(report)
  })

  return {
    async run(signal) {
      await applier.settle()
      await displaced.look()
      let looking: Promise<void> | undefined
      const timer = setInterval(() => {
        looking ??= lookAgain()
          .catch(report)
          .finally(() => {
            looking = undefined
          })
      }, LOOK_AGAIN_MS)
      timer.unref()
      try {
        await sources.run(signal)
      } finally {
        clearInterval(timer)
        await looking
      }
    },
    take,
    pending: partial.pending,
    forgo: applier.forgo,
    isSettled: applier.isSettled,
    status: status.read,
    async close() {
      if (isClosed) return
      isClosed = true
      stop()
      windows.close()
      await tail
      await partial.settled()
      await applier.close()
      await displaced.close()
    },
  }
}

function invalid(fault: Fault, detail: string): Judgement {
  return { type: 'invalid', fault, detail }
}
