/**
 * One transaction through the EVM: pay, run, refund, credit, clean up. Yellow Paper §6.2; EIP-161, EIP-2929, EIP-3529, EIP-6780.
 *
 * EthereumJS's own `runTx` validates as it goes, burns the base fee and knows no exempt transaction. Here the filter has decided
 * before, fees go where the caller says, and whatever is thrown is fatal.
 */
import type { ExecResult } from '@ethereumjs/evm'
import { Account, Address as EvmAddress, hexToBytes } from '@ethereumjs/util'
import { maxBigint, minBigint } from '../primitives/bigint.ts'
import { applyAuthorizations } from './authorizations.ts'
import type { RunContext } from './evm.ts'
import type { EvmRules } from './rules/evmRules.ts'
import { intrinsicGas } from './rules/intrinsicGas.ts'
import type { AccessListEntry, Authorization } from './transaction.ts'

export type EvmMessage = {
  readonly sender: Uint8Array
  /** Null creates a contract. */
  readonly to: Uint8Array | null
  readonly value: bigint
  readonly data: Uint8Array
  readonly gasLimit: bigint
  /** Wei per gas that GASPRICE shows, and that a charged sender pays. */
  readonly gasPrice: bigint
  readonly accessList: readonly AccessListEntry[]
  readonly authorizations?: readonly Authorization[]
  readonly blobVersionedHashes?: readonly Uint8Array[]
  /** Wei for blobs, burnt. */
  readonly blobFee?: bigint
  /** False: gas is counted but not paid, and nobody receives fees (the anchor transaction, D-70; calls). */
  readonly isCharged: boolean
}

/** Credits, in wei, by address. */
export type Credits = readonly (readonly [recipient: Uint8Array, wei: bigint])[]

export type MessageResult = {
  /** After refunds and the calldata floor. */
  readonly gasUsed: bigint
  /** Before refunds. */
  readonly gasUsedAtMost: bigint
  readonly succeeded: boolean
  readonly returnData: Uint8Array
  readonly error?: string
  readonly logs: NonNullable<ExecResult['logs']>
  readonly createdContract: Uint8Array | null
}

/**
 * The sender must be able to pay; `creditsFor` says who receives what, after refunds. An exception is never the transaction's
 * fault; the context is unusable after one. If the state could not answer, that is the one thrown, whatever came of it later.
 */
export async function runMessage(
  context: RunContext,
  message: EvmMessage,
  creditsFor: (gasUsed: bigint) => Credits,
): Promise<MessageResult> {
  try {
    return await run(context, message, creditsFor)
  } finally {
    context.state.assertComplete()
  }
}

async function run(
  context: RunContext,
  message: EvmMessage,
  creditsFor: (gasUsed: bigint) => Credits,
): Promise<MessageResult> {
  const { evm, state, rules, block } = context
  const sender = new EvmAddress(message.sender)
  const intrinsic = intrinsicGas(
    {
      to: message.to,
      data: message.data,
      accessList: message.accessList,
      ...(message.authorizations !== undefined && { authorizations: message.authorizations }),
    },
    rules,
  )
  state.originalStorageCache.clear()
  evm.journal.cleanJournal()
  await evm.journal.checkpoint()
  warmUp(context, message)

  const payer = (await state.getAccount(sender)) ?? new Account()
  if (message.isCharged) payer.balance -= message.gasLimit * message.gasPrice + (message.blobFee ?? 0n)
  // Only a call can have the highest one; a real transaction with it is refused (D-88).
  payer.nonce = BigInt.asUintN(64, payer.nonce + 1n)
  await evm.journal.putAccount(sender, payer)
  const authorizationRefund = await applyAuthorizations(context, message.authorizations ?? [])
  context.onAuthorized?.(authorizationRefund)

  const { execResult, createdAddress } = await evm.runCall({
    block,
    caller: sender,
    gasPrice: message.gasPrice,
    gasLimit: message.gasLimit - intrinsic.gas,
    ...(message.to !== null && { to: new EvmAddress(message.to) }),
    value: message.value,
    data: message.data,
    blobVersionedHashes: (message.blobVersionedHashes ?? []).map(toPrefixedHex),
    skipNonceIncrement: true,
  })

  const { gasUsed, gasUsedAtMost } = settleGas(rules, execResult, intrinsic, authorizationRefund)
  if (message.isCharged) {
    await credit(context, message.sender, (message.gasLimit - gasUsed) * message.gasPrice)
    for (const [recipient, wei] of creditsFor(gasUsed)) await credit(context, recipient, wei)
  }
  await destroyAccounts(context, execResult)
  // Touched accounts that are empty go. EIP-161.
  await evm.journal.cleanup()
  await evm.journal.commit()

  const error = execResult.exceptionError?.error
  return {
    gasUsed,
    gasUsedAtMost,
    succeeded: error === undefined,
    returnData: execResult.returnValue,
    ...(error !== undefined && { error }),
    logs: execResult.logs ?? [],
    createdContract: error === undefined ? (createdAddress?.bytes ?? null) : null,
  }
}

/** Addresses and slots that are warm from the start. EIP-2929, EIP-2930, EIP-3651. */
function warmUp({ evm, info, rules, precompiles }: RunContext, message: EvmMessage): void {
  const { journal } = evm
  for (const address of precompiles) journal.addAlwaysWarmAddress(address)
  journal.addAlwaysWarmAddress(toKey(message.sender))
  if (rules.warmCoinbase) journal.addAlwaysWarmAddress(info.coinbase.slice(2))
  if (message.to !== null) journal.addAlwaysWarmAddress(toKey(message.to))
  for (const { address, slots } of message.accessList) {
    journal.addAlwaysWarmAddress(toKey(address))
    for (const slot of slots) journal.addAlwaysWarmSlot(toKey(address), toKey(slot))
  }
}

function settleGas(
  rules: EvmRules,
  result: ExecResult,
  intrinsic: { readonly gas: bigint; readonly floor: bigint },
  authorizationRefund: bigint,
): { readonly gasUsed: bigint; readonly gasUsedAtMost: bigint } {
  const spent = intrinsic.gas + result.executionGasUsed
  const refund = authorizationRefund + (result.gasRefund ?? 0n)
  // Rounds down, as EIP-3529 does.
  const refundMax = spent / rules.refundQuotient
  return {
    gasUsed: maxBigint(spent - minBigint(refund, refundMax), intrinsic.floor),
    gasUsedAtMost: maxBigint(spent, intrinsic.floor),
  }
}

/** A zero must not create an account. Before EIP-161 it does. */
async function credit({ evm, state, rules }: RunContext, recipient: Uint8Array, wei: bigint): Promise<void> {
  if (wei === 0n && rules.clearsEmptyAccounts) return
  const address = new EvmAddress(recipient)
  const account = (await state.getAccount(address)) ?? new Account()
  account.balance += wei
  await evm.journal.putAccount(address, account)
}

/** After the fees: what a destroyed account was credited with goes with it. */
async function destroyAccounts({ evm, rules }: RunContext, result: ExecResult): Promise<void> {
  for (const address of result.selfdestruct?.keys() ?? []) {
    if (rules.destroysOnlyNew && !result.createdAddresses?.has(address)) continue
    await evm.journal.deleteAccount(new EvmAddress(hexToBytes(address)))
  }
}

/** The journal's keys are hex without a prefix. */
function toKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

function toPrefixedHex(bytes: Uint8Array): `0x${string}` {
  return `0x${toKey(bytes)}`
}
