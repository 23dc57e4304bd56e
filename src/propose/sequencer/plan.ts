/**
 * What comes next on the chain: join the batch under way, begin the next one with the forced inclusions that could fall due before it
 * lands, or wait. A pure function of the chain, L1 and the clock; nothing that it plans is dropped by derivation wherever in the
 * window the batch lands.
 */
import type { BlockRef } from '../../chain/chain.ts'
import { maxBigint } from '../../primitives/bigint.ts'
import type { Address } from '../../primitives/hex.ts'
import { FORCED_INCLUSIONS_MAX } from '../../protocol/shasta/forcedInclusions.ts'
import type { PendingInclusion } from '../../schedule/forcedInclusions.ts'
import { countOwn, firstOf, forcedIn, type Group, refOf } from './groups.ts'
import { findLeftOut } from './leftOut.ts'
import type { SequencingWindow } from './window.ts'

export type PlanOptions = {
  readonly proposer: Address
  readonly blockMs: number
  readonly batchMs: number
  readonly blocksMax: number
  readonly anchorLag: bigint
  readonly ringMargin: bigint
  readonly forcedMargin: bigint
}

export type PlanInput = {
  readonly nowMs: number
  readonly window: SequencingWindow
  /** Nothing of the window before can land any more. */
  readonly isPreviousOver: boolean
  /** What the inbox says at the L1 head. */
  readonly inbox: {
    readonly nextProposalId: bigint
    readonly lastFinalizedProposalId: bigint
    readonly ringBufferSize: bigint
  }
  readonly l1: { readonly number: bigint; readonly timestamp: bigint; readonly secondsPerSlot: bigint }
  /** The inbox's queue from its head. */
  readonly queue: readonly PendingInclusion[]
  readonly groups: readonly Group[]
  /** Of the latest L2 block. */
  readonly parent: { readonly timestamp: bigint; readonly anchorBlockNumber: bigint }
  /** The latest block is one of this window, so the last group is ours if there is one. */
  readonly isBegun: boolean
  /** The last group was posted, or holds as many bytes as it may. */
  readonly isLastGroupClosed: boolean
}

export type Plan =
  /** These blocks can never land. */
  | {
      readonly type: 'drop'
      readonly from: BlockRef
      readonly reason: string
      /** And in their place nothing can be promised. */
      readonly needsLanding?: boolean
    }
  | { readonly type: 'wait'; readonly reason: string; readonly closesLast: boolean }
  | {
      readonly type: 'forced'
      readonly proposalId: bigint
      /** All of the batch; the next block is that of the entry at `index`. */
      readonly entries: readonly PendingInclusion[]
      readonly index: number
    }
  | {
      readonly type: 'own'
      readonly proposalId: bigint
      /** Seconds. */
      readonly timestamp: bigint
      readonly anchorBlockNumber: bigint
      readonly sealAtMs: number
      readonly isEndOfWindow: boolean
      readonly opensBatch: boolean
    }

export function planBlock(input: PlanInput, options: PlanOptions): Plan {
  const { groups, inbox } = input
  const hindrance = findUnlandable(input, options) ?? findOvertaken(input)
  if (hindrance !== undefined) return hindrance
  const last = groups.at(-1)
  if (input.nowMs >= input.window.signUntilMs) {
    const reason = 'too little is left of the window to land another block'
    return { type: 'wait', reason, closesLast: last !== undefined && countOwn(last) > 0 }
  }
  const taken = groups.reduce((sum, group) => sum + forcedIn(group).length, 0)
  if (last !== undefined && input.isBegun) {
    if (countOwn(last) === 0) {
      const before = taken - forcedIn(last).length
      return planForced(input, options, last.proposalId, before, forcedIn(last).length)
    }
    if (!isClosed(last, taken, input, options)) return planOwn(input, options, last.proposalId, false)
  }
  return planBatch(input, options, inbox.nextProposalId + BigInt(groups.length), taken)
}

/** Blocks behind a proposal id that is taken, and forced blocks of another proposer, to whom they would pay. */
function findUnlandable({ groups, inbox, isPreviousOver }: PlanInput, { proposer }: PlanOptions) {
  for (const [i, group] of groups.entries()) {
    const id = inbox.nextProposalId + BigInt(i)
    const first = refOf(firstOf(group))
    if (group.proposalId !== id)
      return {
        type: 'drop',
        from: first,
        reason: `block ${first.number} was promised for proposal ${group.proposalId}, which can only be ${id} now`,
      } as const
    const foreign = forcedIn(group).find(({ header }) => header.coinbase !== proposer)
    if (foreign === undefined) continue
    const { number, coinbase } = foreign.header
    if (!isPreviousOver)
      return {
        type: 'wait',
        reason: `a forced inclusion in block ${number} can land only through ${coinbase}, who has until the end of his window`,
        closesLast: true,
      } as const
    return {
      type: 'drop',
      from: refOf(foreign),
      reason: `block ${number} is a forced inclusion that could land only through ${coinbase}`,
    } as const
  }
  return undefined
}

/** A batch that leaves out what is due before it can land; while L1 is silent, before it is likely to. */
function findOvertaken({ groups, queue, l1, nowMs, isBegun, isPreviousOver }: PlanInput): Plan | undefined {
  const { timestamp, secondsPerSlot } = l1
  const next = timestamp + secondsPerSlot
  const leftOut = findLeftOut({ groups, queue, next, secondsPerSlot })
  if (leftOut !== undefined) {
    const { group, reason } = leftOut
    // Whoever published it may land another in its place until his window is over.
    if (!isBegun && !isPreviousOver) return { type: 'wait', reason, closesLast: false }
    return { type: 'drop', from: refOf(firstOf(group)), reason, needsLanding: isBegun }
  }
  const silentSlots = (BigInt(Math.floor(nowMs / 1000)) - timestamp) / secondsPerSlot // rounds down
  const byClock = maxBigint(next, next + silentSlots * secondsPerSlot)
  const overtaken = findLeftOut({ groups, queue, next: byClock, secondsPerSlot })
  const last = groups.at(-1)
  return (
    overtaken && {
      type: 'wait',
      reason: `L1 has been silent for too long: ${overtaken.reason}`,
      closesLast: last !== undefined && countOwn(last) > 0,
    }
  )
}

/** Whether the batch under way takes no more blocks. `taken`: entries of the queue that the batches hold. */
function isClosed(group: Group, taken: number, input: PlanInput, options: PlanOptions): boolean {
  if (input.isLastGroupClosed || countOwn(group) >= options.blocksMax) return true
  // What falls due in this window has to come first, and in this batch it no longer can.
  if (dueEntries(input, options, taken).length > 0) return true
  const ageMs = input.nowMs - Number(firstOf(group).header.timestamp) * 1000
  // A last batch stays open to the end when there is no L1 slot left for another, with one to spare.
  return ageMs >= options.batchMs && slotsLeft(input) > BigInt(input.groups.length + 1)
}

/** L1 slots in which our proposals can land, from now on. */
function slotsLeft({ window, l1 }: PlanInput): bigint {
  const from = maxBigint(l1.timestamp, window.previousEnd)
  return (window.end - from) / l1.secondsPerSlot // rounds down
}

function dueEntries(
  { queue, window }: PlanInput,
  { forcedMargin }: PlanOptions,
  taken: number,
): readonly PendingInclusion[] {
  const due = queue.slice(taken).findIndex(({ dueAt }) => dueAt > window.end + forcedMargin)
  const end = due === -1 ? queue.length : taken + due
  return queue.slice(taken, Math.min(end, taken + FORCED_INCLUSIONS_MAX))
}

function planBatch(input: PlanInput, options: PlanOptions, proposalId: bigint, taken: number): Plan {
  const { inbox, groups, window, nowMs } = input
  const wait = (reason: string): Plan => ({ type: 'wait', reason, closesLast: true })
  const unproven = proposalId - inbox.lastFinalizedProposalId
  if (unproven >= inbox.ringBufferSize - options.ringMargin)
    return wait(
      `${unproven} proposals would wait for a proof, and the inbox holds ${inbox.ringBufferSize - 1n}`,
    )
  const slots = slotsLeft(input)
  if (BigInt(groups.length) >= slots)
    return wait(`${groups.length} batches have to land in the ${slots} L1 slots left of the window`)
  if (nowMs >= window.stopAtMs && !input.isBegun)
    return wait('too little is left of the window to land a block')
  if (anchorFor(input, options) <= input.parent.anchorBlockNumber) return wait(anchorReason(input))
  return planForced(input, options, proposalId, taken, 0)
}

/** The next forced block of a batch that holds `count` of them, or its first own one. `before`: entries that earlier batches hold. */
function planForced(
  input: PlanInput,
  options: PlanOptions,
  proposalId: bigint,
  before: number,
  count: number,
): Plan {
  const due = dueEntries(input, options, before)
  // One that was taken along stays, though the margin would no longer ask for it.
  const entries = due.length >= count ? due : input.queue.slice(before, before + count)
  if (entries.length > count) return { type: 'forced', proposalId, entries, index: count }
  return planOwn(input, options, proposalId, true)
}

function planOwn(input: PlanInput, options: PlanOptions, proposalId: bigint, opensBatch: boolean): Plan {
  const { nowMs, window, parent } = input
  const { blockMs } = options
  // Within a batch the anchor stands still, so that L1 has moved on when the next one begins.
  const anchorBlockNumber = opensBatch ? anchorFor(input, options) : parent.anchorBlockNumber
  if (opensBatch && anchorBlockNumber <= parent.anchorBlockNumber)
    return { type: 'wait', reason: anchorReason(input), closesLast: false }
  const startMs = Math.floor(nowMs / blockMs) * blockMs
  const timestamp = maxBigint(BigInt(Math.floor(startMs / 1000)), parent.timestamp + 1n)
  if (Number(timestamp) * 1000 > nowMs)
    return {
      type: 'wait',
      reason: `L2 is ahead of time: its next block is of ${timestamp}`,
      closesLast: false,
    }
  const isLate = nowMs >= window.stopAtMs
  const sealAtMs = isLate ? nowMs : startMs + blockMs
  const isEndOfWindow = isLate || sealAtMs + blockMs > window.stopAtMs
  return { type: 'own', proposalId, timestamp, anchorBlockNumber, sealAtMs, isEndOfWindow, opensBatch }
}

function anchorFor({ l1 }: PlanInput, { anchorLag }: PlanOptions): bigint {
  return l1.number - anchorLag
}

function anchorReason({ parent, l1 }: PlanInput): string {
  return `the next batch has to be anchored above L1 block ${parent.anchorBlockNumber}, and L1 is at ${l1.number}`
}
