/** From what a caller asks to a message, and what stops it before it runs: geth's checks in its order and words (core/state_transition.go). */
import { Address as EvmAddress } from '@ethereumjs/util'
import { minBigint } from '../primitives/bigint.ts'
import { EMPTY_BYTES } from '../primitives/bytes.ts'
import { bytesToHex, hexToBytes, ZERO_ADDRESS } from '../primitives/hex.ts'
import { isForkActive } from '../spec/ethereumSpec.ts'
import type { CallRequest } from './engine.ts'
import type { RunContext } from './evm.ts'
import { GAS_PER_BLOB, INITCODE_BYTES_MAX } from './rules/filter.ts'
import { intrinsicGas } from './rules/intrinsicGas.ts'
import type { EvmMessage } from './runMessage.ts'

/** Wei per gas, the last one per blob gas. */
export type CallFees = {
  readonly gasPrice: bigint
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly maxFeePerBlobGas: bigint
}

export type CallRefusalReason =
  | 'nonceTooHigh'
  | 'nonceTooLow'
  | 'tipAboveFeeCap'
  | 'feeCapTooLow'
  | 'insufficientFunds'
  | 'intrinsicGas'
  | 'initcodeTooLarge'
  /** Has no code of its own. */
  | 'invalid'

export type CallRefusal = { readonly reason: CallRefusalReason; readonly message: string }

const BLOB_HASH_VERSION = 1
const BLOBS_PER_TRANSACTION_MAX = 6
const UINT64_MAX = 2n ** 64n - 1n

/** Without any price the message is free: its GASPRICE is 0 whatever the base fee. */
export function callFees(request: CallRequest, baseFee: bigint): CallFees {
  const maxFeePerGas = request.gasPrice ?? request.maxFeePerGas ?? 0n
  const maxPriorityFeePerGas = request.gasPrice ?? request.maxPriorityFeePerGas ?? 0n
  const isFree = maxFeePerGas === 0n && maxPriorityFeePerGas === 0n
  const gasPrice = isFree ? 0n : minBigint(baseFee + maxPriorityFeePerGas, maxFeePerGas)
  const maxFeePerBlobGas = request.maxFeePerBlobGas ?? 0n
  return { gasPrice, maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas }
}

export function callMessageOf(
  request: CallRequest & { readonly gas: bigint },
  fees: CallFees,
  blobBaseFee = 0n,
): EvmMessage {
  const { blobVersionedHashes, authorizations } = request
  return {
    sender: hexToBytes(request.from ?? ZERO_ADDRESS),
    to: request.to === undefined ? null : hexToBytes(request.to),
    value: request.value ?? 0n,
    data: request.data ?? EMPTY_BYTES,
    gasLimit: request.gas,
    gasPrice: fees.gasPrice,
    accessList: request.accessList ?? [],
    isCharged: true,
    ...(authorizations !== undefined && { authorizations }),
    ...(blobVersionedHashes !== undefined && {
      blobVersionedHashes,
      blobFee: GAS_PER_BLOB * BigInt(blobVersionedHashes.length) * blobBaseFee,
    }),
  }
}

export type CallChecks = {
  /** Checked where it is given. */
  readonly nonce?: bigint
  /** A message that names no price may be below the block's. */
  readonly allowsFree: boolean
}

/** A sender's code never stops a call, nor does a limit on one transaction's gas. */
export async function refuseCall(
  context: RunContext,
  message: EvmMessage,
  fees: CallFees,
  checks: CallChecks,
): Promise<CallRefusal | null> {
  const account = await context.state.getAccount(new EvmAddress(message.sender))
  const sender = bytesToHex(message.sender)
  return (
    refuseNonce(sender, account?.nonce ?? 0n, checks.nonce) ??
    refuseFees(context, sender, fees, checks.allowsFree) ??
    refuseBlobs(context, message, fees, checks.allowsFree) ??
    refuseShape(context, message) ??
    refuseBalance(sender, account?.balance ?? 0n, message, fees) ??
    refuseGas(context, message)
  )
}

function refuseNonce(sender: string, current: bigint, nonce: bigint | undefined): CallRefusal | null {
  if (nonce === undefined) return null
  const both = `address ${sender}, tx: ${nonce} state: ${current}`
  if (current < nonce) return { reason: 'nonceTooHigh', message: `nonce too high: ${both}` }
  if (current > nonce) return { reason: 'nonceTooLow', message: `nonce too low: ${both}` }
  return nonce === UINT64_MAX ? invalid(`nonce has max value: address ${sender}, nonce: ${nonce}`) : null
}

function refuseFees(
  { rules, info }: RunContext,
  sender: string,
  { maxFeePerGas, maxPriorityFeePerGas }: CallFees,
  allowsFree: boolean,
): CallRefusal | null {
  if (!isForkActive(rules.fork, 'london')) return null
  if (allowsFree && maxFeePerGas === 0n && maxPriorityFeePerGas === 0n) return null
  const who = `address ${sender}`
  if (maxFeePerGas < maxPriorityFeePerGas)
    return {
      reason: 'tipAboveFeeCap',
      message: `max priority fee per gas higher than max fee per gas: ${who}, maxPriorityFeePerGas: ${maxPriorityFeePerGas}, maxFeePerGas: ${maxFeePerGas}`,
    }
  if (maxFeePerGas < info.baseFeePerGas)
    return {
      reason: 'feeCapTooLow',
      message: `max fee per gas less than block base fee: ${who}, maxFeePerGas: ${maxFeePerGas}, baseFee: ${info.baseFeePerGas}`,
    }
  return null
}

function refuseBlobs(
  { rules, info }: RunContext,
  { to, blobVersionedHashes: hashes, sender }: EvmMessage,
  { maxFeePerBlobGas }: CallFees,
  allowsFree: boolean,
): CallRefusal | null {
  if (hashes === undefined) return null
  if (!rules.transactionTypes.includes(3)) return invalid('this chain has no blob transactions')
  if (to === null) return invalid('input string too short for blob transaction: it cannot create a contract')
  if (hashes.length === 0) return invalid('blob transaction missing blob hashes')
  if (isForkActive(rules.fork, 'osaka') && hashes.length > BLOBS_PER_TRANSACTION_MAX)
    return invalid('blob transaction has too many blobs')
  const wrong = hashes.findIndex((hash) => hash[0] !== BLOB_HASH_VERSION)
  if (wrong >= 0) return invalid(`blob ${wrong} has invalid hash version`)
  const blobBaseFee = info.blobBaseFee ?? 0n
  if ((allowsFree && maxFeePerBlobGas === 0n) || maxFeePerBlobGas >= blobBaseFee) return null
  return invalid(
    `max fee per blob gas less than block blob gas fee: address ${bytesToHex(sender)} blobGasFeeCap: ${maxFeePerBlobGas}, blobBaseFee: ${blobBaseFee}`,
  )
}

function refuseShape({ rules }: RunContext, { to, data, authorizations }: EvmMessage): CallRefusal | null {
  if (authorizations !== undefined && !rules.transactionTypes.includes(4))
    return invalid('this chain has no transactions with authorizations')
  if (authorizations !== undefined && to === null)
    return invalid('EIP-7702 transaction cannot be used to create contract')
  if (authorizations?.length === 0) return invalid('EIP-7702 transaction with empty auth list')
  if (!rules.meteredInitcode || to !== null || data.length <= INITCODE_BYTES_MAX) return null
  return {
    reason: 'initcodeTooLarge',
    message: `max initcode size exceeded: code size ${data.length} limit ${INITCODE_BYTES_MAX}`,
  }
}

function refuseBalance(
  sender: string,
  balance: bigint,
  message: EvmMessage,
  fees: CallFees,
): CallRefusal | null {
  const { gasLimit, value, blobVersionedHashes = [], blobFee = 0n } = message
  const blobGas = GAS_PER_BLOB * BigInt(blobVersionedHashes.length)
  const wanted = gasLimit * fees.maxFeePerGas + value + blobGas * fees.maxFeePerBlobGas
  // Blobs without a price of their own may cost more than they offer.
  const cost = gasLimit * fees.gasPrice + value + blobFee
  const need = wanted > cost ? wanted : cost
  if (balance >= need) return null
  return {
    reason: 'insufficientFunds',
    message: `insufficient funds for gas * price + value: address ${sender} have ${balance} want ${need}`,
  }
}

function refuseGas({ rules }: RunContext, message: EvmMessage): CallRefusal | null {
  const { gas, floor } = intrinsicGas(
    {
      to: message.to,
      data: message.data,
      accessList: message.accessList,
      ...(message.authorizations !== undefined && { authorizations: message.authorizations }),
    },
    rules,
  )
  const { gasLimit } = message
  if (gasLimit < gas)
    return { reason: 'intrinsicGas', message: `intrinsic gas too low: have ${gasLimit}, want ${gas}` }
  if (gasLimit < floor)
    return invalid(`insufficient gas for floor data gas cost: have ${gasLimit}, want ${floor}`)
  return null
}

function invalid(message: string): CallRefusal {
  return { reason: 'invalid', message }
}
