/** An error a JSON-RPC server answers with. EIP-1474. */
import type { Hex } from '../../../src/primitives/hex.ts'

export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: number
  /** What a reverted call returned. */
  readonly data?: Hex

  constructor(code: number, message: string, data?: Hex) {
    super(message)
    this.code = code
    if (data !== undefined) this.data = data
  }
}
