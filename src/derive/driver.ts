/**
 * The loop: follow L1, derive what each block proposes, commit the step. The only writer of heads.
 * An error decides by its kind: temporary waits and follows anew from the last commit, so does a reset; anything else stops.
 */
import type { BlockRef } from '../chain/chain.ts'
import type { L1, L1Position } from '../l1/l1.ts'
import { assert, assertNever, defined } from '../primitives/assert.ts'
import { prefetch } from '../primitives/async.ts'
import { blockSize } from '../primitives/blockSize.ts'
import { ResetError, TemporaryError } from '../primitives/errors.ts'
import type { Logger } from '../telemetry/log.ts'
import {
  type CommitDeps,
  commitDrop,
  commitFinality,
  commitRewind,
  commitStep,
  commitUnsafe,
} from './commit.ts'
import { type DeriveDeps, type DerivedStep, deriveStep, type InboxNote } from './deriveStep.ts'
import { type PreparedBlock, type PreparedEvent, prepareEvents } from './prepare.ts'
import { createRecentHashes } from './recentHashes.ts'
import { readCursor, readSteps } from './steps.ts'
import type { UnsafeChain } from './unsafe.ts'

/** Prepared L1 steps held ahead of execution. A proposal holds up to six blobs of 131,072 bytes and what they inflate to. */
const PREFETCH_DEPTH = 8
/** Empty L1 blocks are committed at least this often while catching up, and each one at the tip. */
const EMPTY_STEPS_PER_COMMIT = 64n
const RETRY_DELAY_MS = 250
const RETRY_DELAY_MAX_MS = 12_000

export type DriverDeps = CommitDeps &
  Omit<DeriveDeps, 'recentHashes' | 'drop'> & {
    readonly l1: Pick<L1, 'follow' | 'blobs' | 'ancestor' | 'transaction'>
    readonly logger: Logger
    /** Waiting is handed in: derivation itself knows no clock. */
    readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
    readonly onProgress?: (progress: DriverProgress) => void
  }

export type DriverProgress =
  | {
      readonly type: 'step'
      readonly l1: L1Position
      readonly blocks: number
      readonly gasUsed: bigint
      readonly sources: number
      /** Sources replaced by the default. */
      readonly faults: number
      readonly blobs: number
      /** Empty L1 slots since the last step. */
      readonly missedSlots: number
      /** What the inbox said beside its proposals. */
      readonly notes: readonly InboxNote[]
    }
  | { readonly type: 'caughtUp'; readonly l1: L1Position }
  | { readonly type: 'reorg'; readonly l1: L1Position; readonly l1Depth: bigint }
  | { readonly type: 'retry'; readonly error: Error }

export type Driver = UnsafeChain & {
  /** Runs until the signal, or until an error only an operator can mend, which it throws. */
  run(signal: AbortSignal): Promise<void>
}

export function createDriver(deps: DriverDeps): Driver {
  const { store, chain, state, l1, logger, onProgress } = deps
  const recentHashes = createRecentHashes(chain)
  let finalizedL1 = 0n
  let isCaughtUp = false
  /** Newest empty L1 block seen since the last commit: catching up, most are not worth one. */
  let skipped: PreparedBlock | undefined
  let missedSlots = 0
  /** L1's steps and preconfirmed blocks change the chain one at a time. */
  let tail: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work)
    tail = result.catch(() => {})
    return result
  }
  const drop = async (parent: BlockRef): Promise<void> => {
    const dropped = chain.heads().latest.number - parent.number
    logger.warn({ parent, dropped }, 'L1 says otherwise: dropping the preconfirmed blocks after this one')
    await commitDrop(deps, parent)
  }

  const commitBlock = async (event: PreparedBlock): Promise<void> => {
    const result = await deriveStep({ ...deps, recentHashes, drop }, event)
    await commitStep(deps, result, finalizedL1)
    skipped = undefined
    onProgress?.({ ...measure(result), missedSlots })
    missedSlots = 0
  }

  const apply = async (event: PreparedEvent): Promise<void> => {
    switch (event.type) {
      case 'block': {
        const cursor = await readCursor(store)
        const distance = event.block.number - cursor.number
        if (distance === 1n && event.block.parentHash !== cursor.hash) {
          throw new ResetError(`L1 block ${event.block.number} does not follow our cursor`)
        }
        missedSlots += event.missedSlots
        const isDue = isCaughtUp || event.items.length > 0 || distance >= EMPTY_STEPS_PER_COMMIT
        if (isDue) await commitBlock(event)
        else skipped = event
        return
      }
      case 'reorg': {
        const cursor = await readCursor(store)
        const depth = cursor.number - event.ancestor.number
        logger.warn({ ancestor: event.ancestor, depth }, 'L1 reorg: rewinding to the last common block')
        skipped = undefined
        await commitRewind(deps, event.ancestor)
        onProgress?.({ type: 'reorg', l1: event.ancestor, l1Depth: depth })
        return
      }
      case 'finalized':
        if (event.block.number <= finalizedL1) return
        finalizedL1 = event.block.number
        await commitFinality(deps, finalizedL1)
        return
      case 'caughtUp':
        isCaughtUp = true
        if (skipped) await commitBlock(skipped)
        onProgress?.({ type: 'caughtUp', l1: event.head })
        return
      default:
        assertNever(event)
    }
  }

  /** What an error leaves staged is gone before anyone else has a turn. */
  const applyWhole = async (event: PreparedEvent): Promise<void> => {
    try {
      await apply(event)
    } catch (error) {
      state.discard()
      chain.discard()
      throw error
    }
  }

  /** From the last commit until the signal or an error. */
  const followOnce = async (signal: AbortSignal): Promise<void> => {
    skipped = undefined
    const cursor = await readCursor(store)
    const ending = new AbortController()
    const both = AbortSignal.any([signal, ending.signal])
    const events = l1.follow({
      cursor,
      knownAncestors: async () => await readSteps(store),
      signal: both,
    })
    for await (const event of prefetch(
      prepareEvents({ spec: deps.spec, engine: deps.engine, l1, signal: both }, events),
      PREFETCH_DEPTH,
    )) {
      try {
        await inTurn(() => applyWhole(event))
      } catch (error) {
        // Leaving the loop waits for what was asked of the stream; at the head that is an L1 block which may be long in coming.
        ending.abort()
        throw error
      }
      if (signal.aborted) return
    }
  }

  return {
    between: inTurn,
    extend: ({ executed, origin }) =>
      inTurn(async () => {
        const { header, hash, transactions, changes } = executed
        if (header.parentHash !== chain.heads().latest.hash) return 'otherParent'
        const stateRoot = await state.stage(header.number, changes)
        assert(stateRoot === header.stateRoot, `the staged state of block ${header.number} has another root`)
        const raws = transactions.map(({ raw }) => raw)
        await commitUnsafe(deps, { hash, header, transactions, size: blockSize(header, raws) }, origin)
        return 'extended'
      }),
    drop: ({ number, hash }) =>
      inTurn(async () => {
        const { safe } = chain.heads()
        const [block] = number > safe.number ? await chain.hashes(number, number) : []
        if (block?.hash !== hash) return 'otherBlock'
        const { header } = defined(await chain.headerByNumber(number), `L2 block ${number}`)
        await commitDrop(deps, { number: number - 1n, hash: header.parentHash })
        return 'dropped'
      }),
    async run(signal) {
      let failures = 0
      while (!signal.aborted) {
        const before = await readCursor(store)
        try {
          await followOnce(signal)
        } catch (error) {
          if (signal.aborted) return
          if (!(error instanceof TemporaryError || error instanceof ResetError)) throw error
          const after = await readCursor(store)
          failures = after.hash === before.hash ? failures + 1 : 1
          logger.warn({ error: error.message }, 'derivation paused; retrying from the last committed step')
          onProgress?.({ type: 'retry', error })
          await deps.wait(
            Math.min(RETRY_DELAY_MS * 2 ** Math.min(failures - 1, 10), RETRY_DELAY_MAX_MS),
            signal,
          )
        }
      }
    },
  }
}

function measure({ l1, blocks, proposals, notes }: DerivedStep) {
  const sources = proposals.flatMap((proposal) => proposal.sources)
  return {
    type: 'step' as const,
    l1,
    notes,
    blocks: blocks.length,
    gasUsed: blocks.reduce((sum, { block }) => sum + block.header.gasUsed, 0n),
    sources: sources.length,
    faults: sources.filter(({ fault }) => fault !== undefined).length,
    blobs: sources.reduce((sum, { blobHashes }) => sum + blobHashes.length, 0),
  }
}
