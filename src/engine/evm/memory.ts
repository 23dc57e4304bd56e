/** The memory of one frame. What it costs to grow is the loop's to charge; here it has been paid for. */
import { readWord, type Word, writeWord } from './word.ts'

const WORD_BYTES = 32
const INITIAL_BYTES = 4096

export class Memory {
  #bytes = new Uint8Array(INITIAL_BYTES)
  #view = new DataView(this.#bytes.buffer)
  /** 32-byte words that count as used. */
  words = 0

  get capacity(): number {
    return this.#bytes.length
  }

  /** Makes the first `words` words usable; they read as zero until they are written. */
  grow(words: number): void {
    this.words = words
    const needed = words * WORD_BYTES
    if (needed <= this.#bytes.length) return
    const bytes = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
    bytes.set(this.#bytes)
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }

  /** As new, for the next frame. */
  clear(): void {
    this.#bytes.fill(0, 0, this.words * WORD_BYTES)
    this.words = 0
  }

  load(offset: number): Word {
    return readWord(this.#view, offset)
  }

  store(offset: number, word: Word): void {
    writeWord(this.#view, this.#bytes, offset, word)
  }

  storeByte(offset: number, word: Word): void {
    this.#bytes[offset] = typeof word === 'number' ? word % 256 : Number(word & 0xffn)
  }

  /** A view: valid until the memory grows or is written. */
  view(offset: number, length: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + length)
  }

  copy(offset: number, length: number): Uint8Array {
    return this.#bytes.slice(offset, offset + length)
  }

  /** Bytes of `source` from `start`, zeros past its end. */
  write(offset: number, length: number, source: Uint8Array, start: number): void {
    const taken = start >= source.length ? 0 : Math.min(length, source.length - start)
    if (taken > 0) this.#bytes.set(source.subarray(start, start + taken), offset)
    if (taken < length) this.#bytes.fill(0, offset + taken, offset + length)
  }

  move(to: number, from: number, length: number): void {
    this.#bytes.copyWithin(to, from, from + length)
  }
}

/** Past this many bytes no gas would do. */
const END_MAX = 2 ** 38

/** Words that hold so many bytes. */
export function wordsOf(bytes: number): number {
  return Math.ceil(bytes / WORD_BYTES)
}

/** Words in use once `length` bytes from `offset` are; Infinity where no gas would do. */
export function wordsTo(memory: Memory, offset: number, length: number): number {
  if (length === 0) return memory.words
  const end = offset + length
  return end > END_MAX ? Number.POSITIVE_INFINITY : Math.max(memory.words, wordsOf(end))
}

/** Gas of a memory of so many words. Yellow Paper, appendix H.1. */
export function memoryGas(words: number): number {
  return 3 * words + Math.floor((words * words) / 512)
}

/** What it costs to use `length` bytes from `offset`. */
export function expansionGas(memory: Memory, offset: number, length: number): number {
  const words = wordsTo(memory, offset, length)
  return words === memory.words ? 0 : memoryGas(words) - memoryGas(memory.words)
}
