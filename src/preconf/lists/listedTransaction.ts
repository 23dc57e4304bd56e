/**
 * What a list asks to be included: transactions that some block could hold, and that the slasher could judge (the twin of
 * contracts/src/l1/preconf/L2Transactions.sol). Anything else on a list binds nobody; FOCIL's rule passes it over too.
 */
import { ethereumRules } from '../../engine/rules/evmRules.ts'
import { intrinsicGas } from '../../engine/rules/intrinsicGas.ts'
import { recoverSender } from '../../engine/sender.ts'
import { decodeTransaction } from '../../engine/transaction.ts'
import { maxBigint } from '../../primitives/bigint.ts'
import { bytesToHex } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import type { ListedTransaction } from '../../promise/inclusionRule.ts'
import { isListableTransaction } from '../../protocol/transactions.ts'

export type ReadListed =
  | { readonly type: 'listed'; readonly transaction: ListedTransaction }
  | { readonly type: 'unjudged'; readonly reason: string }

/** Legacy with a chain id (EIP-155), EIP-2930, EIP-1559. */
const TYPES = [0, 1, 2]
/** EIP-7825: a later fork drops what asks for more. */
const GAS_LIMIT_MAX = 1n << 24n
/** EIP-2681. */
const NONCE_MAX = (1n << 64n) - 2n
const FEE_MAX = (1n << 128n) - 1n
const UINT256_MAX = (1n << 256n) - 1n

export function readListed(raw: Uint8Array, l2ChainId: bigint): ReadListed {
  const decoded = decodeTransaction(raw)
  if (decoded.type === 'undecodable') return unjudged(decoded.detail)
  if (!isListableTransaction(raw)) return unjudged('no source can hold it')
  const { transaction } = decoded
  const { type, chainId, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas, value } = transaction
  if (!TYPES.includes(type)) return unjudged(`transactions of type ${type} are not judged`)
  if (chainId !== l2ChainId) return unjudged(`chain id ${chainId ?? 'absent'}, not ${l2ChainId}`)
  if (maxPriorityFeePerGas > maxFeePerGas) return unjudged('the priority fee is above the max fee')
  if (maxFeePerGas > FEE_MAX) return unjudged('the max fee is above 2^128 − 1')
  if (nonce > NONCE_MAX) return unjudged('the nonce is at its maximum')
  if (gasLimit > GAS_LIMIT_MAX) return unjudged(`the gas limit is above ${GAS_LIMIT_MAX}`)
  // The larger of what Shanghai asks for and Prague's floor, so that the answer holds in every fork.
  const { gas, floor } = intrinsicGas(transaction, ethereumRules('prague'))
  const needed = maxBigint(gas, floor)
  if (gasLimit < needed) return unjudged(`the gas limit is below the intrinsic ${needed}`)
  const maxCostWei = value + gasLimit * maxFeePerGas
  if (maxCostWei > UINT256_MAX) return unjudged('what it can cost overflows 256 bits')
  const sender = recoverSender(transaction)
  if (sender === null) return unjudged('nobody can have signed it')
  return {
    type: 'listed',
    transaction: {
      hash: keccak256Hex(raw),
      sender: bytesToHex(sender),
      nonce,
      gasLimit,
      gasToRun: gasLimit - gas,
      maxFeePerGas,
      maxCostWei,
    },
  }
}

function unjudged(reason: string): ReadListed {
  return { type: 'unjudged', reason }
}
