/**
 * Gas that counts as spent by a step that failed, from what the frame was like before it: EthereumJS says only that all is gone. In the order
 * of revm: a charge that cannot be paid counts all that was left, every other failure what was charged until then. unzen.md §1.4.
 */
import type { OpcodeTable } from '../evm/opcodes.ts'

export type FailingStep = {
  readonly step: {
    readonly opcode: number
    readonly gasLeft: bigint
    /** The top is last. */
    readonly stack: readonly bigint[]
    /** Of memory. */
    readonly words: bigint
  }
  readonly isStatic: boolean
  /** Bytes of return data. */
  readonly returned: number
  readonly opcodes: OpcodeTable
}

const SLOTNUM = 0x4b
const EXTCODECOPY = 0x3c
const KECCAK256 = 0x20
const RETURNDATACOPY = 0x3e
const MCOPY = 0x5e
const SSTORE = 0x55
const TSTORE = 0x5d
const CREATE = 0xf0
const CREATE2 = 0xf5
const CALL = 0xf1
const CALLCODE = 0xf2
const CALLS: ReadonlySet<number> = new Set([CALL, CALLCODE, 0xf4, 0xfa])
const COPIES: ReadonlySet<number> = new Set([KECCAK256, 0x37, 0x39, EXTCODECOPY, RETURNDATACOPY, MCOPY])
/** MLOAD MSTORE MSTORE8, JUMP JUMPI: nothing but what comes first is charged. */
const STATIC_ONLY: ReadonlySet<number> = new Set([0x51, 0x52, 0x53, 0x56, 0x57])
/** EIP-2200. */
const SSTORE_SENTRY_GAS = 2_300n
/** EIP-3860. */
const INITCODE_BYTES_MAX = 49_152n

export function rawOfFailed({ step, isStatic, returned, opcodes }: FailingStep): bigint {
  const { opcode, gasLeft, stack, words } = step
  // Opcodes of a fork to come, which revm charges before it refuses them.
  const refused = opcode === SLOTNUM ? 2n : opcode >= 0xe6 && opcode <= 0xe8 ? 3n : 0n
  if (opcodes.defined[opcode] === 0) return refused < gasLeft ? refused : gasLeft
  const fixed = BigInt(opcodes.staticGas[opcode] ?? 0)
  if (fixed > gasLeft) return gasLeft
  if (stack.length < (opcodes.stackMin[opcode] ?? 0) || stack.length > (opcodes.stackMax[opcode] ?? 0))
    return fixed
  const word = (place: number) => stack.at(-1 - place) ?? 0n
  const pays = (raw: bigint) => raw <= gasLeft
  /** To use memory: what was charged if that failed, or undefined. */
  const grow = (offset: bigint, length: bigint, raw: bigint, from = words) => {
    if (length === 0n) return { words: from, raw }
    const end = (offset + length + 31n) / 32n
    const needed = end > from ? end : from
    const after = raw + memoryGas(needed) - memoryGas(from)
    return isLong(offset) || isLong(length) || !pays(after) ? undefined : { words: needed, raw: after }
  }
  const isLog = opcode >= 0xa0 && opcode <= 0xa4
  const isCreation = opcode === CREATE || opcode === CREATE2
  if (isStatic && (isLog || opcode === TSTORE || opcode === SSTORE || isCreation)) return fixed
  if (isStatic && opcode === CALL && word(2) !== 0n) return fixed
  if (opcode === SSTORE) return gasLeft <= SSTORE_SENTRY_GAS ? 0n : gasLeft
  if (STATIC_ONLY.has(opcode)) return fixed
  if (COPIES.has(opcode)) {
    const [offset, length] =
      opcode === KECCAK256
        ? [word(0), word(1)]
        : opcode === EXTCODECOPY
          ? [word(1), word(3)]
          : [word(0), word(2)]
    if (isLong(length)) return fixed
    if (opcode === RETURNDATACOPY && word(1) + length > BigInt(returned)) return fixed
    const raw = fixed + perWord(length, opcode === KECCAK256 ? 6n : 3n)
    if (!pays(raw)) return gasLeft
    const furthest = opcode === MCOPY && word(1) > offset ? word(1) : offset
    return grow(furthest, length, raw) === undefined ? raw : gasLeft
  }
  if (isLog) {
    const length = word(1)
    if (isLong(length)) return fixed
    const raw = fixed + 375n * BigInt(opcode - 0xa0) + 8n * length
    if (!pays(raw)) return gasLeft
    return grow(word(0), length, raw)?.raw ?? raw
  }
  if (isCreation) {
    const length = word(2)
    if (length > INITCODE_BYTES_MAX) return 0n
    const raw = perWord(length, 2n)
    if (!pays(raw)) return gasLeft
    const grown = grow(word(1), length, raw)
    if (grown === undefined) return raw
    return opcode === CREATE2 && stack.length < 4 ? grown.raw : gasLeft
  }
  if (CALLS.has(opcode)) {
    const at = opcode === CALL || opcode === CALLCODE ? 3 : 2
    const input = grow(word(at), word(at + 1), fixed)
    if (input === undefined) return fixed
    return grow(word(at + 2), word(at + 3), input.raw, input.words) === undefined ? input.raw : gasLeft
  }
  return gasLeft
}

function isLong(value: bigint): boolean {
  return value >= 2n ** 64n
}

function perWord(bytes: bigint, gas: bigint): bigint {
  return gas * ((bytes + 31n) / 32n)
}

/** Yellow Paper, C_mem. */
function memoryGas(words: bigint): bigint {
  return 3n * words + (words * words) / 512n
}
