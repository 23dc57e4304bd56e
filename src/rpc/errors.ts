/**
 * JSON-RPC errors and their codes: JSON-RPC 2.0 §5.1, EIP-1474; 3 for a revert and 4 for a transaction not seen in a block in time (EIP-7966)
 * as execution clients answer them, and those of `eth_simulateV1` (execution-apis, src/eth/execute.yaml).
 */
import type { Hex } from '../primitives/hex.ts'

export const ERROR_CODES = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  invalidInput: -32000,
  resourceNotFound: -32001,
  resourceUnavailable: -32002,
  transactionRejected: -32003,
  methodNotSupported: -32004,
  limitExceeded: -32005,
  executionReverted: 3,
  /** EIP-7966: `data` is the hash of the transaction. */
  notIncludedYet: 4,
  vmError: -32015,
  nonceTooLow: -38010,
  nonceTooHigh: -38011,
  baseFeeTooLow: -38012,
  intrinsicGas: -38013,
  insufficientFunds: -38014,
  blockGasLimit: -38015,
  blockNumber: -38020,
  blockTimestamp: -38021,
  initcodeTooLarge: -38025,
  clientLimit: -38026,
  /** EIP-4444, as execution-apis number it: the block is older than what is kept. */
  prunedHistory: 4444,
} as const

/** An answer, not a failure of ours: its message goes to the client as it is, so it never holds paths, URLs or stacks. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: number
  readonly data?: unknown

  constructor(input: { code: keyof typeof ERROR_CODES; message: string; data?: unknown }) {
    // Nobody reads its stack, and a batch of a thousand mistakes would spend most of its time on them.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(input.message)
    Error.stackTraceLimit = stackTraceLimit
    this.code = ERROR_CODES[input.code]
    if (input.data !== undefined) this.data = input.data
  }
}

export function invalidParams(message: string): RpcError {
  return new RpcError({ code: 'invalidParams', message })
}

export function limitExceeded(message: string): RpcError {
  return new RpcError({ code: 'limitExceeded', message })
}

export function executionReverted(message: string, data: Hex): RpcError {
  return new RpcError({ code: 'executionReverted', message, data })
}
