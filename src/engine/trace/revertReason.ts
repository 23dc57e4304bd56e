/** What Solidity's `revert("…")` and failed assertions say, in go-ethereum's words. accounts/abi/abi.go UnpackRevert. */
import { decodeErrorResult, parseAbi } from 'viem'
import { bytesToHex } from '../../primitives/hex.ts'

const ERRORS = parseAbi(['error Error(string)', 'error Panic(uint256)'])

const PANICS: Readonly<Record<string, string>> = {
  '0x0': 'generic panic',
  '0x1': 'assert(false)',
  '0x11': 'arithmetic underflow or overflow',
  '0x12': 'division or modulo by zero',
  '0x21': 'enum overflow',
  '0x22': 'invalid encoded storage byte array accessed',
  '0x31': 'out-of-bounds array access; popping on an empty array',
  '0x32': 'out-of-bounds access of an array or bytesN',
  '0x41': 'out of memory',
  '0x51': 'uninitialized function',
}

/** Undefined for data that is neither. */
export function revertReason(data: Uint8Array): string | undefined {
  if (data.length < 4) return undefined
  try {
    const decoded = decodeErrorResult({ abi: ERRORS, data: bytesToHex(data) })
    if (decoded.errorName === 'Error') return decoded.args[0]
    const code = `0x${decoded.args[0].toString(16)}`
    return PANICS[code] ?? `unknown panic code: ${code}`
  } catch {
    return undefined
  }
}
