/** Gas a transaction pays before it runs. EIP-2028, EIP-2930, EIP-3860, EIP-7623, EIP-7702; Yellow Paper §6.2. */
import type { Transaction } from '../transaction.ts'
import type { EvmRules } from './evmRules.ts'

const TRANSACTION_GAS = 21_000n
const ZERO_BYTE_GAS = 4n
const INITCODE_WORD_GAS = 2n
const ACCESS_LIST_ADDRESS_GAS = 2_400n
const ACCESS_LIST_SLOT_GAS = 1_900n
/** As if every authority were a new account; the difference is refunded. EIP-7702 PER_EMPTY_ACCOUNT_COST. */
export const AUTHORIZATION_GAS = 25_000n
/** EIP-7623: a zero byte is one token, another byte four. */
const NONZERO_BYTE_TOKENS = 4n
const FLOOR_GAS_PER_TOKEN = 10n

export type IntrinsicGas = {
  /** Spent before the first opcode. */
  readonly gas: bigint
  /** The transaction pays at least this; 0 before EIP-7623. */
  readonly floor: bigint
}

export function intrinsicGas(
  transaction: Pick<Transaction, 'to' | 'data' | 'accessList' | 'authorizations'>,
  rules: EvmRules,
): IntrinsicGas {
  const { to, data, accessList, authorizations } = transaction
  let zeros = 0
  // By index: an iterator costs ten times as much.
  for (let i = 0; i < data.length; i++) if (data[i] === 0) zeros++
  const zeroBytes = BigInt(zeros)
  const nonzeroBytes = BigInt(data.length - zeros)
  let gas = TRANSACTION_GAS + zeroBytes * ZERO_BYTE_GAS + nonzeroBytes * rules.calldataByteGas
  if (to === null) gas += rules.creationGas
  if (to === null && rules.meteredInitcode) gas += INITCODE_WORD_GAS * BigInt(Math.ceil(data.length / 32))
  for (const entry of accessList)
    gas += ACCESS_LIST_ADDRESS_GAS + ACCESS_LIST_SLOT_GAS * BigInt(entry.slots.length)
  gas += AUTHORIZATION_GAS * BigInt(authorizations?.length ?? 0)
  const tokens = zeroBytes + nonzeroBytes * NONZERO_BYTE_TOKENS
  return { gas, floor: rules.calldataFloor ? TRANSACTION_GAS + FLOOR_GAS_PER_TOKEN * tokens : 0n }
}
