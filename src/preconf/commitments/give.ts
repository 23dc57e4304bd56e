/** From a promise to its signature, and to the same one again: nothing is answered that book, journal and guard do not all hold. */
import type { ChainReader } from '../../chain/chain.ts'
import { assert } from '../../primitives/assert.ts'
import type { Hex } from '../../primitives/hex.ts'
import type { Commitment } from '../../promise/commitment.ts'
import { PROMISE_NONCE, type PromiseDomain } from '../../promise/domain.ts'
import { commitmentHash } from '../../promise/transactionPromise.ts'
import type { SequencerFace } from '../../propose/sequencer/events.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Guard } from '../guard/guard.ts'
import type { PromiseBook } from '../promises/book.ts'
import type { NewPromise, StoredPromise } from '../promises/promise.ts'
import type { CommitmentAnswer } from './commitments.ts'
import { CommitmentRefusedError } from './errors.ts'
import type { Included } from './execute.ts'
import type { OwnSlot } from './ownWindows.ts'
import type { ReadRequest } from './readRequest.ts'
import { mayBeAnswered } from './unanswered.ts'

export type Giver = {
  /** Throws CommitmentRefusedError when the guard does not sign it. @param included Where it is executed already. */
  give(promise: NewPromise, included?: Included): Promise<CommitmentAnswer>
  /** A stop may have come between the promise and its signature: the guard gives the one it gave. Undefined when it gives none. */
  giveAgain(promise: StoredPromise): Promise<CommitmentAnswer | undefined>
}

export function createGiver(
  deps: {
    readonly domain: PromiseDomain
    readonly guard: Pick<Guard, 'signCommitment'>
    readonly book: Pick<PromiseBook, 'keep' | 'keepSignature' | 'forget'>
    readonly chain: Pick<ChainReader, 'heads' | 'transactionPosition' | 'blockByNumber'>
    readonly sequencer: Pick<SequencerFace, 'pending'>
    readonly logger: Logger
    readonly now: () => number
  },
  { marginMs }: { readonly marginMs: number },
): Giver {
  const { domain, guard, book, chain, logger, now } = deps
  const unanswered = { chain, pending: () => deps.sequencer.pending(), now, marginMs }

  function answerOf({ commitment, receipt }: NewPromise, signature: Hex): CommitmentAnswer {
    return {
      signed: { commitment, nonce: PROMISE_NONCE, signingId: domain.signingId, signature },
      ...(receipt !== undefined && { receipt }),
    }
  }

  return {
    async give(promise, included) {
      // Each waits for the disk by itself.
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
    },
    async giveAgain(promise) {
      if (promise.signature !== undefined) return answerOf(promise, promise.signature)
      const isAnswerable = await mayBeAnswered(unanswered, promise)
      const answer = isAnswerable && (await guard.signCommitment(promise.signer, promise.commitment))
      if (answer === false || answer.type === 'refused') {
        await book.forget(promise.hash)
        return undefined
      }
      await book.keepSignature(promise.hash, answer.signature, now())
      return answerOf(promise, answer.signature)
    },
  }
}

export function promiseOf(
  { transactionHash }: Pick<ReadRequest, 'transactionHash'>,
  { key, slot, deadline, windowEnd }: OwnSlot,
  commitment: Commitment,
  domain: PromiseDomain,
  requestedAt: number,
): NewPromise {
  return {
    hash: commitmentHash(commitment, domain),
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
