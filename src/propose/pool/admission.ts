/**
 * Checks that need no state, in geth's order (core/txpool/validation.go): from bytes to a transaction with its sender.
 * What derivation could not even decode is refused too: one such transaction would turn our whole source into the default (D-30).
 */
import { addressOfPublicKey, recoverPublicKey, SIGNATURE_S_MAX } from '../../engine/crypto.ts'
import type { EvmRules } from '../../engine/rules/evmRules.ts'
import { GAS_PER_BLOB } from '../../engine/rules/filter.ts'
import { intrinsicGas } from '../../engine/rules/intrinsicGas.ts'
import { decodeTransaction, signingHash, type Transaction } from '../../engine/transaction.ts'
import { type Address, bytesToHex } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { isListableTransaction } from '../../protocol/transactions.ts'
import { TransactionRejectedError } from './errors.ts'
import { TRANSACTION_BYTES_MAX } from './limits.ts'
import type { PooledTransaction } from './transaction.ts'

export type PoolRules = {
  /** Of the L2. */
  readonly chainId: bigint
  /** Of the fork the next block is under. */
  readonly evm: EvmRules
  /** Smallest tip cap taken, in wei per gas. geth's `--txpool.pricelimit`. */
  readonly minTip: bigint
  /** Blob transactions are taken, without their sidecar. Never on a rollup. */
  readonly takesBlobs?: true
}

const BLOB_TRANSACTION = 3
/** EIP-3860. */
const INITCODE_BYTES_MAX = 49_152
/** Wei per blob gas. EIP-4844. */
const BLOB_BASE_FEE_MIN = 1n
const UINT64_MAX = (1n << 64n) - 1n

/** Throws TransactionRejectedError. `gasLimit` is what a block has for listed transactions. */
export function admitTransaction(
  raw: Uint8Array,
  rules: PoolRules & { readonly gasLimit: bigint; readonly arrival: number },
): PooledTransaction {
  checkForm(raw, rules)
  const decoded = decodeTransaction(raw)
  if (decoded.type === 'undecodable') throw new TransactionRejectedError('undecodable', decoded.detail)
  if (!isListableTransaction(raw)) throw new TransactionRejectedError('undecodable', 'no list could hold it')
  const { transaction } = decoded
  checkFields(transaction, rules)
  const sender = recoverSender(transaction, rules.chainId)
  checkGas(transaction, rules)
  const { nonce, gasLimit: gas, maxFeePerGas, maxPriorityFeePerGas, value } = transaction
  const blobFee = blobFeeMax(transaction, rules)
  return {
    raw,
    hash: keccak256Hex(raw),
    sender,
    nonce,
    gas,
    maxFeePerGas,
    maxPriorityFeePerGas,
    cost: gas * maxFeePerGas + blobFee + value,
    arrival: rules.arrival,
  }
}

/** By the first byte and the length alone. A blob transaction may come in its network form, which nothing else here decodes. */
function checkForm(raw: Uint8Array, rules: PoolRules): void {
  const first = raw[0]
  if (first === undefined) throw new TransactionRejectedError('undecodable', 'no bytes')
  const type = first >= 0xc0 ? 0 : first
  const isRefusedBlob = type === BLOB_TRANSACTION && rules.takesBlobs === undefined
  if (isRefusedBlob || !rules.evm.transactionTypes.includes(type))
    throw new TransactionRejectedError('typeNotSupported', `tx type ${type} not supported by this pool`)
  if (raw.length > TRANSACTION_BYTES_MAX)
    throw new TransactionRejectedError(
      'oversized',
      `transaction size ${raw.length}, limit ${TRANSACTION_BYTES_MAX}`,
    )
}

function checkFields(transaction: Transaction, rules: PoolRules & { readonly gasLimit: bigint }): void {
  const { to, data, gasLimit, maxFeePerGas, maxPriorityFeePerGas } = transaction
  const { transactionGasMax } = rules.evm
  if (to === null && data.length > INITCODE_BYTES_MAX)
    throw new TransactionRejectedError(
      'initCodeTooLarge',
      `code size ${data.length}, limit ${INITCODE_BYTES_MAX}`,
    )
  if (transactionGasMax !== undefined && gasLimit > transactionGasMax)
    throw new TransactionRejectedError('gasAboveTransactionLimit', `cap ${transactionGasMax}, tx ${gasLimit}`)
  if (gasLimit > rules.gasLimit) throw new TransactionRejectedError('gasAboveBlockLimit')
  if (maxPriorityFeePerGas > maxFeePerGas)
    throw new TransactionRejectedError(
      'tipAboveFeeCap',
      `maxPriorityFeePerGas: ${maxPriorityFeePerGas}, maxFeePerGas: ${maxFeePerGas}`,
    )
}

/** Wei that its blobs cost at most. */
function blobFeeMax({ blobs }: Transaction, { evm }: PoolRules): bigint {
  if (blobs === undefined) return 0n
  const { versionedHashes, maxFeePerBlobGas } = blobs
  const count = versionedHashes.length
  if (count === 0 || count > evm.blobsPerTransactionMax)
    throw new TransactionRejectedError('invalidBlobs', `${count} blobs, limit ${evm.blobsPerTransactionMax}`)
  if (maxFeePerBlobGas < BLOB_BASE_FEE_MIN)
    throw new TransactionRejectedError('underpriced', 'max fee per blob gas is zero')
  return GAS_PER_BLOB * BigInt(count) * maxFeePerBlobGas
}

function recoverSender(transaction: Transaction, chainId: bigint): Address {
  // A transaction without a chain id could be replayed from any other chain; geth's RPC refuses it too.
  if (transaction.chainId === undefined) throw new TransactionRejectedError('unprotected')
  if (transaction.chainId !== chainId)
    throw new TransactionRejectedError('wrongChainId', `have ${transaction.chainId} want ${chainId}`)
  const { r, s, yParity } = transaction.signature
  const publicKey =
    yParity === null || s > SIGNATURE_S_MAX
      ? null
      : recoverPublicKey(signingHash(transaction), { r, s, yParity })
  if (publicKey === null) throw new TransactionRejectedError('invalidSender')
  return bytesToHex(addressOfPublicKey(publicKey))
}

function checkGas(transaction: Transaction, rules: PoolRules): void {
  const { nonce, gasLimit, maxPriorityFeePerGas } = transaction
  if (nonce === UINT64_MAX) throw new TransactionRejectedError('nonceAtMaximum')
  const intrinsic = intrinsicGas(transaction, rules.evm)
  if (gasLimit < intrinsic.gas)
    throw new TransactionRejectedError(
      'intrinsicGasTooLow',
      `gas ${gasLimit}, minimum needed ${intrinsic.gas}`,
    )
  if (gasLimit < intrinsic.floor)
    throw new TransactionRejectedError('floorGasTooLow', `gas ${gasLimit}, minimum needed ${intrinsic.floor}`)
  if (maxPriorityFeePerGas < rules.minTip)
    throw new TransactionRejectedError(
      'underpriced',
      `gas tip cap ${maxPriorityFeePerGas}, minimum needed ${rules.minTip}`,
    )
}
