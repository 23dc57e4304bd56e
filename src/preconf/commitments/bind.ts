/** Promises about L2 transactions: what the account and the block under way say, and what binds from then on. */
import type { Hash } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { encodeReceipt } from '../../primitives/receipt.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import { executionCommitment, inclusionCommitment } from '../../promise/transactionPromise.ts'
import type { PooledTransaction } from '../../propose/pool/transaction.ts'
import type { SequencerFace } from '../../propose/sequencer/events.ts'
import type { TxPool } from '../../propose/txPool.ts'
import type { Logger } from '../../telemetry/log.ts'
import { checkAccount } from './admit.ts'
import type { CommitmentAnswer } from './commitments.ts'
import { CommitmentRefusedError } from './errors.ts'
import { executeNow } from './execute.ts'
import { type Giver, promiseOf } from './give.ts'
import { createKeyedQueue } from './keyedQueue.ts'
import type { NextBlockReader } from './nextBlock.ts'
import type { Owed } from './owed.ts'
import type { ReadRequest } from './readRequest.ts'
import type { Screened } from './screen.ts'

export type L2Request = {
  readonly read: ReadRequest
  readonly screened: Exclude<Screened, { readonly type: 'l1Inclusion' }>
  /** Milliseconds since 1970. */
  readonly requestedAt: number
}

export type Binder = {
  /** Throws CommitmentRefusedError. A sender's requests one after the other: each sees what the one before did to the account. */
  bind(request: L2Request): Promise<CommitmentAnswer>
}

export function createBinder(
  deps: {
    readonly l2ChainId: bigint
    readonly domain: PromiseDomain
    readonly sequencer: SequencerFace
    readonly pool: Pick<TxPool, 'add'>
    readonly nextBlock: Pick<NextBlockReader, 'account' | 'betweenBlocks'>
    readonly owed: Owed
    readonly giver: Pick<Giver, 'give'>
    readonly logger: Logger
    readonly now: () => number
    readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>
  },
  options: { readonly marginMs: number; readonly blockMs: number },
): Binder {
  const { l2ChainId, domain, sequencer, pool, nextBlock, owed, giver, logger, now, wait } = deps
  const bySender = createKeyedQueue<string>()

  async function bindExecution({ read, screened, requestedAt }: L2Request): Promise<CommitmentAnswer> {
    const { slot, transaction } = screened
    const included = await bySender(transaction.sender, async () => {
      await nextBlock.betweenBlocks(async () => {
        // What is owed to the sender goes first, in this block or in the one that is about to begin.
        const { sender, nonce } = transaction
        const { account, costWei } = owed.after(sender, await nextBlock.account(sender), nonce)
        checkAccount(transaction, account, costWei)
      })
      checkBound(transaction)
      const isInTime = () => now() + options.marginMs <= Number(slot.deadline) * 1000
      return executeNow({ sequencer, wait, blockMs: options.blockMs }, read.transaction, isInTime)
    })
    const { number: blockNumber, parentHash, windowEnd } = included
    const commitment = executionCommitment(read.request, {
      ...{ l2ChainId, blockNumber, windowEnd, parentBlockHash: parentHash },
      transactionIndex: included.index,
      transactionHash: included.transaction.hash,
      receiptHash: keccak256Hex(encodeReceipt(included.transaction.receipt)),
    })
    const promise = promiseOf(read, slot, commitment, domain, requestedAt)
    const place = { windowEnd, blockNumber, parentHash, receipt: included.receiptJson }
    return giver.give({ ...promise, ...place, sender: transaction.sender }, included)
  }

  async function bindInclusion({ read, screened, requestedAt }: L2Request): Promise<CommitmentAnswer> {
    const { slot, transaction, next } = screened
    const { sender, nonce, gas, cost, hash: transactionHash } = transaction
    return bySender(sender, async () => {
      checkBound(transaction)
      await nextBlock.betweenBlocks(async () => {
        const { account, costWei } = owed.after(sender, await nextBlock.account(sender))
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
        const answer = await giver.give({ ...promiseOf(read, slot, commitment, domain, requestedAt), sender })
        // Not before: who is refused may want another transaction in its place.
        await addToPool(raw, transactionHash)
        if (slot.isRunning) includeSoon(raw)
        return answer
      } catch (error) {
        // Without an answer of the guard the promise may still be given, from the book.
        if (error instanceof CommitmentRefusedError) owed.remove(transactionHash)
        throw error
      }
    })
  }

  /** Another transaction of the sender is promised for its nonce. */
  function checkBound({ sender, nonce, hash }: PooledTransaction): void {
    const bound = owed.at(sender, nonce)
    if (bound !== undefined && bound !== hash)
      throw new CommitmentRefusedError('alreadyPromised', `nonce ${nonce}, to transaction ${bound}`)
  }

  /** For others that build, and for ourselves should its block be dropped. What binds is `owed`, whatever the pool holds. */
  async function addToPool(raw: Uint8Array, hash: Hash): Promise<void> {
    try {
      await pool.add(raw)
    } catch (error) {
      logger.debug({ error, hash }, 'a promised transaction does not enter the pool')
    }
  }

  /** Blocks to come take it by `owed`, should this one not. */
  function includeSoon(raw: Uint8Array): void {
    sequencer.include(raw).catch((error: unknown) => {
      logger.debug({ error }, 'a promised transaction waits for the next block')
    })
  }

  return {
    bind: (request) =>
      request.screened.type === 'execution' ? bindExecution(request) : bindInclusion(request),
  }
}
