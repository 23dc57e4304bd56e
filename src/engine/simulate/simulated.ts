/** What `eth_simulateV1` asks and answers, as data that survives a structured clone. execution-apis, src/eth/execute.yaml. */
import type { BlockHeader } from '../../primitives/header.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type { Log } from '../../primitives/receipt.ts'
import type { Withdrawal } from '../../primitives/withdrawal.ts'
import type { CallRefusalReason } from '../callRequest.ts'
import type { BlockOverrides, CallRequest, StateOverrides } from '../engine.ts'

export type Simulation = {
  /** The block whose state is built upon. */
  readonly base: BlockHeader
  /** Of the block before it, in seconds: a rollup's base fee hangs on the time that blocks took. */
  readonly timestampBefore: bigint
  readonly blocks: readonly AskedBlock[]
  /** False: as `eth_call`, without nonces, and free where no price is named. */
  readonly validates: boolean
  /** ETH that moves is shown as if it were a token's (ERC-7528). */
  readonly tracesTransfers: boolean
  /** Of all blocks together. */
  readonly gasMax: bigint
  /** Bytes that all calls together may return: gas alone allows a hundred megabytes. */
  readonly returnBytesMax: number
}

export type AskedBlock = {
  readonly overrides: BlockOverrides
  readonly state: StateOverrides
  readonly calls: readonly CallRequest[]
}

export type SimulationResult =
  | { readonly type: 'simulated'; readonly blocks: readonly SimulatedBlock[] }
  | { readonly type: 'refused'; readonly refusal: SimulationRefusal }

export type SimulationRefusal = {
  readonly reason:
    | CallRefusalReason
    | 'blockNumber'
    | 'blockTimestamp'
    | 'blockGasLimit'
    | 'tooManyBlocks'
    | 'tooLarge'
    /** The overrides contradict themselves. */
    | 'override'
  readonly message: string
}

export type SimulatedBlock = {
  readonly hash: Hash
  readonly header: BlockHeader
  /** Bytes of its RLP. */
  readonly size: number
  readonly transactions: readonly SimulatedTransaction[]
  /** None before Shanghai. */
  readonly withdrawals?: readonly Withdrawal[]
  /** One for each transaction. */
  readonly calls: readonly SimulatedCall[]
}

/** Unsigned: its hash is over a signature of zeros. */
export type SimulatedTransaction = {
  readonly raw: Uint8Array
  readonly hash: Hash
  readonly sender: Address
}

export type SimulatedCall = {
  readonly gasUsed: bigint
  /** Before refunds. */
  readonly gasUsedAtMost: bigint
  readonly outcome:
    | { readonly type: 'succeeded'; readonly returnData: Uint8Array }
    | { readonly type: 'reverted'; readonly returnData: Uint8Array }
    /** `error` is in geth's words. */
    | { readonly type: 'failed'; readonly error: string; readonly isGasCapped: boolean }
  readonly logs: readonly SimulatedLog[]
}

/** `index` counts within the block, transfers and whatever was reverted included. */
export type SimulatedLog = Log & { readonly index: number }
