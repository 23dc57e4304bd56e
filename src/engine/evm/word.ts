/**
 * 256-bit words as the interpreter's stack holds them: a number where the value is a safe integer, a bigint otherwise or when a bigint was
 * at hand. Most words of real code are small (offsets, counters, flags), and arithmetic on numbers costs a tenth. JavaScript compares the two
 * kinds by value, so neither is the canonical one.
 */
export type Word = number | bigint

const MAX = Number.MAX_SAFE_INTEGER
const MAX_BIG = BigInt(MAX)
const MODULUS = 1n << 256n
const MASK = MODULUS - 1n
const ADDRESS_MASK = (1n << 160n) - 1n
/** Numbers below this are unsigned 32-bit integers, which bit operations take. */
const UINT32_END = 4_294_967_296
const BITS = 256
const WORD_BYTES = 32
/** 2^21: the upper half of a safe integer that is split at 32 bits. */
const SAFE_HIGH_END = 2_097_152
/** For one conversion at a time. */
const scratch = new Uint8Array(WORD_BYTES)
const scratchView = new DataView(scratch.buffer)

/** A number if it fits. */
export function toWord(value: bigint): Word {
  return value <= MAX_BIG ? Number(value) : value
}

/** For offsets and lengths: past the safe integers nothing is paid for. */
export function toSize(word: Word): number {
  if (typeof word === 'number') return word
  return word <= MAX_BIG ? Number(word) : Number.POSITIVE_INFINITY
}

export function isZero(word: Word): boolean {
  return typeof word === 'number' ? word === 0 : word === 0n
}

export function add(a: Word, b: Word): Word {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    return sum <= MAX ? sum : BigInt(a) + BigInt(b)
  }
  return BigInt.asUintN(BITS, BigInt(a) + BigInt(b))
}

export function sub(a: Word, b: Word): Word {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b
    return difference >= 0 ? difference : MODULUS + BigInt(difference)
  }
  return BigInt.asUintN(BITS, BigInt(a) - BigInt(b))
}

export function mul(a: Word, b: Word): Word {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b
    // A product past the safe integers never rounds down to one.
    if (product <= MAX) return product
  }
  return BigInt.asUintN(BITS, BigInt(a) * BigInt(b))
}

export function div(a: Word, b: Word): Word {
  // The quotient of two safe integers never rounds up to the next integer.
  if (typeof a === 'number' && typeof b === 'number') return b === 0 ? 0 : Math.floor(a / b)
  const divisor = BigInt(b)
  return divisor === 0n ? 0 : toWord(BigInt(a) / divisor)
}

export function sdiv(a: Word, b: Word): Word {
  const divisor = signed(b)
  return divisor === 0n ? 0 : unsigned(signed(a) / divisor)
}

export function mod(a: Word, b: Word): Word {
  if (typeof a === 'number' && typeof b === 'number') return b === 0 ? 0 : a % b
  const divisor = BigInt(b)
  return divisor === 0n ? 0 : toWord(BigInt(a) % divisor)
}

/** The sign is the dividend's. */
export function smod(a: Word, b: Word): Word {
  const divisor = signed(b)
  return divisor === 0n ? 0 : unsigned(signed(a) % divisor)
}

/** The sum is not cut to 256 bits. */
export function addmod(a: Word, b: Word, n: Word): Word {
  const modulus = BigInt(n)
  return modulus === 0n ? 0 : toWord((BigInt(a) + BigInt(b)) % modulus)
}

export function mulmod(a: Word, b: Word, n: Word): Word {
  const modulus = BigInt(n)
  return modulus === 0n ? 0 : toWord((BigInt(a) * BigInt(b)) % modulus)
}

/** Square and multiply: at most 256 rounds. */
export function exp(base: Word, exponent: Word): Word {
  let result = 1n
  let square = BigInt(base)
  for (let left = BigInt(exponent); left > 0n; left >>= 1n) {
    if (left & 1n) result = BigInt.asUintN(BITS, result * square)
    square = BigInt.asUintN(BITS, square * square)
  }
  return toWord(result)
}

/** Bytes of a word without leading zeros; 0 for zero. */
export function byteLength(word: Word): number {
  if (isZero(word)) return 0
  return Math.ceil(BigInt(word).toString(16).length / 2)
}

/** Extends the sign of the `size + 1` lowest bytes. */
export function signextend(size: Word, value: Word): Word {
  if (size > 30) return value
  return unsigned(BigInt.asIntN((Number(size) + 1) * 8, BigInt(value)))
}

export function lessThan(a: Word, b: Word): boolean {
  return a < b
}

export function equal(a: Word, b: Word): boolean {
  // biome-ignore lint/suspicious/noDoubleEquals: a number and a bigint of one value are one word
  return a == b
}

export function signedLessThan(a: Word, b: Word): boolean {
  // Safe integers have no sign bit.
  if (typeof a === 'number' && typeof b === 'number') return a < b
  return signed(a) < signed(b)
}

export function and(a: Word, b: Word): Word {
  if (isUint32(a) && isUint32(b)) return (a & b) >>> 0
  return toWord(BigInt(a) & BigInt(b))
}

export function or(a: Word, b: Word): Word {
  if (isUint32(a) && isUint32(b)) return (a | b) >>> 0
  return BigInt(a) | BigInt(b)
}

export function xor(a: Word, b: Word): Word {
  if (isUint32(a) && isUint32(b)) return (a ^ b) >>> 0
  return BigInt(a) ^ BigInt(b)
}

export function not(a: Word): Word {
  return MASK ^ BigInt(a)
}

/** The byte at `index` from the left. */
export function byteAt(index: Word, value: Word): Word {
  if (index > 31) return 0
  return Number((BigInt(value) >> BigInt(8 * (31 - Number(index)))) & 0xffn)
}

export function shiftLeft(shift: Word, value: Word): Word {
  if (shift > 255) return 0
  if (typeof value === 'number') {
    const shifted = value * 2 ** Number(shift)
    if (shifted <= MAX) return shifted
  }
  return BigInt.asUintN(BITS, BigInt(value) << BigInt(shift))
}

export function shiftRight(shift: Word, value: Word): Word {
  if (shift > 255) return 0
  if (typeof value === 'number') return Math.floor(value / 2 ** Number(shift))
  return toWord(value >> BigInt(shift))
}

export function shiftRightSigned(shift: Word, value: Word): Word {
  const number = signed(value)
  if (shift > 255) return number < 0n ? MASK : 0
  return unsigned(number >> BigInt(shift))
}

/** Zero bits before the first one. EIP-7939. */
export function leadingZeros(word: Word): Word {
  return isZero(word) ? BITS : BITS - BigInt(word).toString(2).length
}

/** The 20 low bytes, in hex with its prefix. */
export function toAddress(word: Word): `0x${string}` {
  const digits = typeof word === 'number' ? word.toString(16) : (word & ADDRESS_MASK).toString(16)
  return `0x${digits.padStart(40, '0')}`
}

export function addressToWord(address: `0x${string}`): Word {
  return toWord(BigInt(address))
}

/** 32 bytes in hex with its prefix. */
export function toWordHex(word: Word): `0x${string}` {
  return `0x${word.toString(16).padStart(64, '0')}`
}

/** Big-endian, up to 32 bytes. */
export function bytesToWord(bytes: Uint8Array): Word {
  const { length } = bytes
  if (length <= 6) {
    let value = 0
    for (let i = 0; i < length; i++) value = value * 256 + (bytes[i] as number)
    return value
  }
  scratch.fill(0, 0, WORD_BYTES - length)
  scratch.set(bytes, WORD_BYTES - length)
  return readWord(scratchView, 0)
}

/** The 32 bytes at `offset`. */
export function readWord(view: DataView, offset: number): Word {
  const highest = view.getUint32(offset) | view.getUint32(offset + 4) | view.getUint32(offset + 8)
  if (highest !== 0)
    return (
      (view.getBigUint64(offset) << 192n) |
      (view.getBigUint64(offset + 8) << 128n) |
      (view.getBigUint64(offset + 16) << 64n) |
      view.getBigUint64(offset + 24)
    )
  const fourth = view.getUint32(offset + 12)
  if ((fourth | view.getUint32(offset + 16) | view.getUint32(offset + 20)) !== 0)
    return (BigInt(fourth) << 128n) | (view.getBigUint64(offset + 16) << 64n) | view.getBigUint64(offset + 24)
  const high = view.getUint32(offset + 24)
  return high < SAFE_HIGH_END
    ? high * UINT32_END + view.getUint32(offset + 28)
    : view.getBigUint64(offset + 24)
}

/** Puts 32 bytes at `offset` of `bytes`, which `view` is of. */
export function writeWord(view: DataView, bytes: Uint8Array, offset: number, word: Word): void {
  if (typeof word === 'number') {
    bytes.fill(0, offset, offset + 24)
    view.setUint32(offset + 24, Math.floor(word / UINT32_END))
    view.setUint32(offset + 28, word % UINT32_END)
    return
  }
  // Each is cut to its 64 bits.
  view.setBigUint64(offset, word >> 192n)
  view.setBigUint64(offset + 8, word >> 128n)
  view.setBigUint64(offset + 16, word >> 64n)
  view.setBigUint64(offset + 24, word)
}

/** The word at `offset`, zeros past the end of `bytes`. */
export function loadPadded(bytes: Uint8Array, offset: number): Word {
  if (offset >= bytes.length) return 0
  const taken = Math.min(WORD_BYTES, bytes.length - offset)
  for (let i = 0; i < taken; i++) scratch[i] = bytes[offset + i] as number
  scratch.fill(0, taken)
  return readWord(scratchView, 0)
}

/** Without leading zeros. */
export function wordToTrimmed(word: Word): Uint8Array {
  if (isZero(word)) return EMPTY
  writeWord(scratchView, scratch, 0, word)
  let start = 0
  while (scratch[start] === 0) start++
  return scratch.slice(start)
}

/** 32 bytes. */
export function wordToBytes(word: Word): Uint8Array {
  writeWord(scratchView, scratch, 0, word)
  return scratch.slice()
}

const EMPTY = new Uint8Array(0)

function isUint32(word: Word): word is number {
  return typeof word === 'number' && word < UINT32_END
}

function signed(word: Word): bigint {
  return BigInt.asIntN(BITS, BigInt(word))
}

function unsigned(value: bigint): Word {
  return toWord(BigInt.asUintN(BITS, value))
}
