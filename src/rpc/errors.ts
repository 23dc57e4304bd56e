/** JSON-RPC errors and their codes: JSON-RPC 2.0 §5.1, EIP-1474, and 3 for a revert as execution clients answer it. */
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
} as const

/** An answer, not a failure of ours: its message goes to the client as it is, so it never holds paths, URLs or stacks. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: number
  readonly data?: unknown

  constructor(input: { code: keyof typeof ERROR_CODES; message: string; data?: unknown }) {
    super(input.message)
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
