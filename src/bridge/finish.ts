/** The last step: the message is processed on the destination; and what can be done when its receiver did not take it. */
import { encodeFunctionData, formatEther, type LocalAccount } from 'viem'
import { CriticalError } from '../primitives/errors.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { bridgeAbi } from './abi.ts'
import { type BridgeEnd, landTransaction, PROMPT_FEE_HEADROOM, readContract, signCall } from './end.ts'
import type { Ends } from './ends.ts'
import { hashMessage, MESSAGE_STATUSES, type Message, type MessageStatus } from './message.ts'
import type { StepOptions } from './send.ts'
import type { Transfer } from './transfer.ts'

export async function readStatus(ends: Ends, message: Message, signal: AbortSignal): Promise<MessageStatus> {
  const { source, destination } = ends
  const status = await readContract(
    destination.rpc,
    destination.bridge,
    { abi: bridgeAbi, functionName: 'statusOf', args: [hashMessage(source.bridge, message)] },
    signal,
  )
  return MESSAGE_STATUSES[status] ?? 'new'
}

/** Processes a new message, retries a failed one, and leaves alone what is over. */
export async function finishTransfer(
  ends: Ends,
  account: LocalAccount,
  transfer: Transfer,
  options: StepOptions,
): Promise<MessageStatus> {
  const { destination } = ends
  const { signal, say } = options
  const { message, proof } = transfer
  if (message === undefined || proof === undefined)
    throw new CriticalError(`${options.path} holds no proof yet; run \`plumbline bridge prove\` first`)
  const before = await readStatus(ends, message, signal)
  if (before === 'done' || before === 'recovered') {
    say(sentenceOf(before, message, destination))
    return before
  }
  await checkPayable(destination, message, signal)
  const data =
    before === 'failed'
      ? encodeFunctionData({ abi: bridgeAbi, functionName: 'retryMessage', args: [message] })
      : encodeFunctionData({
          abi: bridgeAbi,
          functionName: 'processMessage',
          args: [message, { ...proof, blockNumber: Number(proof.blockNumber) }],
        })
  await call(destination, account, data, options)
  const after = await readStatus(ends, message, signal)
  say(sentenceOf(after, message, destination))
  return after
}

/** Takes the value of a failed message out to `to`; `account` must be the message's owner. */
export async function recoverTransfer(
  ends: Ends,
  account: LocalAccount,
  transfer: Transfer,
  to: Address,
  options: StepOptions,
): Promise<void> {
  const { message } = transfer
  if (message === undefined) throw new CriticalError(`${options.path} names no message yet`)
  const status = await readStatus(ends, message, options.signal)
  if (status !== 'failed')
    throw new CriticalError(`the message is ${status}; only the value of a failed one can be recovered`)
  await checkPayable(ends.destination, message, options.signal)
  const data = encodeFunctionData({ abi: bridgeAbi, functionName: 'recoverValue', args: [message, to] })
  await call(ends.destination, account, data, options)
  options.say(`${formatEther(message.value)} ether went to ${to} on ${ends.destination.name}`)
}

async function call(end: BridgeEnd, account: LocalAccount, data: Hex, options: StepOptions): Promise<void> {
  const signed = await signCall(
    end,
    account,
    { to: end.bridge, data, value: 0n, feeHeadroom: PROMPT_FEE_HEADROOM },
    options.signal,
  )
  options.say(`${end.name} transaction ${signed.hash}: waiting for a block to take it`)
  await landTransaction(end, signed, options)
}

/** What is only too early, said before it reverts. */
async function checkPayable(end: BridgeEnd, message: Message, signal: AbortSignal): Promise<void> {
  const quota = await readContract(
    end.rpc,
    end.bridge,
    { abi: bridgeAbi, functionName: 'availableQuota' },
    signal,
  )
  if (message.value > quota)
    throw new CriticalError(
      `the bridge on ${end.name} may pay ${formatEther(quota)} ether now, not ${formatEther(message.value)}: its quota comes back by and by; run this again later, nothing is lost`,
    )
  const balance = BigInt((await end.rpc('eth_getBalance', [end.bridge, 'latest'], signal)) as Hex)
  if (message.value > balance)
    throw new CriticalError(
      `the bridge on ${end.name} holds ${formatEther(balance)} ether, not ${formatEther(message.value)}: it pays out what was deposited, and no more; run this again after a deposit`,
    )
}

function sentenceOf(status: MessageStatus, message: Message, end: BridgeEnd): string {
  const what = `${formatEther(message.value)} ether to ${message.to} on ${end.name}`
  switch (status) {
    case 'done':
      return `done: ${what}`
    case 'recovered':
      return `recovered by its owner: ${what}`
    case 'failed':
      return `the receiver did not take it: ${what}; run finish again to retry, or \`plumbline bridge recover\` as ${message.owner}`
    case 'new':
      return `not processed yet: ${what}`
  }
}
