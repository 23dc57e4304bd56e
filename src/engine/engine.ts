/** The engine's face: attributes and a state in, an executed block out. It decides what executes, never what was meant. */
import type { BlockHeader } from '../primitives/header.ts'
import type { Address, Hash, Hex } from '../primitives/hex.ts'
import type { Receipt } from '../primitives/receipt.ts'
import type { Withdrawal } from '../primitives/withdrawal.ts'
import type { PayloadAttributes } from '../protocol/protocol.ts'
import type { StateChanges, StateSource } from './state/source.ts'
import type { AccessListEntry, Authorization } from './transaction.ts'

export type ExecutedTransaction = {
  readonly raw: Uint8Array
  readonly hash: Hash
  readonly sender: Address
  /** Null for a contract creation. */
  readonly to: Address | null
  readonly gasUsed: bigint
  /** Wei per gas, base fee included. */
  readonly effectiveGasPrice: bigint
  readonly createdContract: Address | null
  readonly receipt: Receipt
  /** Index in the attributes' list; undefined for the anchor transaction. */
  readonly listedIndex?: number
}

/** A listed transaction that did not execute, and the first reason found (docs/derivation.md names them). */
export type DroppedTransaction = {
  readonly listedIndex: number
  readonly reason: string
  readonly rule: string
}

export type ExecutedBlock = {
  readonly hash: Hash
  readonly header: BlockHeader
  readonly transactions: readonly ExecutedTransaction[]
  readonly dropped: readonly DroppedTransaction[]
  readonly changes: StateChanges
}

/** Hash of an ancestor block, for BLOCKHASH. Throws MissingStateError when it should be known and is not. */
export type AncestorHashes = (number: bigint) => Hash | Promise<Hash>

export type CallRequest = {
  readonly from?: Address
  readonly to?: Address
  /** Default: the engine's call gas cap. */
  readonly gas?: bigint
  readonly gasPrice?: bigint
  readonly maxFeePerGas?: bigint
  readonly maxPriorityFeePerGas?: bigint
  readonly value?: bigint
  readonly data?: Uint8Array
  /** Only where it is checked or shows: default the sender's. */
  readonly nonce?: bigint
  readonly accessList?: readonly AccessListEntry[]
  readonly authorizations?: readonly Authorization[]
  readonly maxFeePerBlobGas?: bigint
  readonly blobVersionedHashes?: readonly Uint8Array[]
}

export type CallResult = {
  readonly succeeded: boolean
  readonly returnData: Uint8Array
  readonly gasUsed: bigint
  /** Before refunds: the least limit it could have had is not below `gasUsed` and rarely above this. */
  readonly gasUsedAtMost: bigint
  /** EVM's name of the exception, when there is one. */
  readonly error?: string
}

/** A block that is still being filled: what has been executed so far. */
export type PendingBlock = {
  readonly attributes: Omit<PayloadAttributes, 'transactions'>
  /** The anchor transaction first. Grows as transactions are added. */
  readonly transactions: readonly ExecutedTransaction[]
  readonly gasUsed: bigint
  /** The state after `transactions`, once the one under way is through; later ones do not change what was answered. Its `rootAfter` throws. */
  state(): Promise<StateSource>
  /** What they changed, against the state after the parent; as `state` otherwise. */
  changes(): Promise<StateChanges>
}

export type AddResult =
  | { readonly type: 'added'; readonly transaction: ExecutedTransaction }
  /** Not valid here; the block is as it was. */
  | {
      readonly type: 'refused'
      readonly reason: string
      readonly rule: string
      /** D-92: its zk gas is more than any block has beside its anchor transaction, in this state. */
      readonly fitsNoBlock?: true
    }

/** Works one request at a time, in the order of the calls. Throws StaleStateError once the state it is built on has moved on. */
export type OpenBlock = PendingBlock & {
  add(raw: Uint8Array): Promise<AddResult>
  /** The header over what was added; nothing can be added afterwards. */
  seal(): Promise<ExecutedBlock>
  /**
   * What was added, and what was refused behind it, runs on both interpreters from the beginning. Resolves where they agree; throws an
   * EngineDisagreementError where they do not.
   */
  review(refused?: Uint8Array): Promise<void>
}

export type Engine = {
  /** Begins the block that `attributes` describe, its anchor transaction run. To add everything and seal is to `execute`. */
  open(input: {
    readonly attributes: Omit<PayloadAttributes, 'transactions'>
    readonly state: StateSource
    readonly ancestorHash: AncestorHashes
  }): Promise<OpenBlock>
  /** Builds the block that `attributes` describe on `state`, the state after the parent. */
  execute(input: {
    readonly attributes: PayloadAttributes
    readonly state: StateSource
    readonly ancestorHash: AncestorHashes
  }): Promise<ExecutedBlock>
  /** As `execute`, on both interpreters; throws an EngineDisagreementError where they do not agree. For a block that somebody contradicts. */
  review(input: Parameters<Engine['execute']>[0]): Promise<ExecutedBlock>
  /** What would have come of a transaction as the next one of the block with `header`, whose state afterwards `state` is; changes nothing. */
  runBehind(input: {
    readonly raw: Uint8Array
    readonly header: BlockHeader
    readonly state: StateSource
    readonly ancestorHash: AncestorHashes
  }): Promise<AddResult>
  /** Runs a message on `state` as if in a block with `header`; changes nothing. */
  call(input: {
    readonly request: CallRequest
    readonly header: BlockHeader
    readonly state: StateSource
    readonly ancestorHash: AncestorHashes
    readonly overrides?: StateOverrides
    readonly blockOverrides?: BlockOverrides
  }): Promise<CallResult>
  /** Senders of raw transactions (null where unrecoverable), computed in worker threads and remembered for `execute`. Answers accounts they name. */
  recoverSenders(transactions: readonly Uint8Array[]): Promise<readonly Address[]>
  close(): Promise<void>
}

/** As `eth_call`'s third parameter. */
export type StateOverrides = ReadonlyMap<Address, AccountOverride>

export type AccountOverride = {
  readonly balance?: bigint
  readonly nonce?: bigint
  readonly code?: Uint8Array
  /** The whole storage; not together with `stateDiff`. */
  readonly state?: ReadonlyMap<Hex, Uint8Array>
  readonly stateDiff?: ReadonlyMap<Hex, Uint8Array>
  /** Where the precompile of this address is instead. */
  readonly movePrecompileTo?: Address
}

/** As `eth_call`'s fourth parameter; the last two are for simulated blocks alone. */
export type BlockOverrides = {
  readonly number?: bigint
  /** Before Paris. */
  readonly difficulty?: bigint
  /** Seconds. */
  readonly time?: bigint
  readonly gasLimit?: bigint
  readonly feeRecipient?: Address
  readonly prevRandao?: Hash
  /** Wei per gas. */
  readonly baseFeePerGas?: bigint
  /** Wei per blob gas. */
  readonly blobBaseFee?: bigint
  readonly beaconRoot?: Hash
  readonly withdrawals?: readonly Withdrawal[]
}
