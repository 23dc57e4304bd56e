/** A message between the layers: its hash, its storage slot, and how it is found in a receipt. contracts/src/shared/Bridge.sol */
import { decodeEventLog, encodeAbiParameters, toEventSelector } from 'viem'
import { concatBytes } from '../primitives/bytes.ts'
import { type Address, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import { bridgeAbi, messageParameters } from './abi.ts'

export type Message = {
  readonly nonce: bigint
  readonly sourceChainId: bigint
  readonly destinationChainId: bigint
  /** Gas the receiver gets for certain. */
  readonly gasLimit: bigint
  readonly sender: Address
  /** May recover the value on the destination if the receiver does not take it. */
  readonly owner: Address
  readonly to: Address
  /** Wei. */
  readonly value: bigint
  readonly data: Hex
}

export type MessageStatus = 'new' | 'done' | 'failed' | 'recovered'
/** As `IBridge.Status` numbers them. */
export const MESSAGE_STATUSES: readonly MessageStatus[] = ['new', 'done', 'failed', 'recovered']

const MESSAGE_SENT = toEventSelector(
  'MessageSent(bytes32,(uint64,uint64,uint64,uint64,address,address,address,uint256,bytes))',
)

export function hashMessage(sourceBridge: Address, message: Message): Hash {
  return keccak256Hex(hexToBytes(encodeAbiParameters(messageParameters, [sourceBridge, message])))
}

/** Of the bridge that sent it; the slot holds 1. A mapping at slot 0. */
export function slotOfMessage(messageHash: Hash): Hash {
  return keccak256Hex(concatBytes(hexToBytes(messageHash), new Uint8Array(32)))
}

/** The first message that `bridge` sent in a transaction; undefined where it sent none. */
export function findMessage(
  logs: readonly { readonly address: Address; readonly topics: readonly Hash[]; readonly data: Hex }[],
  bridge: Address,
): Message | undefined {
  const log = logs.find(({ address, topics }) => address === bridge && topics[0] === MESSAGE_SENT)
  if (log === undefined) return undefined
  const { args } = decodeEventLog({
    abi: bridgeAbi,
    eventName: 'MessageSent',
    topics: log.topics as [Hash, ...Hash[]],
    data: log.data,
  })
  const { message } = args
  const lower = (address: Address) => address.toLowerCase() as Address
  return {
    ...message,
    sender: lower(message.sender),
    owner: lower(message.owner),
    to: lower(message.to),
  }
}
