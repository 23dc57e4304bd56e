/** Withdrawals of a block's body. EIP-4895. */
import { bigintToBytes, bytesToBigint } from './bytes.ts'
import { type Address, bytesToHex, hexToBytes } from './hex.ts'
import { RlpError, type RlpItem } from './rlp.ts'

export type Withdrawal = {
  readonly index: bigint
  readonly validatorIndex: bigint
  readonly address: Address
  /** Gwei. */
  readonly amount: bigint
}

export function withdrawalItem(withdrawal: Withdrawal): RlpItem {
  const { index, validatorIndex, address, amount } = withdrawal
  return [bigintToBytes(index), bigintToBytes(validatorIndex), hexToBytes(address), bigintToBytes(amount)]
}

/** The inverse. Throws RlpError. */
export function readWithdrawal(item: RlpItem): Withdrawal {
  if (item instanceof Uint8Array || item.length !== 4) throw new RlpError('not a withdrawal')
  const [index, validatorIndex, address, amount] = item
  if (
    !(index instanceof Uint8Array) ||
    !(validatorIndex instanceof Uint8Array) ||
    !(amount instanceof Uint8Array) ||
    !(address instanceof Uint8Array) ||
    address.length !== 20
  )
    throw new RlpError('not a withdrawal')
  return {
    index: bytesToBigint(index),
    validatorIndex: bytesToBigint(validatorIndex),
    address: bytesToHex(address),
    amount: bytesToBigint(amount),
  }
}
