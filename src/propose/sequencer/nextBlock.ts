/** From a plan to all that a block is before its transactions: what derivation will be told of it. */
import type { LatestBlock, UnsafeMetadata } from '../../derive/unsafe.ts'
import type { L1 } from '../../l1/l1.ts'
import { defined } from '../../primitives/assert.ts'
import type { Address } from '../../primitives/hex.ts'
import { gasLimitWithoutAnchor } from '../../protocol/shasta/rules.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { chooseGasLimit } from '../plan.ts'
import type { ResumableBlock } from './events.ts'
import { expectProposal, readForcedBlock } from './forcedBlock.ts'
import type { L1View } from './l1View.ts'
import type { Plan } from './plan.ts'
import type { SequencingWindow } from './window.ts'

export type NextBlock = {
  readonly type: 'block'
  readonly metadata: UnsafeMetadata
  readonly windowEnd: bigint
  /** Until then its signature is waited for, in milliseconds. */
  readonly signUntilMs: number
  readonly isEndOfWindow: boolean
  /** Milliseconds; a forced block is sealed at once. */
  readonly sealAtMs: number
  /** All that a forced block may hold; absent for our own. */
  readonly forced?: readonly Uint8Array[]
  /** What was kept of it before a stop. */
  readonly resumed?: ResumableBlock
}

export type NextBlockAnswer = NextBlock | { readonly type: 'wait'; readonly reason: string }

export type NextBlockInput = {
  readonly latest: LatestBlock
  readonly window: SequencingWindow
  readonly view: L1View
}

export type NextBlockOptions = {
  readonly proposer: Address
  readonly coinbase: Address
  readonly gasLimitTarget: bigint
  readonly blockMs: number
}

type Deps = { readonly spec: RollupSpec; readonly l1: Pick<L1, 'blobs'> }

export function prepareOwn(
  plan: Extract<Plan, { type: 'own' }>,
  { latest, window, view }: NextBlockInput,
  options: NextBlockOptions,
): NextBlock {
  const { proposalId, timestamp, anchorBlockNumber, sealAtMs, isEndOfWindow } = plan
  const { basefeeSharingPctg } = view.config
  const { coinbase } = options
  const gasLimit = chooseGasLimit(gasLimitWithoutAnchor(latest.context), options.gasLimitTarget)
  return {
    type: 'block',
    metadata: {
      ...{ proposalId, basefeeSharingPctg, timestamp, coinbase, gasLimit, anchorBlockNumber },
      isForcedInclusion: false,
    },
    windowEnd: window.end,
    signUntilMs: window.signUntilMs,
    ...{ sealAtMs, isEndOfWindow },
  }
}

/** The same block as before the stop; only when it ends is decided anew. */
export function prepareResumed(
  resumed: ResumableBlock,
  { nowMs, window }: { readonly nowMs: number; readonly window: SequencingWindow },
  { blockMs }: NextBlockOptions,
): NextBlock {
  // One that was closed may be signed already, with all that it says.
  const isLate = resumed.isClosed || nowMs >= window.stopAtMs
  const sealAtMs = isLate ? nowMs : (Math.floor(nowMs / blockMs) + 1) * blockMs
  return {
    type: 'block',
    metadata: resumed.metadata,
    windowEnd: window.end,
    signUntilMs: window.signUntilMs,
    isEndOfWindow: resumed.isClosed ? resumed.isEndOfWindow : isLate || sealAtMs + blockMs > window.stopAtMs,
    ...{ sealAtMs, resumed },
  }
}

export async function prepareForced(
  deps: Deps,
  { entries, index, proposalId }: Extract<Plan, { type: 'forced' }>,
  { latest, window, view }: NextBlockInput,
  { proposer }: NextBlockOptions,
  signal?: AbortSignal,
): Promise<NextBlockAnswer> {
  const { basefeeSharingPctg } = view.config
  const { secondsPerSlot } = deps.spec.l1
  const expect = (timestamp: bigint, slotsLater: bigint) =>
    expectProposal({
      ...{ id: proposalId, proposer, basefeeSharingPctg, timestamp, forced: entries, blobCount: 1 },
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
    windowEnd: window.end,
    signUntilMs: window.signUntilMs,
    isEndOfWindow: false,
    sealAtMs: 0,
    forced: transactions.map(({ raw }) => raw),
  }
}
