/** Who acts in a scenario: accounts of the mnemonic that every development chain knows. Their keys are public. */
import { mnemonicToAccount, privateKeyToAccount } from 'viem/accounts'
import { defined } from '../../primitives/assert.ts'
import { type Address, bytesToHex, type Hex } from '../../primitives/hex.ts'
import type { Operator } from './nodes.ts'

const MNEMONIC = 'test test test test test test test test test test test junk'
/** Behind those that anvil funds, and that L2's genesis does. */
const FIRST_OPERATOR = 20
const STRANGER = 90
/** L2's genesis funds them; they have no other part in the devnet. */
const USERS = [7, 8, 9, 3, 4, 5] as const

export function operatorAt(index: number): Operator {
  return accountAt(FIRST_OPERATOR + index)
}

/** On nobody's list. */
export function strangerAccount(): Operator {
  return accountAt(STRANGER)
}

export function userAt(index: number): Operator {
  return accountAt(defined(USERS[index], `the user ${index}`))
}

function accountAt(addressIndex: number): Operator {
  const { privateKey } = mnemonicToAccount(MNEMONIC, { addressIndex }).getHdKey()
  const key: Hex = bytesToHex(defined(privateKey, 'the key of an account'))
  const account = privateKeyToAccount(key)
  return { account, key, address: account.address.toLowerCase() as Address }
}
