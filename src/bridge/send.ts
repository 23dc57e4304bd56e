/** The first step: the transaction that puts a message into the source layer's bridge. */
import { encodeFunctionData, type LocalAccount } from 'viem'
import { CriticalError } from '../primitives/errors.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { bridgeAbi } from './abi.ts'
import { landTransaction, PATIENT_FEE_HEADROOM, PROMPT_FEE_HEADROOM, readContract, signCall } from './end.ts'
import type { Ends } from './ends.ts'
import { findMessage, hashMessage } from './message.ts'
import { saveTransfer, type Transfer } from './transfer.ts'

export type TransferRequest = {
  readonly to: Address
  /** May recover the value on the destination if `to` does not take it. */
  readonly owner: Address
  /** Wei. */
  readonly value: bigint
  /** For `to`, when it is a contract that takes messages. */
  readonly data: Hex
  /** Gas that `to` gets for certain. */
  readonly gasLimit: bigint
}

export type StepOptions = {
  readonly path: string
  readonly pollMs: number
  readonly signal: AbortSignal
  /** Takes sentences for the user. */
  readonly say: (sentence: string) => void
}

/** Signs and writes down; sends nothing. `isForced`: it will wait in L1's queue, so its fee must last. */
export async function signTransfer(
  ends: Ends,
  account: LocalAccount,
  request: TransferRequest,
  options: StepOptions & { readonly direction: Transfer['direction']; readonly isForced: boolean },
): Promise<Transfer> {
  const { source, destination } = ends
  const { signal } = options
  const quota = await readContract(
    destination.rpc,
    destination.bridge,
    { abi: bridgeAbi, functionName: 'quotaWei' },
    signal,
  )
  if (request.value > quota)
    throw new CriticalError(
      `${request.value} wei are more than the other side ever pays at once (${quota}); send less at a time`,
    )
  const { to, owner, gasLimit, data, value } = request
  const call = {
    to: source.bridge,
    data: encodeFunctionData({
      abi: bridgeAbi,
      functionName: 'sendMessage',
      args: [to, owner, gasLimit, data],
    }),
    value,
    feeHeadroom: options.isForced ? PATIENT_FEE_HEADROOM : PROMPT_FEE_HEADROOM,
  }
  const transfer: Transfer = {
    direction: options.direction,
    transaction: await signCall(source, account, call, signal),
  }
  saveTransfer(options.path, transfer)
  return transfer
}

/** Sends what was signed, and reads the message from its receipt. */
export async function sendTransfer(
  { source }: Ends,
  transfer: Transfer,
  options: StepOptions,
): Promise<Transfer> {
  const { say } = options
  say(`${source.name} transaction ${transfer.transaction.hash}: waiting for a block to take it`)
  const receipt = await landTransaction(source, transfer.transaction, options)
  const message = findMessage(receipt.logs, source.bridge)
  if (message === undefined)
    throw new CriticalError(`${transfer.transaction.hash} sent no message through ${source.bridge}`)
  const sent = { ...transfer, message }
  saveTransfer(options.path, sent)
  say(
    `${source.name} block ${receipt.blockNumber} holds message ${message.nonce} (${hashMessage(source.bridge, message)})`,
  )
  return sent
}
