/** What a process that makes load is told, and what it answers. */
import type { Address, Hex } from '../../../src/primitives/hex.ts'

export type Load = {
  readonly url: string
  readonly l2ChainId: string
  readonly slasher: Address
  /** Seconds, seconds, slots. */
  readonly slots: {
    readonly genesisTime: number
    readonly secondsPerSlot: number
    readonly slotsPerEpoch: number
  }
  readonly work: PromiseLoad | TransactionLoad | BadLoad
}

/** Tells one that is ready to begin. */
export const GO = 'go'

/** Of the process, in this order. */
export type LoadMessage = { readonly type: 'ready' } | { readonly type: 'done'; readonly result: LoadResult }

/** Requests for promises of execution at a steady pace, each at its time, whatever becomes of those before it. */
export type PromiseLoad = {
  readonly type: 'promises'
  readonly perSecond: number
  readonly seconds: number
  readonly keys: readonly Hex[]
  readonly firstNonce: number
}

/** Transactions, as many as blocks take. */
export type TransactionLoad = {
  readonly type: 'transactions'
  readonly seconds: number
  readonly keys: readonly Hex[]
  readonly firstNonce: number
  /** Sent and not yet in a block, at most. */
  readonly outstandingMax: number
}

/** Requests that no honest client makes, of every kind in turn. */
export type BadLoad = {
  readonly type: 'bad'
  readonly perSecond: number
  readonly seconds: number
  /** Of an account with ether. */
  readonly fundedKey: Hex
  /** Addresses of this machine that requests come from in turn, since one is held to a rate. */
  readonly from: readonly string[]
}

export type LoadResult = {
  /** Milliseconds from when a request was due, whether or not it was sent then, to its whole answer; of promises only. */
  readonly latenciesMs: readonly number[]
  /** Milliseconds by which requests were sent late, for want of time in the process that sends them. */
  readonly lateMs?: readonly number[]
  /** CPU of the process that made the load. */
  readonly cpuSeconds?: number
  /** How often each answer was given: `ok`, or an error. By kind where there are several. */
  readonly answers: Readonly<Record<string, number>>
  /** By key: transactions sent, or the nonce that comes next. */
  readonly sent: readonly number[]
  readonly seconds: number
}
