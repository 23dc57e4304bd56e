/**
 * Follows promises to their end. What lands, or does not, is written with the L1 block that shows it, and stays provisional until that
 * block is final: a reorganisation of L1 undoes it, and it is judged again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ChainReader } from '../../chain/chain.ts'
import { MissingStateError, type StateSource } from '../../engine/state/source.ts'
import { decodeTransaction } from '../../engine/transaction.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import { type Hash, hexToBytes } from '../../primitives/hex.ts'
import { BLOCK_COMMITMENT_TYPE } from '../../promise/blockCommitment.ts'
import {
  decodeTransactionRequest,
  INCLUSION_TYPE,
  L1_INCLUSION_TYPE,
} from '../../promise/transactionPromise.ts'
import type { SqlValue, Statement, Store } from '../../store/store.ts'
import type { Logger } from '../../telemetry/log.ts'
import { type Circumstances, judgeAbsent, judgeIncluded, judgePlace } from './judge.ts'
import type { L1Facts, L1Moment } from './l1Facts.ts'
import { findLandedBy, isPromised, readLanded } from './landed.ts'
import type { Settlement, StoredPromise } from './promise.ts'
import { prunePromises } from './prune.ts'
import { readPromise, SETTLE_PROMISE, settlementValues } from './rows.ts'

export type PromiseFollower = {
  /** L1 or L2 may have moved on; cheap, and never throws. */
  refresh(): void
  /** Waits until everything known up to now is judged. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** Whether an L1 transaction is in a block of the L1, and in which. */
export type FindL1Transaction = (hash: Hash) => Promise<L1Moment | undefined>

export type FollowerDeps = {
  /** With PROMISES_SCHEMA. */
  readonly store: Store
  readonly chain: ChainReader
  readonly state: { at(blockNumber: bigint): Promise<StateSource> }
  readonly l1: L1Facts
  /** Only where promises of type 1 are given. */
  readonly findL1Transaction?: FindL1Transaction
  /** How long after its window a promise is kept, by finalized L1, where the scorecard does not count it. */
  readonly retentionSeconds?: bigint
  readonly logger: Logger
}

type Settled = readonly [hash: Hash, settlement: Settlement]

/** Promises judged in one go; the rest follow at once. */
const ROUND_MAX = 1000
/** Promises judged in one turn of the thread: a millisecond or two. */
const TURN_MAX = 16
/** Outcomes of one commit: promises that are given meanwhile wait for the next. */
const WRITTEN_MAX = 64
/** After a window, what is late may still land, with the successor; then its absence is final. Seconds: two epochs of the L1. */
const LATE_SECONDS = 768n
const DEFAULT_RETENTION_SECONDS = 30n * 86_400n

export function createPromiseFollower(deps: FollowerDeps): PromiseFollower {
  const { store, chain, l1, logger, retentionSeconds = DEFAULT_RETENTION_SECONDS } = deps
  /** L1 block that was final when the book was last pruned. */
  let prunedAt: Hash | undefined
  let isWanted = false
  /** L1 block at which promises about L1 were last judged. */
  let askedAt: Hash | undefined
  /** Something was judged that finality has not been asked about. */
  let hasWritten = true
  /** The heads that everything was last judged and finalized by. */
  let settledTo: string | undefined
  let isClosed = false
  let running: Promise<void> | undefined

  const refresh = (): void => {
    isWanted = true
    if (running !== undefined || isClosed) return
    running = run().finally(() => {
      running = undefined
    })
  }
  const unsubscribe = chain.onChange(refresh)

  async function run(): Promise<void> {
    while (isWanted && !isClosed) {
      isWanted = false
      try {
        await settle()
      } catch (error) {
        if (error instanceof TemporaryError) {
          logger.debug({ error }, 'promises are judged later')
          return
        }
        logger.error({ error }, 'promises cannot be judged')
        return
      }
    }
  }

  async function settle(): Promise<void> {
    const { safe, finalized } = chain.heads()
    const moments = await l1.moments()
    const from = await rewind()
    await judgeLanded(from, safe.number)
    if (moments !== undefined) {
      await judgeOverdue(moments.derived)
      await judgeOnL1(moments.derived)
    }
    const final = moments?.finalized
    const upTo = `${safe.hash} ${finalized.hash} ${final?.hash}`
    if (hasWritten || upTo !== settledTo)
      await store.write(() => [
        ...(final === undefined ? [] : finalize(finalized.number, final)),
        ['INSERT OR REPLACE INTO promise_cursor VALUES (1, ?, ?)', [safe.number, safe.hash]],
      ])
    hasWritten = false
    settledTo = upTo
    if (final !== undefined && final.hash !== prunedAt) {
      await prunePromises(store, final.timestamp - retentionSeconds)
      prunedAt = final.hash
    }
  }

  /** The L2 block up to which what landed is judged, after forgetting what was judged on blocks that are gone. */
  async function rewind(): Promise<bigint> {
    const row = await store.get('SELECT safe_number, safe_hash FROM promise_cursor')
    if (row === undefined) return 0n
    const number = BigInt(row.safe_number as number)
    if (number <= chain.heads().safe.number && (await chain.headerByNumber(number))?.hash === row.safe_hash)
      return number
    // Which blocks went is not asked: everything that is not final is judged anew, and what stays where it was comes out the same.
    const { finalized } = chain.heads()
    const landed = await select('is_final = 0 AND landed_number > ?', [finalized.number])
    for (const promise of landed) {
      const { settlement } = promise
      if (settlement.outcome !== 'kept' && settlement.outcome !== 'broken') continue
      const block = settlement.block
      if (block === undefined || (await chain.headerByNumber(block.number))?.hash === block.hash) continue
      await store.write(() => [
        [
          `UPDATE promises SET outcome = 'pending', had_landed = max(had_landed, outcome = 'kept'), reason = NULL,
           broken_by = NULL, landed_number = NULL, landed_hash = NULL, l1_number = NULL, l1_hash = NULL
           WHERE hash = ? AND is_final = 0`,
          [promise.hash],
        ],
      ])
    }
    return finalized.number
  }

  /** Everything about the blocks after `from`, what was heard of after its block had landed, and inclusions wherever they landed. */
  async function judgeLanded(from: bigint, to: bigint): Promise<void> {
    for (let next = -1n; ; ) {
      // Two halves, since no one index finds both: blocks that are new, and what nobody has judged.
      const rows = await store.all(
        `SELECT block_number AS number FROM promises
         WHERE is_final = 0 AND block_number > max(?1, ?3) AND block_number <= ?2
         UNION SELECT block_number FROM promises INDEXED BY promises_pending
         WHERE is_final = 0 AND outcome = 'pending' AND block_number > ?1 AND block_number <= ?2
         ORDER BY number LIMIT ?4`,
        [next, to, from, ROUND_MAX],
      )
      for (const { number } of rows) {
        next = BigInt(number as number)
        await judgePlaces(next)
      }
      if (rows.length < ROUND_MAX) break
    }
    const inclusions = await select(
      "is_final = 0 AND type = ? AND (outcome = 'pending' OR landed_number IS NULL)",
      [INCLUSION_TYPE],
    )
    const settled: Settled[] = []
    for (const promise of inclusions) {
      const settlement = await judgeInclusion(promise)
      if (settlement !== undefined) settled.push([promise.hash, settlement])
    }
    await write(settled)
  }

  /** A block holds as many promises as its gas allows transactions. */
  async function judgePlaces(number: bigint): Promise<void> {
    const found = await readLanded(chain, number)
    // A reorganisation between the reads: its change asks for another run.
    if (found === undefined) return
    const { landed, block } = found
    const settled: Settled[] = []
    for (const promise of await select('is_final = 0 AND block_number = ? ORDER BY id', [number])) {
      // Who asks for a promise meanwhile has the next turn.
      if (settled.length % TURN_MAX === TURN_MAX - 1) await nextTurn()
      const isSame = landed.parentHash === promise.parentHash && isPromised(promise, block)
      const circumstances = await circumstancesOf(promise, landed.landedAt > promise.windowEnd)
      settled.push([promise.hash, judgePlace(promise, landed, isSame, circumstances)])
    }
    await write(settled)
  }

  async function judgeInclusion(promise: StoredPromise): Promise<Settlement | undefined> {
    if (promise.transactionHash === undefined) return undefined
    const position = await chain.transactionPosition(promise.transactionHash)
    const found = position && (await readLanded(chain, position.blockNumber))
    if (found === undefined) return undefined
    const circumstances = await circumstancesOf(promise, found.landed.landedAt > promise.windowEnd)
    return judgeIncluded(promise, found.landed, circumstances)
  }

  /** What is past its window and has not landed. Judged once; what lands later is judged by where it landed. */
  async function judgeOverdue(derived: L1Moment): Promise<void> {
    for (let after = -1; ; ) {
      const overdue = await store.all(
        `SELECT * FROM promises INDEXED BY promises_pending
         WHERE is_final = 0 AND outcome = 'pending' AND window_end < ? AND type IN (2, 4, 5) AND id > ? ORDER BY id LIMIT ?`,
        [derived.timestamp, after, ROUND_MAX],
      )
      const settled: Settled[] = []
      for (const row of overdue) {
        after = row.id as number
        const promise = readPromise(row)
        const settlement = await judgeOne(promise)
        if (settlement !== undefined) settled.push([promise.hash, settlement])
      }
      await write(settled)
      if (overdue.length < ROUND_MAX) return
    }
  }

  /** Undefined while the state that decides is not there: without it nobody is blamed. */
  async function judgeOne(promise: StoredPromise): Promise<Settlement | undefined> {
    const isInclusion = promise.commitment.commitmentType === INCLUSION_TYPE
    try {
      const isImpossible = isInclusion && (await isUnpayable(promise))
      return judgeAbsent(promise, isImpossible, await circumstancesOf(promise, true))
    } catch (error) {
      if (error instanceof MissingStateError) return undefined
      throw error
    }
  }

  /** Asked anew at each L1 block until it is final: what the L1's server says of it may come late, and change. */
  async function judgeOnL1(derived: L1Moment): Promise<void> {
    const { findL1Transaction } = deps
    if (findL1Transaction === undefined || derived.hash === askedAt) return
    const promises = await select('is_final = 0 AND type = ? AND window_end < ? ORDER BY id LIMIT ?', [
      L1_INCLUSION_TYPE,
      derived.timestamp,
      ROUND_MAX,
    ])
    const settled: Settled[] = []
    for (const promise of promises) {
      const { transactionHash } = promise
      if (transactionHash === undefined) continue
      try {
        settled.push([
          promise.hash,
          await judgeL1Inclusion(promise, await findL1Transaction(transactionHash)),
        ])
      } catch (error) {
        logger.warn({ error }, 'what came of a promised L1 transaction is not known now')
        return
      }
    }
    await write(settled)
    askedAt = derived.hash
  }

  async function judgeL1Inclusion(promise: StoredPromise, found: L1Moment | undefined): Promise<Settlement> {
    if (found === undefined) return judgeAbsent(promise, false, await circumstancesOf(promise, true))
    const l1Block = { number: found.number, hash: found.hash }
    if (found.timestamp <= promise.deadline) return { outcome: 'kept', isFinal: false, l1: l1Block }
    return { outcome: 'broken', isFinal: false, reason: 'late', by: promise.signer, l1: l1Block }
  }

  /**
   * After the last block that landed in its window: the nonce is used by another transaction of the sender, his balance does not cover
   * it, or its fee cap not the base fee. What became of him later excuses nobody.
   */
  async function isUnpayable(promise: StoredPromise): Promise<boolean> {
    const request = decodeTransactionRequest(hexToBytes(promise.commitment.payload))
    const decoded = request.type === 'decoded' ? decodeTransaction(request.value.transaction) : undefined
    if (decoded?.type !== 'transaction' || promise.sender === undefined) return false
    const { nonce, gasLimit, maxFeePerGas, value } = decoded.transaction
    const number = await findLandedBy(chain, promise.windowEnd)
    const last = await chain.headerByNumber(number)
    const state = await deps.state.at(number)
    const account = await state.account(promise.sender)
    // State is kept by block number: what was read while a reorg replaced the block may be of another.
    if (last === undefined || (await chain.headerByNumber(number))?.hash !== last.hash)
      throw new TemporaryError(`block ${number} was replaced while a promise was judged`)
    const baseFeePerGas = last.header.baseFeePerGas ?? 0n
    return (
      (account?.nonce ?? 0n) > nonce ||
      (account?.balance ?? 0n) < gasLimit * maxFeePerGas + value ||
      maxFeePerGas < baseFeePerGas
    )
  }

  async function circumstancesOf(promise: StoredPromise, isOver: boolean): Promise<Circumstances> {
    const other =
      promise.commitment.commitmentType === BLOCK_COMMITMENT_TYPE
        ? await store.get(
            `SELECT 1 FROM promises WHERE block_number = ? AND type = ? AND signer = ? AND parent_hash = ? AND hash <> ?`,
            [
              promise.blockNumber ?? null,
              BLOCK_COMMITMENT_TYPE,
              promise.signer,
              promise.parentHash ?? null,
              promise.hash,
            ],
          )
        : undefined
    return {
      isSlotMissed: isOver && (await l1.hasBlockAt(promise.windowEnd)) === false,
      isContradicted: other !== undefined,
    }
  }

  async function write(settled: readonly Settled[]): Promise<void> {
    for (let from = 0; from < settled.length; from += WRITTEN_MAX) {
      hasWritten = true
      await store.write(() =>
        settled
          .slice(from, from + WRITTEN_MAX)
          .map(([hash, settlement]) => [SETTLE_PROMISE, settlementValues(settlement, hash)]),
      )
    }
  }

  async function select(where: string, parameters: readonly SqlValue[]): Promise<readonly StoredPromise[]> {
    return (await store.all(`SELECT * FROM promises WHERE ${where}`, parameters)).map(readPromise)
  }

  return {
    refresh,
    async settled() {
      refresh()
      while (running !== undefined) await running
    },
    async close() {
      isClosed = true
      unsubscribe()
      await running
    },
  }
}

/** What the final L1 block, and the L2 block that it brought last, make final. */
function finalize(l2: bigint, { number, timestamp }: L1Moment): readonly Statement[] {
  return [
    [
      "UPDATE promises SET is_final = 1 WHERE is_final = 0 AND outcome <> 'pending' AND landed_number <= ?",
      [l2],
    ],
    [
      'UPDATE promises SET is_final = 1 WHERE is_final = 0 AND type = ? AND l1_number <= ?',
      [L1_INCLUSION_TYPE, number],
    ],
    [
      `UPDATE promises SET is_final = 1
       WHERE is_final = 0 AND outcome <> 'pending' AND landed_number IS NULL AND l1_number IS NULL AND window_end < ?`,
      [timestamp - LATE_SECONDS],
    ],
  ]
}
