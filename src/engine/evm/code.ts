/** Code as the loop reads it: padded, so that no read runs past it, with its jump destinations and what its pushes push. */
import { toWord, type Word } from './word.ts'

const JUMPDEST = 0x5b
const PUSH1 = 0x60
const PUSH32 = 0x7f

export type Code = {
  readonly source: Uint8Array
  /** The code, then zeros (STOP): more than the longest push. */
  readonly bytes: Uint8Array
  /** 1 where a jump may go. */
  readonly destinations: Uint8Array
  /** By position of the push; filled when it first runs. */
  readonly pushes: (Word | undefined)[]
}

/** Code that the state hands out is the same array as long as it is in use. */
const known = new WeakMap<Uint8Array, Code>()

export function analyse(source: Uint8Array): Code {
  const found = known.get(source)
  if (found !== undefined) return found
  const { length } = source
  const bytes = new Uint8Array(length + 33)
  bytes.set(source)
  const destinations = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const op = bytes[i] as number
    if (op === JUMPDEST) destinations[i] = 1
    else if (op >= PUSH1 && op <= PUSH32) i += op - PUSH1 + 1
  }
  const code: Code = { source, bytes, destinations, pushes: new Array(length) }
  known.set(source, code)
  return code
}

/** What the push at `pc` pushes; bytes past the end of the code are zeros. */
export function readPush(code: Code, pc: number): Word {
  const { bytes, pushes } = code
  const size = (bytes[pc] as number) - PUSH1 + 1
  let word: Word = 0
  if (size <= 6) for (let i = 1; i <= size; i++) word = word * 256 + (bytes[pc + i] as number)
  else word = toWord(BigInt(`0x${Buffer.from(bytes.buffer, pc + 1, size).toString('hex')}`))
  pushes[pc] = word
  return word
}
