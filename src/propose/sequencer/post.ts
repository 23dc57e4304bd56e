/**
 * Batches onto L1: the oldest first, one in flight, in our window alone, and only what our own derivation makes the very blocks of the
 * chain from wherever in the window it lands. What is sent when, and how often, is the poster's affair, whose journal outlives a stop.
 */
import type { BlockRef, ChainReader } from '../../chain/chain.ts'
import type { L1 } from '../../l1/l1.ts'
import { maxBigint } from '../../primitives/bigint.ts'
import type { Address } from '../../primitives/hex.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { PostEntry } from '../journal.ts'
import type { PostEvent } from '../observe.ts'
import type { Poster, SubmitResult } from '../poster.ts'
import { contentIdOf, encodePropose, type PostRequest } from '../postRequest.ts'
import type { AskTurn } from '../turn.ts'
import { type CheckDeps, checkBatch } from './checkBatch.ts'
import type { CommitmentOf } from './events.ts'
import { countOwn, firstOf, forcedIn, type Group, lastOf, refOf } from './groups.ts'
import { BLOBS_PER_TRANSACTION_MAX } from './inherit.ts'
import type { L1View, ReadL1View } from './l1View.ts'
import { findLeftOut } from './leftOut.ts'
import { close, isClosed, type Shared } from './shared.ts'
import type { SequencingWindow, Windows } from './window.ts'

export type PostDeps = CheckDeps & {
  readonly spec: RollupSpec
  readonly chain: ChainReader
  readonly l1: Pick<L1, 'ancestor' | 'blobs' | 'status'>
  readonly poster: Poster
  readonly schedule: Pick<Schedule, 'currentSlot'>
  readonly turn: AskTurn
  readonly windows: Windows
  readonly readView: ReadL1View
  readonly readGroups: () => Promise<readonly Group[]>
  readonly commitmentOf: CommitmentOf
  readonly ready: () => { readonly isReady: boolean; readonly reason?: string }
  /** One look at L1, and at most one batch without promises, on what L1 has. Answers a sentence. */
  readonly postUnpromised: (signal: AbortSignal) => Promise<string>
  readonly shared: Shared
  readonly logger: Logger
}

export type PostOptions = { readonly proposer: Address }

/** After n reverts in a row nothing is sent for 2^n L1 blocks, up to 2^3: alive, but not burning fees. */
const REVERT_PAUSE_EXPONENT_MAX = 3

/** Answers a sentence for an operator. */
export type PostStep = (signal: AbortSignal) => Promise<string>

export function createPostStep(deps: PostDeps, options: PostOptions): PostStep {
  const { poster, shared, logger, readView, readGroups, commitmentOf } = deps
  const { secondsPerSlot, genesisTime } = deps.spec.l1
  let revertsInARow = 0
  let pausedUntilBlock = 0n
  /** What was looked at last; the same again would bring the same. */
  let lastLook: string | undefined
  /** What was missing can come without anything of that changing. */
  let mayChange = false
  let lastSaid = 'L1 has not been looked at yet'
  let prepared: { readonly key: string; readonly request: PostRequest } | undefined

  const note = (event: PostEvent, headNumber: bigint) => {
    switch (event.type) {
      case 'landed':
        revertsInARow = 0
        logger.info(event, 'a batch landed')
        return
      case 'reverted':
      case 'noEvent':
        revertsInARow++
        pausedUntilBlock = headNumber + (1n << BigInt(Math.min(revertsInARow, REVERT_PAUSE_EXPONENT_MAX)))
        logger.error({ ...event, pausedUntilBlock }, 'a batch did not land: L1 reverted it')
        return
      case 'confirmed':
        logger.debug(event, 'a batch is confirmed')
        return
      default:
        logger.warn(event, 'a batch is no longer on L1')
    }
  }

  const look = async (signal: AbortSignal): Promise<string> => {
    const posted = await poster.poll(signal)
    shared.hasLooked = true
    const { inFlight, head } = posted
    const canLand = inFlight !== undefined && head.timestamp + secondsPerSlot <= inFlight.deadline
    shared.inFlightParent = canLand ? inFlight.parentHash : undefined
    for (const event of posted.events) note(event, posted.head.number)
    if (!canLand && hasMovedOn()) shared.held = undefined
    const readiness = deps.ready()
    if (!readiness.isReady) return readiness.reason ?? 'the node is not ready'
    const window = await deps.windows.running(signal)
    if (window === undefined) return 'it is not our turn on L1'
    if (posted.head.timestamp + secondsPerSlot > window.end)
      return 'our window on L1 ends with the newest block'
    const answer = await readView(posted.head, signal)
    if (answer.type === 'wait') {
      mayChange = true
      return answer.reason
    }
    // As it was before they are read: a batch that is closed meanwhile may end with a block that is not among them.
    const before: Shared = { ...shared, closed: new Set(shared.closed) }
    const groups = await readGroups()
    shared.groups = groups
    const [group] = groups
    const overtaken = await giveUpOvertaken(groups, window, answer.view)
    if (overtaken !== undefined) return overtaken
    if (posted.head.number < pausedUntilBlock)
      return `after ${revertsInARow} reverts nothing is sent until L1 block ${pausedUntilBlock}`
    if (shared.held !== undefined) {
      // What is promised lands first.
      mayChange = true
      if (group === undefined) return `without promises: ${await deps.postUnpromised(signal)}`
      for (const each of groups) {
        close(shared, each)
        close(before, each)
      }
      const last = groups.at(-1)
      if (last !== undefined && countOwn(last) === 0) {
        shared.dropFrom = {
          ...refOf(firstOf(last)),
          reason: 'nothing can be promised behind a forced inclusion',
          needsLanding: true,
        }
        return 'a batch without a block of its own is given up'
      }
    }
    if (group === undefined) return 'everything has landed'
    const end = await windowEndOf(group)
    if (end !== undefined && end > window.end)
      return 'everything of this window has landed; what follows is of the next one'
    if (end === window.end && groups.length === 1 && !isClosed(before, group))
      return 'the batch under way is not closed yet'
    return post(group, window, answer.view, posted.inFlight, signal)
  }

  /** Also where no more blocks are made. */
  const giveUpOvertaken = async (
    groups: readonly Group[],
    window: SequencingWindow,
    { head, inbox, queue }: L1View,
  ): Promise<string | undefined> => {
    const last = groups.at(-1)
    if (last === undefined || groups[0]?.proposalId !== inbox.nextProposalId) return undefined
    const leftOut = findLeftOut({ groups, queue, next: head.timestamp + secondsPerSlot, secondsPerSlot })
    if (leftOut === undefined) return undefined
    const { group, reason } = leftOut
    const end = await windowEndOf(last)
    shared.dropFrom = {
      ...refOf(firstOf(group)),
      reason,
      needsLanding: end !== undefined && end >= window.end,
    }
    // Another one will be sent.
    pausedUntilBlock = 0n
    return `${reason}. Its blocks from ${firstOf(group).header.number} on are given up`
  }

  /** From where nothing could be promised: what is refused there may be signed now. */
  const hasMovedOn = (): boolean => {
    const { latest, safe } = deps.chain.heads()
    return shared.held?.parent !== latest.hash || shared.held.safe !== safe.hash
  }

  const windowEndOf = async (group: Group): Promise<bigint | undefined> =>
    (await commitmentOf(lastOf(group).hash))?.commitment.windowEnd

  const post = async (
    group: Group,
    window: SequencingWindow,
    view: L1View,
    inFlight: PostEntry | undefined,
    signal: AbortSignal,
  ): Promise<string> => {
    const { proposalId } = group
    if (proposalId !== view.inbox.nextProposalId)
      return `the next batch is proposal ${proposalId}, and L1 expects ${view.inbox.nextProposalId}`
    const turn = await deps.turn(options.proposer, signal)
    if (turn.type === 'wait') return turn.reason
    const earliest = await earliestLanding(group, window, view, signal)
    if (earliest === undefined)
      return `the batch waits for L1: its last block is of ${lastOf(group).header.timestamp}`
    const forced = view.queue.slice(0, forcedIn(group).length)
    const key = [
      ...[firstOf(group).hash, lastOf(group).hash, window.end, turn.lookahead.join()],
      ...forced.map(({ index, blobHash, savedAt }) => `${index}:${blobHash}:${savedAt}`),
    ].join(' ')
    if (prepared?.key !== key) {
      const checked = await checkBatch(
        deps,
        {
          ...{ group, forced, earliest, secondsPerSlot },
          proposer: options.proposer,
          basefeeSharingPctg: view.config.basefeeSharingPctg,
          blobsMax: BLOBS_PER_TRANSACTION_MAX,
          l1Head: view.head,
          latest: window.end,
        },
        signal,
      )
      if (checked.type === 'refused') return refuse(group, window, checked)
      shared.refused = undefined
      const data = encodePropose({
        lookahead: turn.lookahead,
        deadline: window.end,
        blobCount: checked.blobs.length,
        forcedInclusions: forced.length,
      })
      const parentHash = firstOf(group).header.parentHash
      prepared = { key, request: { blobs: checked.blobs, data, deadline: window.end, parentHash } }
    }
    const { request } = prepared
    close(shared, group)
    if (inFlight?.contentId === contentIdOf(request))
      return describe(await poster.keep(signal), inFlight.nonce, proposalId)
    const result = await poster.submit(request, signal)
    if (result.type === 'sent') {
      shared.inFlightParent = request.parentHash
      logger.info(
        { proposal: proposalId, blocks: group.blocks.length, blobs: request.blobs.length, ...result },
        'posted a batch',
      )
    }
    return describe(result, inFlight?.nonce, proposalId)
  }

  /**
   * The first L1 block it may land in; undefined while that could be older than its last block. By the head we know: a block of
   * a slot that is not there yet may still come, and take along what we send now.
   */
  const earliestLanding = async (
    group: Group,
    window: SequencingWindow,
    { head }: L1View,
    signal: AbortSignal,
  ): Promise<bigint | undefined> => {
    const { timestamp } = lastOf(group).header
    const next = head.timestamp + secondsPerSlot
    if (timestamp <= next) return next
    // With our own slot the only one left there is nothing to wait for.
    const byClock = maxBigint(next, genesisTime + (await deps.schedule.currentSlot(signal)) * secondsPerSlot)
    return byClock === window.end && timestamp <= byClock ? byClock : undefined
  }

  const refuse = async (
    group: Group,
    window: SequencingWindow,
    refused: { readonly reason: string; readonly block: BlockRef },
  ): Promise<string> => {
    const { proposalId } = group
    const detail = `batch ${proposalId} is not sent, because our own derivation does not confirm it: ${refused.reason}`
    if ((await windowEndOf(group)) === window.end) {
      shared.refused = { ...refOf(firstOf(group)), reason: detail }
      logger.error({ proposalId, reason: refused.reason }, 'a batch of ours failed its own check')
      return `${detail}. Nothing more is promised in this window; please report it with the log`
    }
    shared.dropFrom = { ...refused.block, reason: detail, needsLanding: false }
    return `${detail}. Its blocks from ${refused.block.number} on are given up`
  }

  return async (signal) => {
    const { latest, safe } = deps.chain.heads()
    const now = [
      ...[deps.l1.status().head?.hash, await deps.schedule.currentSlot(signal), deps.ready().isReady],
      ...[latest.hash, safe.hash, shared.closed.size, shared.held?.parent],
    ].join(' ')
    if (now === lastLook) return lastSaid
    // Forgotten first: what fails is tried again.
    lastLook = undefined
    mayChange = false
    lastSaid = await look(signal)
    if (!mayChange) lastLook = now
    return lastSaid
  }
}

function describe(result: SubmitResult | undefined, nonce: number | undefined, proposalId: bigint): string {
  switch (result?.type) {
    case undefined:
    case 'alreadySent':
      return `batch ${proposalId} waits for L1 to include nonce ${nonce}`
    case 'sent':
      return `batch ${proposalId} was sent as ${result.transactionHash} with nonce ${result.nonce}`
    case 'mined':
      return `batch ${proposalId}: nonce ${result.nonce} is included`
    case 'tooExpensive':
      return `batch ${proposalId} is not sent: L1 asks for ${result.fees.maxFeePerGas} wei per gas and ${result.fees.maxFeePerBlobGas} per blob gas, above the caps; raise them, or the promises of this window are broken`
    case 'refused':
      return `batch ${proposalId} is not sent: ${result.reason}`
  }
}
