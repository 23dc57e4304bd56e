/**
 * The loop of an L1 proposer: at each L1 slot look what became of the last proposal, build on what is derived, check the
 * batch by our own derivation, post it. Nothing that goes wrong in a round ends the loop, save what only an operator can mend.
 */
import { sleep } from '../primitives/async.ts'
import { minBigint } from '../primitives/bigint.ts'
import { CriticalError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Logger } from '../telemetry/log.ts'
import { BatchRefusedError, encodeBatch } from './batch.ts'
import { type Batch, type BuilderDeps, type BuilderOptions, buildBatch } from './builder.ts'
import type { BuildBase } from './draft.ts'
import type { PostEntry } from './journal.ts'
import type { PostEvent } from './observe.ts'
import type { Poster, SubmitResult } from './poster.ts'
import { encodePropose, forcedInclusionsOf } from './postRequest.ts'
import { type BaseDeps, type BaseResult, readBase } from './readBase.ts'
import { ALWAYS_MINE, type AskTurn } from './turn.ts'
import type { TxPool } from './txPool.ts'

export type ProposerOptions = {
  readonly builder: BuilderOptions
  /** Milliseconds between rounds; an L1 slot, or a part of it. */
  readonly intervalMs: number
  /** Propose a block without transactions when there is nothing else, so that L2 keeps L1's time. */
  readonly proposesEmpty: boolean
  /** Posts that are in flight or landed but not confirmed; at this many the proposer waits. */
  readonly unconfirmedMax: number
  /** Proposals without a proof; at this many the proposer waits. The inbox's ring buffer is a bound as well. */
  readonly unprovenMax: bigint
}

/** For a devnet; `proposer` and `coinbase` have no default. */
export const DEFAULT_BUILDER_OPTIONS = {
  blockTime: 2n,
  blocksMax: 6,
  blobsMax: 3,
  inclusionSlots: 32n,
  anchorLag: 1n,
  gasLimitTarget: 30_000_000n,
  candidatesMax: 2000,
} as const satisfies Partial<BuilderOptions>

export const DEFAULT_PROPOSER_OPTIONS = {
  intervalMs: 12_000,
  proposesEmpty: true,
  unconfirmedMax: 64,
  unprovenMax: 1000n,
} as const satisfies Partial<ProposerOptions>

export type ProposerStatus = {
  readonly type: 'waiting' | 'posted' | 'inFlight' | 'failed'
  /** A sentence for an operator. */
  readonly detail: string
  readonly unconfirmed: number
  /** Landed since the start. */
  readonly landed: number
  readonly reverted: number
}

export type Proposer = {
  /** One look at L1 and at most one submission. `run` does nothing else. */
  step(signal?: AbortSignal): Promise<ProposerStatus>
  /** Runs until the signal; throws only a CriticalError. */
  run(signal: AbortSignal): Promise<void>
  status(): ProposerStatus
}

export type ProposerDeps = BuilderDeps &
  BaseDeps & {
    readonly pool: Pick<TxPool, 'pendingByPrice' | 'remove'>
    readonly poster: Poster
    /** False while the node is not at the head of L1. */
    readonly ready: () => boolean
    /** Absent: anyone may propose at any time. */
    readonly turn?: AskTurn
    readonly logger: Logger
    readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
    readonly onStatus?: (status: ProposerStatus) => void
  }

/** After n reverts in a row the proposer lets 2^n L1 blocks pass, up to 2^5: alive, but not burning fees. */
const REVERT_PAUSE_EXPONENT_MAX = 5

export function createProposer(deps: ProposerDeps, options: ProposerOptions): Proposer {
  const { poster, pool, logger, wait = sleep } = deps
  let status: ProposerStatus = {
    type: 'waiting',
    detail: 'not started',
    unconfirmed: 0,
    landed: 0,
    reverted: 0,
  }
  let revertsInARow = 0
  let pausedUntilBlock = 0n

  const note = (event: PostEvent, headNumber: bigint) => {
    if (event.type === 'landed') {
      revertsInARow = 0
      status = { ...status, landed: status.landed + 1 }
      logger.info(event, 'a proposal landed')
    } else if (event.type === 'reverted' || event.type === 'noEvent') {
      revertsInARow++
      pausedUntilBlock = headNumber + (1n << BigInt(Math.min(revertsInARow, REVERT_PAUSE_EXPONENT_MAX)))
      status = { ...status, reverted: status.reverted + 1 }
      const message =
        event.type === 'reverted'
          ? 'a proposal reverted on L1; building anew'
          : 'the proposal was mined without a Proposed event: the configured inbox address is wrong'
      logger.error({ ...event, pausedUntilBlock }, message)
    } else if (event.type === 'confirmed') {
      logger.debug(event, 'a proposal is confirmed')
    } else {
      logger.warn(event, 'a proposal is no longer on L1')
    }
  }

  type Step = Pick<ProposerStatus, 'type' | 'detail'>
  const waiting = (detail: string): Step => ({ type: 'waiting', detail })

  const advance = async (signal?: AbortSignal): Promise<Step> => {
    const posted = await poster.poll(signal)
    status = { ...status, unconfirmed: posted.unconfirmed }
    for (const event of posted.events) note(event, posted.head.number)
    if (!deps.ready()) return waiting('the node is not at the head of L1')
    if (posted.head.number < pausedUntilBlock)
      return waiting(`after ${revertsInARow} reverts until L1 block ${pausedUntilBlock}`)
    const turn = (await deps.turn?.(options.builder.proposer, signal)) ?? ALWAYS_MINE
    if (turn.type === 'wait') return waiting(turn.reason)
    const inclusionSlots = slotsUntil(turn.latest, posted.head.timestamp)
    if (inclusionSlots < 0n) return waiting('our window on L1 ends with the newest block')
    const read = await readBase(deps, { l1Head: posted.head, inclusionSlots, ...(signal && { signal }) })
    if (read.type === 'wait') return waiting(read.reason)
    if (posted.inFlight && isStillWanted(posted.inFlight, read, deps.spec.l1.secondsPerSlot))
      return describe(await poster.keep(signal), posted.inFlight)
    // What is in flight and no longer wanted will be replaced, not added to.
    const others = posted.unconfirmed - (posted.inFlight ? 1 : 0)
    if (others >= options.unconfirmedMax)
      return waiting(`${others} posts are unconfirmed, at most ${options.unconfirmedMax} may be`)
    if (read.unproven >= options.unprovenMax)
      return waiting(`${read.unproven} proposals are unproven, at most ${options.unprovenMax} may be`)
    return propose(read, { ...turn, inclusionSlots }, posted.inFlight, signal)
  }

  /** Slots after the next one in which a batch may still land: as configured, or fewer where our turn ends. */
  const slotsUntil = (latest: bigint | undefined, headTimestamp: bigint): bigint => {
    const { inclusionSlots } = options.builder
    const { secondsPerSlot } = deps.spec.l1
    if (latest === undefined) return inclusionSlots
    const left = latest - headTimestamp - secondsPerSlot
    return left < 0n ? -1n : minBigint(inclusionSlots, left / secondsPerSlot)
  }

  const propose = async (
    read: Extract<BaseResult, { type: 'base' }>,
    turn: { readonly lookahead: Uint8Array; readonly inclusionSlots: bigint },
    inFlight: PostEntry | undefined,
    signal?: AbortSignal,
  ): Promise<Step> => {
    const { base } = read
    const built = await buildBatch(deps, base, {
      options: { ...options.builder, inclusionSlots: turn.inclusionSlots },
      candidates: (baseFee) => pool.pendingByPrice(baseFee),
    })
    if (built.type === 'wait') return waiting(built.reason)
    const { batch } = built
    if (batch.fittingNoBlock.length > 0) {
      logger.warn(
        { transactions: batch.fittingNoBlock },
        'dropped from the pool: the zk gas of each is more than a block has (D-92)',
      )
      await pool.remove(batch.fittingNoBlock)
    }
    const isEmpty = batch.manifest.every((block) => block.transactions.length === 0)
    // One in flight has to be replaced all the same: it holds the nonce.
    const isIdle = isEmpty && base.forcedInclusions.length === 0 && inFlight === undefined
    if (isIdle && !options.proposesEmpty) return waiting('there is nothing to propose')
    const blobs = await encodeChecked(base, batch)
    if (!read.isCurrent()) return waiting('a block was derived while this batch was built')
    const deadline = batch.window.latest
    const request = {
      blobs,
      deadline,
      parentHash: base.parent.hash,
      data: encodePropose({
        lookahead: turn.lookahead,
        deadline,
        blobCount: blobs.length,
        forcedInclusions: base.forcedInclusions.length,
      }),
    }
    const result = await poster.submit(request, signal)
    if (result.type === 'sent')
      logger.info(
        { proposal: base.nextProposalId, blocks: batch.blocks.length, blobs: blobs.length, ...result },
        'posted a proposal',
      )
    return describe(result, inFlight)
  }

  /** A refused batch would be built again and again: its transactions leave the pool. */
  const encodeChecked = async (base: BuildBase, batch: Batch): Promise<readonly Uint8Array[]> => {
    const { proposer, blobsMax } = options.builder
    try {
      return await encodeBatch(deps, base, { batch, proposer, blobsMax })
    } catch (error) {
      if (error instanceof BatchRefusedError) await pool.remove(userTransactions(batch))
      throw error
    }
  }

  const step = async (signal?: AbortSignal): Promise<ProposerStatus> => {
    let next: Step
    try {
      next = await advance(signal)
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof CriticalError) throw error
      const detail = error instanceof Error ? error.message : String(error)
      if (error instanceof BatchRefusedError) logger.error({ detail }, 'a batch of ours failed its own check')
      else logger.warn({ detail }, 'nothing was proposed in this round')
      next = { type: 'failed', detail }
    }
    status = { ...status, ...next }
    deps.onStatus?.(status)
    return status
  }

  return {
    step,
    status: () => status,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await step(signal)
          await wait(options.intervalMs, signal)
        } catch (error) {
          if (signal.aborted) return
          throw error
        }
      }
    },
  }
}

/** Built on the block that is still the last one, in time for the next L1 block, and with all that has fallen due. */
function isStillWanted(
  entry: PostEntry,
  { base, due }: Extract<BaseResult, { type: 'base' }>,
  secondsPerSlot: bigint,
): boolean {
  return (
    entry.parentHash === base.parent.hash &&
    base.l1Head.timestamp + secondsPerSlot <= entry.deadline &&
    forcedInclusionsOf(entry.data) >= due
  )
}

function describe(
  result: SubmitResult | undefined,
  inFlight: PostEntry | undefined,
): Pick<ProposerStatus, 'type' | 'detail'> {
  switch (result?.type) {
    case undefined:
    case 'alreadySent':
      return { type: 'inFlight', detail: `waiting for nonce ${inFlight?.nonce} to be included` }
    case 'sent':
      return { type: 'posted', detail: `sent ${result.transactionHash} with nonce ${result.nonce}` }
    case 'mined':
      return { type: 'inFlight', detail: `nonce ${result.nonce} was included` }
    case 'tooExpensive':
      return {
        type: 'waiting',
        detail: `L1 fees are above the caps: ${result.fees.maxFeePerGas} wei per gas, ${result.fees.maxFeePerBlobGas} per blob gas`,
      }
    case 'refused':
      return { type: 'waiting', detail: result.reason }
  }
}

function userTransactions(batch: Batch): readonly Hash[] {
  return batch.blocks.flatMap(({ transactions }) =>
    transactions.filter(({ listedIndex }) => listedIndex !== undefined).map(({ hash }) => hash),
  )
}
