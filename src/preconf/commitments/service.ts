/**
 * Answers requests for promises. Nothing is signed that the disk does not hold first: the promise in the book, what was executed in the
 * sequencer's journal, the position in the guard. The same request again finds its answer in the book. What memory can refuse is
 * refused from memory (screen.ts), and of what is left so many are worked on at a time that none of them waits long.
 */
import { LRUCache } from 'lru-cache'
import type { ChainReader } from '../../chain/chain.ts'
import { sleep } from '../../primitives/async.ts'
import { maxBigint } from '../../primitives/bigint.ts'
import type { Hash } from '../../primitives/hex.ts'
import { type CommitmentRequest, requestHash } from '../../promise/commitment.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import {
  EXECUTION_TYPE,
  INCLUSION_TYPE,
  inclusionCommitment,
  L1_INCLUSION_TYPE,
} from '../../promise/transactionPromise.ts'
import type { PoolRules } from '../../propose/pool/admission.ts'
import type { SequencerFace } from '../../propose/sequencer/events.ts'
import type { TxPool } from '../../propose/txPool.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Store } from '../../store/store.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Guard } from '../guard/guard.ts'
import type { PromiseBook } from '../promises/book.ts'
import type { StoredPromise } from '../promises/promise.ts'
import { createBinder } from './bind.ts'
import type { CommitmentAnswer, Commitments, SlotOffer } from './commitments.ts'
import { CommitmentRefusedError } from './errors.ts'
import { quoteFee } from './fee.ts'
import { createGiver, promiseOf } from './give.ts'
import type { L1Builder } from './l1Builder.ts'
import { type AfterLatest, createNextBlockReader } from './nextBlock.ts'
import { createOwed } from './owed.ts'
import { createOwnWindows, type OwnSlot, type WindowOptions } from './ownWindows.ts'
import { type ReadRequest, readRequest } from './readRequest.ts'
import { createScreen, type Screened } from './screen.ts'
import { createTipPrice, type TipPriceOptions } from './tipPrice.ts'
import { createTurnstile } from './turnstile.ts'

export type CommitmentsDeps = {
  readonly spec: Pick<RollupSpec, 'l1' | 'l2'>
  readonly domain: PromiseDomain
  readonly schedule: Pick<Schedule, 'at' | 'onChange'>
  readonly sequencer: SequencerFace
  readonly pool: Pick<TxPool, 'add'>
  readonly guard: Pick<Guard, 'signCommitment' | 'reach'>
  readonly book: PromiseBook
  /** The book's. */
  readonly store: Store
  readonly chain: Pick<
    ChainReader,
    'heads' | 'transactionPosition' | 'blockByHash' | 'blockByNumber' | 'onChange'
  >
  /** The pool's own. */
  readonly rules: PoolRules
  /** What the block after the latest one will ask, and the state it begins with: where none is under way. */
  readonly next: () => Promise<AfterLatest>
  /** False, with a sentence, until the node follows L1 at its head. */
  readonly ready: () => { readonly isReady: boolean; readonly reason?: string }
  /** Only for an operator who states that he builds his own L1 blocks. */
  readonly l1Builder?: L1Builder
  readonly logger: Logger
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>
}

export type CommitmentsOptions = WindowOptions &
  TipPriceOptions & {
    /** Milliseconds from one L2 block to the next. */
    readonly blockMs: number
    /** Least tip for an L1 transaction; wei per gas. */
    readonly l1TipMin: bigint
  }

/** `keys`, `takesOpenWindows` and `stopBeforeMs` are the sequencer's. */
export const DEFAULT_COMMITMENTS_OPTIONS = {
  marginMs: 4000,
  tipMin: 1n,
  quoteSeconds: 12,
  blockMs: 2000,
  l1TipMin: 10n ** 9n,
} as const satisfies Partial<CommitmentsOptions>

/** Requests that passed the screen and are worked on at a time: two seconds of the sequencer's work. */
const UNDER_WAY_MAX = 512
/** Requests that the disk is asked about at a time. */
const LOOK_UPS_MAX = 64
/** Answers that are at hand for who asks again. Up to some kilobytes each; more where a receipt has many logs. */
const ANSWERS_MAX = 256

export type CommitmentsService = Commitments & {
  /** Raw transactions that a block of the window has to take first: the sequencer's `listed`. */
  owed(windowEnd: bigint): readonly Uint8Array[]
  close(): void
}

export async function createCommitments(
  deps: CommitmentsDeps,
  options: CommitmentsOptions,
): Promise<CommitmentsService> {
  const { spec, domain, sequencer, guard, book, chain, rules, l1Builder, logger } = deps
  const now = deps.now ?? Date.now
  const wait = deps.wait ?? sleep
  const windows = createOwnWindows({ spec, schedule: deps.schedule, reach: guard.reach, now }, options)
  const tipMin = maxBigint(options.tipMin, rules.minTip)
  const { store } = deps
  const price = await createTipPrice({ store, now, layer: 'l2' }, { ...options, tipMin })
  const l1Price = await createTipPrice({ store, now, layer: 'l1' }, { ...options, tipMin: options.l1TipMin })
  const owed = await createOwed({ book, chain, now })
  const nextBlock = createNextBlockReader({ sequencer, chain, next: deps.next, wait })
  const prices = { l1: l1Price, l2: price }
  const screen = createScreen({ checkReady, windows, nextBlock, prices, rules }, spec.l1.chainId)
  const giver = createGiver({ domain, guard, book, chain, sequencer, logger, now }, options)
  const common = { domain, sequencer, pool: deps.pool, nextBlock, owed, giver, logger, now, wait }
  const binder = createBinder({ ...common, l2ChainId: spec.l2.chainId }, options)
  const underWay = createTurnstile(UNDER_WAY_MAX)
  const lookUps = createTurnstile(LOOK_UPS_MAX)
  /** By request hash, as the next: who asks for the same meanwhile gets the same. */
  const onTheirWay = new Map<Hash, Promise<CommitmentAnswer>>()
  const given = new LRUCache<Hash, CommitmentAnswer>({ max: ANSWERS_MAX })
  const offered = [INCLUSION_TYPE, EXECUTION_TYPE, ...(l1Builder === undefined ? [] : [L1_INCLUSION_TYPE])]

  const unsubscribe = sequencer.onEvent((event) => {
    if (event.type !== 'sealed') return
    const { gasUsed, gasLimit } = event.block.header
    price.noteBlock(gasUsed, gasLimit).catch((error: unknown) => {
      logger.error({ error }, 'the price of promises cannot be written, and stays as it is')
    })
  })

  function checkReady(): void {
    const { isReady, reason } = deps.ready()
    if (!isReady) throw new CommitmentRefusedError('syncing', reason)
  }

  async function request(asked: CommitmentRequest): Promise<CommitmentAnswer> {
    const requestedAt = now()
    const read = readRequest(asked, offered, domain)
    // Of what was promised before, the answer counts more than what would be said today.
    const screened = book.mayHave(read) ? undefined : await screen(read, requestedAt)
    // Not sooner: it takes longer than all that refuses.
    const hash = requestHash(asked)
    return given.get(hash) ?? onTheirWay.get(hash) ?? begin(hash, read, requestedAt, screened)
  }

  function begin(
    hash: Hash,
    read: ReadRequest,
    requestedAt: number,
    screened: Screened | undefined,
  ): Promise<CommitmentAnswer> {
    const answer = (
      screened ? promise(read, requestedAt, screened) : answerKnown(hash, read, requestedAt)
    ).finally(() => onTheirWay.delete(hash))
    onTheirWay.set(hash, answer)
    answer.then(
      (answered) => given.set(hash, answered),
      () => {},
    )
    return answer
  }

  /** About this transaction there may be promises: the same again, or another one. */
  async function answerKnown(hash: Hash, read: ReadRequest, requestedAt: number): Promise<CommitmentAnswer> {
    const earlier = await lookUps(() => book.byTransaction(read.transactionHash))
    const same = earlier.findLast(({ commitment }) => commitment.requestHash === hash)
    const again = same && (await giver.giveAgain(same))
    if (again !== undefined) return again
    const others = earlier.filter((each) => each !== same)
    return promise(read, requestedAt, await screen(read, requestedAt, () => checkOthers(read, others)))
  }

  function checkOthers({ request: asked }: ReadRequest, others: readonly StoredPromise[]): void {
    const other = others.find(({ commitment }) => commitment.commitmentType === asked.commitmentType)
    if (other !== undefined)
      throw new CommitmentRefusedError(
        'alreadyPromised',
        `the transaction, by request ${other.commitment.requestHash}`,
      )
  }

  function promise(read: ReadRequest, requestedAt: number, screened: Screened): Promise<CommitmentAnswer> {
    return underWay(() =>
      screened.type === 'l1Inclusion'
        ? promiseL1Inclusion(read, requestedAt, screened.slot)
        : binder.bind({ read, screened, requestedAt }),
    )
  }

  async function promiseL1Inclusion(
    read: ReadRequest,
    requestedAt: number,
    slot: OwnSlot,
  ): Promise<CommitmentAnswer> {
    if (l1Builder === undefined) throw new CommitmentRefusedError('typeNotOffered')
    await l1Builder.take(read.transaction).catch((error: unknown) => {
      logger.warn({ error }, 'the L1 block builder refuses a transaction')
      throw new CommitmentRefusedError('builderRefused')
    })
    return giver.give(promiseOf(read, slot, inclusionCommitment(read.request), domain, requestedAt))
  }

  return {
    request,
    async result(hash) {
      // What is being answered is not known in the book before it is.
      await onTheirWay.get(hash)?.catch(() => {})
      const answer = given.get(hash)
      if (answer !== undefined) return answer
      const promised = await book.byRequest(hash)
      return promised && giver.giveAgain(promised)
    },
    async slots() {
      checkReady()
      return (await windows.list()).map((own) => offerOf(own))
    },
    async fee(asked) {
      const validUntil = BigInt(Math.floor(now() / 1000) + options.quoteSeconds)
      const read = readRequest(asked, offered, domain)
      checkReady()
      await windows.find(read.slot)
      const isL1 = asked.commitmentType === L1_INCLUSION_TYPE
      const tipWei = (isL1 ? l1Price : price).current()
      const readBaseFee = async () =>
        isL1 ? ((await l1Builder?.baseFee()) ?? 0n) : (await nextBlock.read()).baseFeePerGas
      return quoteFee(read, { tipWei, readBaseFee, validUntil })
    },
    owed: owed.of,
    close() {
      unsubscribe()
      windows.close()
      owed.close()
    },
  }

  function offerOf({ slot, window, isRunning }: OwnSlot): SlotOffer {
    const l2 = {
      chainId: spec.l2.chainId,
      commitmentTypes: [INCLUSION_TYPE, ...(isRunning ? [EXECUTION_TYPE] : [])],
    }
    const isOwnL1 = l1Builder !== undefined && slot === window.lastSlot
    const ofL1 = { chainId: spec.l1.chainId, commitmentTypes: [L1_INCLUSION_TYPE] }
    return { slot, offerings: isOwnL1 ? [l2, ofL1] : [l2] }
  }
}
