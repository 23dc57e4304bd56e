/** What is to be traced, and what a tracer is. */
import type { Address } from '../../primitives/hex.ts'
import type { RunContext } from '../evm.ts'
import type { Authorization } from '../transaction.ts'
import { createCallTracer } from './callTracer.ts'
import { createFourByteTracer } from './fourByteTracer.ts'
import type { TraceHooks } from './hooks.ts'
import { createPrestateTracer } from './prestateTracer.ts'
import type { TraceSize } from './size.ts'
import { createStructLogger } from './structLogger.ts'

/** go-ethereum's options, each with its default in words: false or absent. Survives a structured clone. */
export type TraceConfig =
  | {
      readonly tracer: 'structLog'
      readonly enableMemory: boolean
      readonly disableStack: boolean
      readonly disableStorage: boolean
      readonly enableReturnData: boolean
      /** Bytes of JSON after which no step is added. 0: as many as the answer may have. */
      readonly limit: number
    }
  | { readonly tracer: 'callTracer'; readonly onlyTopCall: boolean; readonly withLog: boolean }
  | {
      readonly tracer: 'prestateTracer'
      readonly diffMode: boolean
      readonly disableCode: boolean
      readonly disableStorage: boolean
      readonly includeEmpty: boolean
    }
  | { readonly tracer: '4byteTracer' }

/** A transaction or a call, before it buys gas. */
export type TracedMessage = {
  readonly sender: Address
  /** Null creates a contract. */
  readonly to: Address | null
  readonly gasLimit: bigint
  readonly authorizations?: readonly Authorization[]
}

/** For one message. */
export type Tracer = {
  readonly hooks: TraceHooks
  begin?(message: TracedMessage): Promise<void>
  /** The trace as JSON text. `gasUsed` is after refunds. */
  finish(gasUsed: bigint): string | Promise<string>
}

export type Trace = {
  readonly type: 'traced'
  /** Text. */
  readonly json: string
}

export function createTracer(config: TraceConfig, context: RunContext, size: TraceSize): Tracer {
  switch (config.tracer) {
    case 'structLog':
      return createStructLogger(config, context, size)
    case 'callTracer':
      return createCallTracer(config, size)
    case 'prestateTracer':
      return createPrestateTracer(config, context)
    case '4byteTracer':
      return createFourByteTracer(context)
  }
}
