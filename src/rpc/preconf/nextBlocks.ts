/** When a transaction that is in no block can be expected in one: what keeps it from the next one, and what was promised about it. */
import type { PendingBlock } from '../../engine/engine.ts'
import { decodeTransaction } from '../../engine/transaction.ts'
import type { StoredPromise } from '../../preconf/promises/promise.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import { INCLUSION_TYPE } from '../../promise/transactionPromise.ts'
import type { ReadPending } from '../pending.ts'
import type { TxPool } from '../pool.ts'

type Expectation = {
  /** Milliseconds since 1970; null where nobody can say. */
  readonly at: number | null
  readonly why: string
}

type NextBlocksDeps = {
  readonly pool?: TxPool
  readonly pending?: ReadPending
  /** Milliseconds from one L2 block to the next. */
  readonly blockMs: number
  readonly now: () => number
}

type Waiting = { readonly hash: Hash; readonly promises: readonly StoredPromise[] }

/** So many blocks from now on, and no later than was promised: with 1 it is executed, with 2 that block is sealed. */
export function expectBlock(deps: NextBlocksDeps, { hash, promises }: Waiting, blocks: 1 | 2): Expectation {
  const next = expectByTip(deps, hash, blocks)
  const owed = findOwed(promises, deps.now())
  if (owed === undefined) return next
  const deadlineMs = Number(owed.deadline) * 1000
  return {
    at: Math.min(next.at ?? deadlineMs, deadlineMs),
    why: `${next.why}; its inclusion is promised by slot ${owed.slot}`,
  }
}

function expectByTip(
  { pool, pending, blockMs, now }: NextBlocksDeps,
  hash: Hash,
  blocks: 1 | 2,
): Expectation {
  const block = pending?.()
  if (block === undefined) return { at: null, why: 'nobody whom this node hears builds a block now' }
  const hindrance = pool && findHindrance(pool, block, hash)
  if (hindrance !== undefined) return { at: null, why: hindrance }
  const why =
    blocks === 1
      ? 'a block is being built; it comes in by its tip'
      : 'with the block after the one that takes it'
  return { at: now() + blocks * blockMs, why }
}

/** The inclusion that falls due first of those that are promised and can still be kept. */
function findOwed(promises: readonly StoredPromise[], nowMs: number): StoredPromise | undefined {
  return promises
    .filter(
      ({ commitment, signature, settlement, deadline }) =>
        commitment.commitmentType === INCLUSION_TYPE &&
        signature !== undefined &&
        settlement.outcome === 'pending' &&
        Number(deadline) * 1000 >= nowMs,
    )
    .toSorted((a, b) => Number(a.deadline - b.deadline))[0]
}

/** Why a pooled transaction cannot be in the block under way; undefined where nothing is known against it. */
function findHindrance(pool: TxPool, block: PendingBlock, hash: Hash): string | undefined {
  const sender = pool.get(hash)?.sender
  if (sender === undefined) return undefined
  const { pending, queued } = pool.contentOf(sender)
  const own = [...pending, ...queued].find((each) => each.hash === hash)
  if (own === undefined) return undefined
  const next = nextNonce(block, own.sender) ?? pending[0]?.nonce
  if (next !== undefined && own.nonce < next)
    return 'the block under way has another transaction of its nonce'
  const first = [...pending, ...queued].filter(({ nonce }) => nonce <= own.nonce && nonce >= (next ?? nonce))
  if (next === undefined || BigInt(first.length) <= own.nonce - next)
    return 'an earlier transaction of its sender is missing'
  const baseFee = block.attributes.baseFeePerGas
  const poor = first.find(({ maxFeePerGas }) => maxFeePerGas < baseFee)
  if (poor === undefined) return undefined
  return `${poor === own ? 'its fee cap' : 'the fee cap of an earlier transaction of its sender'} is below the base fee`
}

/** Undefined where the block has none of the sender's transactions yet. */
function nextNonce({ transactions }: PendingBlock, sender: Address): bigint | undefined {
  const last = transactions.findLast((each) => each.sender === sender)
  const decoded = last && decodeTransaction(last.raw)
  return decoded?.type === 'transaction' ? decoded.transaction.nonce + 1n : undefined
}
