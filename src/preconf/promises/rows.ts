/** Promises as rows of the book. */
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes, ZERO_HASH } from '../../primitives/hex.ts'
import type { Row, SqlValue } from '../../store/store.ts'
import type { BreakReason, Landing, NewPromise, Outcome, Settlement, StoredPromise } from './promise.ts'

export const INSERT_PROMISE = `INSERT OR IGNORE INTO promises
  (hash, type, payload, request_hash, slasher, signer, is_ours, requested_at, answered_at, signature, slot, deadline,
   window_end, transaction_hash, sender, block_number, parent_hash, receipt)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

export function promiseValues(promise: NewPromise): readonly SqlValue[] {
  const { commitment, signature } = promise
  return [
    promise.hash,
    commitment.commitmentType,
    hexToBytes(commitment.payload),
    commitment.requestHash,
    commitment.slasher,
    promise.signer,
    promise.isOurs ? 1 : 0,
    Math.floor(promise.requestedAt),
    signature === undefined ? null : Math.floor(promise.requestedAt),
    signature ?? null,
    promise.slot,
    promise.deadline,
    promise.windowEnd,
    promise.transactionHash ?? null,
    promise.sender ?? null,
    promise.blockNumber ?? null,
    promise.parentHash ?? null,
    promise.receipt === undefined ? null : JSON.stringify(promise.receipt),
  ]
}

export function readPromise(row: Row): StoredPromise {
  const transactionHash = optional<Hash>(row.transaction_hash)
  const sender = optional<Address>(row.sender)
  const parentHash = optional<Hash>(row.parent_hash)
  const signature = optional<Hex>(row.signature)
  const receipt = optional<string>(row.receipt)
  const answeredAt = optional<number>(row.answered_at)
  const blockNumber = optional<number>(row.block_number)
  return {
    hash: row.hash as Hash,
    commitment: {
      commitmentType: big(row.type),
      payload: bytesToHex(row.payload as Uint8Array),
      requestHash: row.request_hash as Hash,
      slasher: row.slasher as Address,
    },
    signer: row.signer as Address,
    isOurs: row.is_ours === 1,
    requestedAt: row.requested_at as number,
    slot: big(row.slot),
    deadline: big(row.deadline),
    windowEnd: big(row.window_end),
    ...(answeredAt !== undefined && { answeredAt }),
    ...(signature !== undefined && { signature }),
    ...(transactionHash !== undefined && { transactionHash }),
    ...(sender !== undefined && { sender }),
    ...(blockNumber !== undefined && { blockNumber: BigInt(blockNumber) }),
    ...(parentHash !== undefined && { parentHash }),
    ...(receipt !== undefined && { receipt: JSON.parse(receipt) as unknown }),
    hadLanded: row.had_landed === 1,
    settlement: readSettlement(row),
  }
}

export const SETTLE_PROMISE = `UPDATE promises SET outcome = ?, reason = ?, broken_by = ?, landed_number = ?, landed_hash = ?,
  l1_number = ?, l1_hash = ? WHERE hash = ? AND is_final = 0`

/** Whether it is final is written by itself, when finality comes. */
export function settlementValues(settlement: Settlement, hash: Hash): readonly SqlValue[] {
  const broken = settlement.outcome === 'broken' ? settlement : undefined
  const landing = settlement.outcome === 'kept' || settlement.outcome === 'broken' ? settlement : undefined
  return [
    settlement.outcome,
    broken?.reason ?? null,
    broken?.by ?? null,
    landing?.block?.number ?? null,
    landing?.block?.hash ?? null,
    landing?.l1?.number ?? null,
    landing?.l1?.hash ?? null,
    hash,
  ]
}

function readSettlement(row: Row): Settlement {
  const outcome = row.outcome as Outcome
  const isFinal = row.is_final === 1
  switch (outcome) {
    case 'pending':
      return { outcome }
    case 'kept':
      return { outcome, isFinal, ...readLanding(row) }
    case 'broken': {
      const by = optional<Address>(row.broken_by)
      const reason = row.reason as BreakReason
      return { outcome, isFinal, reason, ...(by !== undefined && { by }), ...readLanding(row) }
    }
    case 'expired':
      return { outcome, isFinal }
  }
}

function readLanding(row: Row): Partial<Landing> {
  const number = optional<number>(row.landed_number)
  const l1Number = optional<number>(row.l1_number)
  return {
    ...(number !== undefined && { block: { number: BigInt(number), hash: row.landed_hash as Hash } }),
    ...(l1Number !== undefined && {
      l1: { number: BigInt(l1Number), hash: optional<Hash>(row.l1_hash) ?? ZERO_HASH },
    }),
  }
}

function big(value: unknown): bigint {
  return BigInt(value as number)
}

function optional<T>(value: unknown): T | undefined {
  return value === null || value === undefined ? undefined : (value as T)
}
