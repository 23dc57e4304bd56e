/** What a tracer hears of a transaction's execution: go-ethereum's hooks (core/tracing/hooks.go), reduced to those its tracers use. */
import type { Address, Hex } from '../../primitives/hex.ts'

/** A call, a creation or a destruction. Its `to` is known from the start, but for a creation: from its end. */
export type Frame = {
  /** Opcode that made it; CALL or CREATE for the transaction itself. */
  readonly type: string
  readonly from: Address
  to?: Address
  readonly input: Uint8Array
  /** Gas it was given, the stipend included; of the transaction itself without the intrinsic gas. */
  readonly gas: bigint
  /** Wei. Absent for STATICCALL. */
  readonly value?: bigint
  /** 0 for the transaction itself. */
  readonly depth: number
}

export type FrameEnd = {
  readonly gasUsed: bigint
  readonly output: Uint8Array
  /** In go-ethereum's words. */
  readonly error?: string
  /** False for a creation on Frontier that could not pay for its code: it stands all the same. */
  readonly isUndone: boolean
}

/** One opcode, before it executes. */
export type Step = {
  readonly pc: number
  readonly op: number
  readonly name: string
  /** Left before. */
  readonly gas: bigint
  /** With the gas that a call passes on. */
  readonly cost: bigint
  /** 1 for the transaction's own code. */
  readonly depth: number
  /** Bottom first. */
  readonly stack: readonly bigint[]
  /** May be shorter than `memoryBytes`: then zeros follow. */
  readonly memory: Uint8Array
  readonly memoryBytes: number
  readonly refund: bigint
  readonly address: Address
  /** Of the last call of this frame. */
  readonly returnData: Uint8Array
  /** Why it does not execute, in go-ethereum's words. */
  readonly error?: string
}

export type TracedLog = {
  readonly address: Address
  readonly topics: readonly Hex[]
  readonly data: Uint8Array
  /** Among the logs of the block that stand so far. */
  readonly index: number
}

export type TraceHooks = {
  enter?(frame: Frame): void
  exit?(frame: Frame, end: FrameEnd): void
  step?(step: Step): void | Promise<void>
  /** The last step did not execute after all; `failed` says why, and may cost something else. */
  stepFailed?(failed: Step): void
  log?(log: TracedLog): void
}
