/** What Solidity's `revert("…")` and failed assertions say, in go-ethereum's words. accounts/abi/abi.go UnpackRevert. */
import { bytesToBigint } from '../../primitives/bytes.ts'

/**
 * Selectors of `Error(string)` and `Panic(uint256)`. Both are decoded here and not by a library: every call process would load one of
 * four hundred files for them, which is half of the time that it takes to replace a process.
 */
const ERROR_SELECTOR = 0x08c379a0
const PANIC_SELECTOR = 0x4e487b71
const SELECTOR_BYTES = 4
const WORD_BYTES = 32

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
  if (data.length < SELECTOR_BYTES) return undefined
  const parameters = data.subarray(SELECTOR_BYTES)
  switch (Buffer.from(data.buffer, data.byteOffset, SELECTOR_BYTES).readUInt32BE()) {
    case ERROR_SELECTOR:
      return readString(parameters)
    case PANIC_SELECTOR: {
      const code = readWord(parameters, 0)?.toString(16)
      return code === undefined ? undefined : (PANICS[`0x${code}`] ?? `unknown panic code: 0x${code}`)
    }
    default:
      return undefined
  }
}

/** Where a string begins, its length there, and its bytes. Undefined where `data` ends before it does. */
function readString(data: Uint8Array): string | undefined {
  const place = readSize(data, 0)
  const length = place === undefined ? undefined : readSize(data, place)
  if (place === undefined || length === undefined) return undefined
  const start = place + WORD_BYTES
  if (start + length > data.length) return undefined
  return new TextDecoder().decode(data.subarray(start, start + length))
}

/** Undefined for what is past the end of any data. */
function readSize(data: Uint8Array, at: number): number | undefined {
  const size = readWord(data, at)
  return size === undefined || size > data.length ? undefined : Number(size)
}

function readWord(data: Uint8Array, at: number): bigint | undefined {
  if (at + WORD_BYTES > data.length) return undefined
  return bytesToBigint(data.subarray(at, at + WORD_BYTES))
}
