/**
 * When a batch's blocks are and which L1 block they are anchored to, so that derivation accepts them whichever L1 slot of a
 * window the batch lands in: D-41..D-47 hold at both ends of the window, and each of them is monotone in between.
 */
import { maxBigint, minBigint } from '../primitives/bigint.ts'
import { gasLimitBounds, timestampLowerBound } from '../protocol/shasta/rules.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'

/** L1 timestamps, in seconds, between which a proposal may land; the contract refuses it after `latest`. */
export type InclusionWindow = {
  readonly earliest: bigint
  readonly latest: bigint
  /** L1 slots between the two. */
  readonly slots: bigint
}

export function createWindow(spec: RollupSpec, l1HeadTimestamp: bigint, slots: bigint): InclusionWindow {
  const earliest = l1HeadTimestamp + spec.l1.secondsPerSlot
  return { earliest, latest: earliest + slots * spec.l1.secondsPerSlot, slots }
}

export type PlanInput = {
  readonly spec: RollupSpec
  readonly window: InclusionWindow
  readonly l1HeadNumber: bigint
  /** The last block before the proposal. */
  readonly parent: { readonly timestamp: bigint; readonly anchorBlockNumber: bigint }
  /** Blocks of forced inclusions that come before ours. */
  readonly forcedBlocks: number
  /** Blocks we should like to make, at least 1. */
  readonly wantedBlocks: number
  /** Seconds from one block to the next. */
  readonly blockTime: bigint
  /** L1 blocks by which the anchor stays behind the L1 head, if it can. */
  readonly anchorLag: bigint
}

export type Plan =
  | { readonly type: 'blocks'; readonly timestamps: readonly bigint[]; readonly anchorBlockNumber: bigint }
  /** Nothing valid can be proposed now; the sentence says what has to happen first. */
  | { readonly type: 'wait'; readonly reason: string }

export function planBlocks(input: PlanInput): Plan {
  const { spec, window, parent, blockTime } = input
  const lowest = lowestTimestamp(spec, window.latest, parent.timestamp, input.forcedBlocks)
  const highest = window.earliest
  if (lowest > highest)
    return {
      type: 'wait',
      reason: `no L2 timestamp is left between ${lowest} and ${highest}; L1 has to advance first`,
    }
  const anchorBlockNumber = chooseAnchor(input)
  if (anchorBlockNumber > input.l1HeadNumber)
    return {
      type: 'wait',
      reason: `the parent is anchored to L1 block ${parent.anchorBlockNumber} already; L1 has to advance first`,
    }
  // Rounds down: a block every blockTime, the last one at the highest timestamp.
  const room = (highest - lowest) / blockTime + 1n
  const count = minBigint(room, BigInt(input.wantedBlocks))
  const timestamps: bigint[] = []
  for (let left = count - 1n; left >= 0n; left--) timestamps.push(highest - left * blockTime)
  return { type: 'blocks', timestamps, anchorBlockNumber }
}

/** What D-41 asks of our first block at the end of the window, forced blocks taking their own lowest timestamps before it. */
function lowestTimestamp(
  spec: RollupSpec,
  proposalTimestamp: bigint,
  parentTimestamp: bigint,
  forcedBlocks: number,
): bigint {
  let lowest = timestampLowerBound({ spec, parentTimestamp, proposalTimestamp })
  for (let i = 0; i < forcedBlocks; i++)
    lowest = timestampLowerBound({ spec, parentTimestamp: lowest, proposalTimestamp })
  return lowest
}

/** As fresh as the lag allows, but above the parent's (D-47) and not too old at the end of the window (D-46). */
function chooseAnchor({ spec, window, l1HeadNumber, parent, anchorLag }: PlanInput): bigint {
  const lastOrigin = l1HeadNumber + window.slots
  return maxBigint(
    maxBigint(l1HeadNumber - anchorLag, parent.anchorBlockNumber + 1n),
    lastOrigin - spec.shasta.anchorMaxOffset,
  )
}

/** The gas limit nearest to `target` that may follow `parentGasLimit`, both without the anchor's gas. D-48, D-49. */
export function chooseGasLimit(parentGasLimit: bigint, target: bigint): bigint {
  const { lower, upper } = gasLimitBounds(parentGasLimit)
  return minBigint(maxBigint(target, lower), upper)
}
