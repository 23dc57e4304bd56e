/**
 * Answers requests for promises. Nothing is signed that the disk does not hold first: the promise in the book, what was executed in the
 * sequencer's journal, the position in the guard. The same request again finds its answer in the book.
 */
import type { ChainReader } from '../../chain/chain.ts'
import type { StateSource } from '../../engine/state/source.ts'
import { decodeTransaction } from '../../engine/transaction.ts'
import { assert } from '../../primitives/assert.ts'
import { sleep } from '../../primitives/async.ts'
import { maxBigint } from '../../primitives/bigint.ts'
import { ResetError, TemporaryError } from '../../primitives/errors.ts'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { encodeReceipt } from '../../primitives/receipt.ts'
import type { Commitment, CommitmentRequest } from '../../promise/commitment.ts'
import { PROMISE_NONCE, type PromiseDomain } from '../../promise/domain.ts'
import {
  commitmentHash,
  EXECUTION_TYPE,
  executionCommitment,
  INCLUSION_TYPE,
  inclusionCommitment,
  L1_INCLUSION_TYPE,
} from '../../promise/transactionPromise.ts'
import type { PoolRules } from '../../propose/pool/admission.ts'
import type { PooledTransaction } from '../../propose/pool/transaction.ts'
import type { SequencerFace } from '../../propose/sequencer/events.ts'
import type { TxPool } from '../../propose/txPool.ts'
import { gasLimitWithoutAnchor } from '../../protocol/shasta/rules.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Store } from '../../store/store.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Guard } from '../guard/guard.ts'
import type { PromiseBook } from '../promises/book.ts'
import type { NewPromise, StoredPromise } from '../promises/promise.ts'
import { admitRaw, checkAccount, type NextBlock, readAccount } from './admit.ts'
import type { CommitmentAnswer, Commitments, FeeQuote, SlotOffer } from './commitments.ts'
import { CommitmentRefusedError } from './errors.ts'
import { executeNow, type Included } from './execute.ts'
import { encodeFeePayload } from './fee.ts'
import { createKeyedQueue } from './keyedQueue.ts'
import { admitL1 } from './l1Admit.ts'
import type { L1Builder } from './l1Builder.ts'
import { createOwed } from './owed.ts'
import { createOwnWindows, type OwnSlot, type WindowOptions } from './ownWindows.ts'
import { type ReadRequest, readRequest } from './readRequest.ts'
import { createTipPrice, type TipPriceOptions } from './tipPrice.ts'
import { mayBeAnswered } from './unanswered.ts'

export type CommitmentsDeps = {
  readonly spec: Pick<RollupSpec, 'l1' | 'l2'>
  readonly domain: PromiseDomain
  readonly schedule: Pick<Schedule, 'at'>
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
  readonly next: () => Promise<NextBlock & { readonly state: Pick<StateSource, 'account'> }>
  /** False, with a sentence, until the node follows L1 at its head. */
  readonly ready: () => { readonly isReady: boolean; readonly reason?: string }
  /** Only for an operator who states that he builds his own L1 blocks. */
  readonly l1Builder?: L1Builder
  readonly logger: Logger
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly wait?: (ms: number) => Promise<void>
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

/** The chain moves on a few times a second at most. */
const READ_ATTEMPTS = 8
const READ_PAUSE_MS = 25

export type CommitmentsService = Commitments & {
  /** Raw transactions that a block of the window has to take first: the sequencer's `listed`. */
  owed(windowEnd: bigint): readonly Uint8Array[]
  close(): void
}

export async function createCommitments(
  deps: CommitmentsDeps,
  options: CommitmentsOptions,
): Promise<CommitmentsService> {
  const { spec, domain, sequencer, pool, guard, book, rules, l1Builder, logger } = deps
  const now = deps.now ?? Date.now
  const wait = deps.wait ?? ((ms) => sleep(ms))
  const windows = createOwnWindows({ spec, schedule: deps.schedule, reach: guard.reach, now }, options)
  const tipMin = maxBigint(options.tipMin, rules.minTip)
  const price = await createTipPrice({ store: deps.store, now }, { ...options, tipMin })
  const owed = await createOwed({ book, chain: deps.chain, now })
  const bySender = createKeyedQueue<string>()
  const unanswered = {
    chain: deps.chain,
    pending: () => sequencer.pending(),
    now,
    marginMs: options.marginMs,
  }
  /** By request hash: who asks for the same meanwhile gets the same. */
  const onTheirWay = new Map<Hash, Promise<CommitmentAnswer>>()
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
    const { requestHash } = read
    const answer =
      onTheirWay.get(requestHash) ??
      answerAnew(read, requestedAt).finally(() => onTheirWay.delete(requestHash))
    onTheirWay.set(requestHash, answer)
    return answer
  }

  async function answerAnew(read: ReadRequest, requestedAt: number): Promise<CommitmentAnswer> {
    const earlier = await book.byTransaction(read.transactionHash)
    const same = earlier.findLast(({ commitment }) => commitment.requestHash === read.requestHash)
    const answered = same && (await answerAgain(same))
    if (answered !== undefined) return answered
    checkReady()
    const slot = await windows.find(read.slot)
    const type = read.request.commitmentType
    const other = earlier.find((each) => each !== same && each.commitment.commitmentType === type)
    if (other !== undefined)
      throw new CommitmentRefusedError(
        'alreadyPromised',
        `the transaction, by request ${other.commitment.requestHash}`,
      )
    switch (type) {
      case EXECUTION_TYPE:
        return promiseExecution(read, slot, requestedAt)
      case INCLUSION_TYPE:
        return promiseInclusion(read, slot, requestedAt)
      default:
        return promiseL1Inclusion(read, slot, requestedAt)
    }
  }

  /** A stop may have come between the promise and its signature: the guard gives the one it gave. Undefined when it gives none. */
  async function answerAgain(promise: StoredPromise): Promise<CommitmentAnswer | undefined> {
    if (promise.signature !== undefined) return answerOf(promise, promise.signature)
    const isAnswerable = await mayBeAnswered(unanswered, promise)
    const answer = isAnswerable && (await guard.signCommitment(promise.signer, promise.commitment))
    if (answer === false || answer.type === 'refused') {
      await book.forget(promise.hash)
      return undefined
    }
    await book.keepSignature(promise.hash, answer.signature, now())
    return answerOf(promise, answer.signature)
  }

  /** A sender's requests one after the other: each sees what the one before did to the account. */
  async function promiseExecution(
    read: ReadRequest,
    slot: OwnSlot,
    requestedAt: number,
  ): Promise<CommitmentAnswer> {
    if (!slot.isRunning) throw new CommitmentRefusedError('windowNotOpen', `slot ${slot.window.firstSlot}`)
    const next = await nextBlock()
    const transaction = admitRaw(read.transaction, { rules, next, tip: price.honouredAt(requestedAt) })
    const included = await bySender(transaction.sender, async () => {
      await betweenBlocks(async () => {
        checkAccount(transaction, await accountNow(transaction.sender), 0n)
      })
      checkBound(transaction)
      const isInTime = () => now() + options.marginMs <= Number(slot.deadline) * 1000
      return executeNow({ sequencer, wait, blockMs: options.blockMs }, read.transaction, isInTime)
    })
    const commitment = executionCommitment(read.request, {
      l2ChainId: spec.l2.chainId,
      blockNumber: included.number,
      parentBlockHash: included.parentHash,
      transactionIndex: included.index,
      transactionHash: included.transaction.hash,
      receiptHash: keccak256Hex(encodeReceipt(included.transaction.receipt)),
      windowEnd: included.windowEnd,
    })
    return give(
      {
        ...promiseOf(read, slot, commitment, requestedAt),
        sender: transaction.sender,
        windowEnd: included.windowEnd,
        blockNumber: included.number,
        parentHash: included.parentHash,
        receipt: included.receiptJson,
      },
      included,
    )
  }

  async function promiseInclusion(
    read: ReadRequest,
    slot: OwnSlot,
    requestedAt: number,
  ): Promise<CommitmentAnswer> {
    const next = await nextBlock()
    const transaction = admitRaw(read.transaction, { rules, next, tip: price.honouredAt(requestedAt) })
    const { sender, nonce, gas, cost, hash: transactionHash } = transaction
    return bySender(sender, async () => {
      checkBound(transaction)
      await betweenBlocks(async () => {
        const { account, costWei } = owed.after(sender, await accountNow(sender))
        checkAccount(transaction, account, costWei)
      })
      if (owed.gas() + gas > next.gasLimit)
        throw new CommitmentRefusedError('windowFull', `${next.gasLimit} gas may be promised ahead`)
      const { transaction: raw } = read
      const { deadline, windowEnd } = slot
      // Bound from here on, so that promises to other senders count its gas.
      owed.add({ transactionHash, sender, nonce, gas, cost, raw, deadline, windowEnd })
      try {
        const commitment = inclusionCommitment(read.request)
        const answer = await give({ ...promiseOf(read, slot, commitment, requestedAt), sender })
        // Not before: who is refused may want another transaction in its place.
        await addToPool(raw)
        if (slot.isRunning) includeSoon(raw)
        return answer
      } catch (error) {
        // Without an answer of the guard the promise may still be given, from the book.
        if (error instanceof CommitmentRefusedError) owed.remove(transactionHash)
        throw error
      }
    })
  }

  async function promiseL1Inclusion(
    read: ReadRequest,
    slot: OwnSlot,
    requestedAt: number,
  ): Promise<CommitmentAnswer> {
    if (l1Builder === undefined) throw new CommitmentRefusedError('typeNotOffered')
    if (slot.slot !== slot.window.lastSlot)
      throw new CommitmentRefusedError(
        'notOurWindow',
        `our own L1 block is that of slot ${slot.window.lastSlot}`,
      )
    admitL1(read.transaction, spec.l1.chainId, options.l1TipMin)
    await l1Builder.take(read.transaction).catch((error: unknown) => {
      logger.warn({ error }, 'the L1 block builder refuses a transaction')
      throw new CommitmentRefusedError('builderRefused')
    })
    return give(promiseOf(read, slot, inclusionCommitment(read.request), requestedAt))
  }

  function promiseOf(
    read: ReadRequest,
    { key, slot, deadline, windowEnd }: OwnSlot,
    commitment: Commitment,
    requestedAt: number,
  ): NewPromise {
    const { transactionHash } = read
    const hash = commitmentHash(commitment, domain)
    return {
      hash,
      commitment,
      signer: key,
      isOurs: true,
      requestedAt,
      slot,
      deadline,
      windowEnd,
      transactionHash,
    }
  }

  /** Answers once book, journal and guard have it on the disk, which each waits for by itself. */
  async function give(promise: NewPromise, included?: Included): Promise<CommitmentAnswer> {
    const [signing, keeping, kept] = await Promise.allSettled([
      guard.signCommitment(promise.signer, promise.commitment),
      book.keep(promise),
      included?.kept,
    ])
    // Without an answer of the guard the promise stays in the book: the same request again asks the guard again.
    if (signing.status === 'rejected') throw signing.reason
    const failure = [keeping, kept].find((each) => each.status === 'rejected')
    const answer = signing.value
    if (failure !== undefined || answer.type === 'refused') {
      await book.forget(promise.hash)
      if (answer.type === 'signed') throw failure?.reason
      throw new CommitmentRefusedError('signingRefused', answer.refusal.reason)
    }
    assert(answer.hash === promise.hash, 'the guard signs what the book holds')
    // The guard has it too: what is lost here is found there.
    book.keepSignature(promise.hash, answer.signature, now()).catch((error: unknown) => {
      logger.error({ error }, 'the signature of a promise is not written down; the guard has it')
    })
    return answerOf(promise, answer.signature)
  }

  function answerOf({ commitment, receipt }: NewPromise, signature: Hex): CommitmentAnswer {
    return {
      signed: { commitment, nonce: PROMISE_NONCE, signingId: domain.signingId, signature },
      ...(receipt !== undefined && { receipt }),
    }
  }

  /** Another transaction of the sender is promised for its nonce. */
  function checkBound({ sender, nonce, hash }: PooledTransaction): void {
    const bound = owed.at(sender, nonce)
    if (bound !== undefined && bound !== hash)
      throw new CommitmentRefusedError('alreadyPromised', `nonce ${nonce}, to transaction ${bound}`)
  }

  /** For others that build, and for ourselves should its block be dropped. What binds is `owed`, whatever the pool holds. */
  async function addToPool(raw: Uint8Array): Promise<void> {
    try {
      await pool.add(raw)
    } catch (error) {
      logger.debug({ error }, 'a promised transaction does not enter the pool')
    }
  }

  /** Blocks to come take it by `owed`, should this one not. */
  function includeSoon(raw: Uint8Array): void {
    sequencer.include(raw).catch((error: unknown) => {
      logger.debug({ error }, 'a promised transaction waits for the next block')
    })
  }

  /** As the next block begins with it, or has it so far. */
  const accountNow = (sender: Address) =>
    whileStateMoves(async () => {
      const { state } = await readNextBlock()
      return readAccount(await state(), sender)
    })
  const nextBlock = () => whileStateMoves(readNextBlock)

  /** When a block becomes the latest, what was begun to be read of the one before is of no use. */
  async function whileStateMoves<T>(read: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await read()
      } catch (error) {
        if (!(error instanceof TemporaryError || error instanceof ResetError)) throw error
        if (attempt === READ_ATTEMPTS) throw new CommitmentRefusedError('syncing', error.message)
        await wait(READ_PAUSE_MS)
      }
    }
  }

  /** A block that is being sealed is neither under way nor the latest: what seems to be a gap may be filled by it. */
  async function betweenBlocks(check: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const isBetween = sequencer.pending() === undefined
      try {
        return await check()
      } catch (error) {
        const isGap = error instanceof CommitmentRefusedError && error.code === 'nonceGap'
        if (!isGap || !isBetween || attempt === READ_ATTEMPTS) throw error
        await wait(READ_PAUSE_MS)
      }
    }
  }

  async function readNextBlock(): Promise<
    NextBlock & { readonly state: () => Promise<Pick<StateSource, 'account'>> }
  > {
    const pending = sequencer.pending()
    if (pending !== undefined) {
      const { baseFeePerGas } = pending.attributes
      return {
        baseFeePerGas,
        gasLimit: gasLimitWithoutAnchor(pending.attributes),
        state: () => pending.state(),
      }
    }
    const next = await deps.next()
    return { ...next, state: async () => next.state }
  }

  async function fee(asked: CommitmentRequest): Promise<FeeQuote> {
    const time = now()
    const read = readRequest(asked, offered, domain)
    checkReady()
    await windows.find(read.slot)
    const decoded = decodeTransaction(read.transaction)
    if (decoded.type === 'undecodable')
      throw new CommitmentRefusedError('malformedTransaction', decoded.detail)
    const isL1 = asked.commitmentType === L1_INCLUSION_TYPE
    const tipWei = isL1 ? options.l1TipMin : price.current()
    const baseFee = isL1 ? ((await l1Builder?.baseFee()) ?? 0n) : (await nextBlock()).baseFeePerGas
    const priceWei = decoded.transaction.gasLimit * (baseFee + tipWei)
    return {
      commitmentType: asked.commitmentType,
      feePayload: feePayloadOf(read.requestHash, priceWei),
      priceWei,
      tipWei,
      validUntil: BigInt(Math.floor(time / 1000) + options.quoteSeconds),
    }
  }

  return {
    request,
    async result(requestHash) {
      // What is being answered is not known in the book before it is.
      await onTheirWay.get(requestHash)?.catch(() => {})
      const promise = await book.byRequest(requestHash)
      return promise && answerAgain(promise)
    },
    async slots() {
      checkReady()
      return (await windows.list()).map((own) => offerOf(own))
    },
    fee,
    owed: owed.of,
    close() {
      unsubscribe()
      owed.close()
    },
  }

  function offerOf({ slot, window, isRunning }: OwnSlot): SlotOffer {
    const l2 = {
      chainId: spec.l2.chainId,
      commitmentTypes: [INCLUSION_TYPE, ...(isRunning ? [EXECUTION_TYPE] : [])],
    }
    const isOwnL1 = l1Builder !== undefined && slot === window.lastSlot
    const l1 = { chainId: spec.l1.chainId, commitmentTypes: [L1_INCLUSION_TYPE] }
    return { slot, offerings: isOwnL1 ? [l2, l1] : [l2] }
  }
}

function feePayloadOf(requestHash: Hash, priceWei: bigint): Hex {
  try {
    return encodeFeePayload(requestHash, priceWei)
  } catch (error) {
    if (error instanceof RangeError) throw new CommitmentRefusedError('gasOutOfRange', error.message)
    throw error
  }
}
