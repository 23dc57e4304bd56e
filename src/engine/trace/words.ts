/** Words of the stack and pieces of memory in the form a trace shows them in. */
import type { Address, Hash } from '../../primitives/hex.ts'
import type { Step } from './hooks.ts'

const ADDRESS_MASK = (1n << 160n) - 1n

/** The low 20 bytes. */
export function addressOf(word: bigint): Address {
  return `0x${(word & ADDRESS_MASK).toString(16).padStart(40, '0')}`
}

/** All 32 bytes. */
export function wordHex(word: bigint): Hash {
  return `0x${word.toString(16).padStart(64, '0')}`
}

/** Memory before a step, with zeros where it does not reach yet. The step has been paid for, so the length is small. */
export function readMemory({ memory }: Pick<Step, 'memory'>, offset: bigint, length: bigint): Uint8Array {
  const bytes = new Uint8Array(Number(length))
  if (offset < BigInt(memory.length)) bytes.set(memory.subarray(Number(offset), Number(offset + length)))
  return bytes
}
