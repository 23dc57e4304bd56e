/** From raw bytes to a transaction that will execute, or to the first reason why it will not. Rules D-72..D-89. */
import { Address as EvmAddress } from '@ethereumjs/util'
import type { Hash } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import { isDelegation } from './authorizations.ts'
import type { RunContext } from './evm.ts'
import { checkSender, checkStateless, type Refusal, refuse, type SenderAccount } from './rules/filter.ts'
import type { SenderPool } from './senderPool.ts'
import { decodeTransaction, type Transaction } from './transaction.ts'

export type Admission =
  | { readonly type: 'admitted'; readonly admitted: AdmittedTransaction }
  | { readonly type: 'refused'; readonly refusal: Refusal }

export type AdmittedTransaction = {
  readonly transaction: Transaction
  readonly hash: Hash
  readonly sender: Uint8Array
}

/** Only reads: a refused transaction leaves no trace. Throws when the state cannot answer. */
export async function admitTransaction(
  context: RunContext,
  senders: Pick<SenderPool, 'senderOf'>,
  raw: Uint8Array,
  gasLeft: bigint,
  options: { readonly checksBalance: boolean } = { checksBalance: true },
): Promise<Admission> {
  const decoded = decodeTransaction(raw)
  if (decoded.type === 'undecodable') return refused(refuse('D-73', decoded.detail))
  const { transaction } = decoded
  const { chainId, rules, info } = context
  const early = checkStateless(transaction, {
    chainId,
    rules,
    baseFeePerGas: info.baseFeePerGas,
    gasLeft,
    ...(info.blobBaseFee !== undefined && { blobBaseFee: info.blobBaseFee }),
  })
  if (early !== null) return refused(early)
  const hash = keccak256Hex(raw)
  const sender = senders.senderOf(hash, transaction)
  if (sender === null) return refused(refuse('D-74', 'the signature recovers to no key'))
  if (sender.every((byte) => byte === 0)) return refused(refuse('D-86', 'the signer is the zero address'))
  const account = await readSender(context, sender)
  const late = checkSender(transaction, account, options)
  if (late !== null) return refused(late)
  return { type: 'admitted', admitted: { transaction, hash, sender } }
}

async function readSender({ state }: RunContext, sender: Uint8Array): Promise<SenderAccount> {
  const address = new EvmAddress(sender)
  const account = await state.getAccount(address)
  if (account === undefined) return { nonce: 0n, balance: 0n, hasCode: false }
  const hasCode = account.isContract() && !isDelegation(await state.getCode(address))
  return { nonce: account.nonce, balance: account.balance, hasCode }
}

function refused(refusal: Refusal): Admission {
  return { type: 'refused', refusal }
}
