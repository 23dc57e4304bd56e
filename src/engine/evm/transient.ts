/** Storage that lasts one transaction, undone where a frame fails. EIP-1153. */
import type { Address as EvmAddress } from '@ethereumjs/util'
import { bytesToHex } from '../../primitives/hex.ts'
import { bytesToWord, type Word, wordToBytes } from './word.ts'

export class TransientState {
  readonly #words = new Map<string, Word>()
  readonly #undo: { readonly key: string; readonly word: Word | undefined }[] = []
  readonly #checkpoints: number[] = []

  read(address: string, slot: string): Word {
    return this.#words.get(address + slot) ?? 0
  }

  write(address: string, slot: string, word: Word): void {
    const key = address + slot
    this.#undo.push({ key, word: this.#words.get(key) })
    this.#words.set(key, word)
  }

  checkpoint(): void {
    this.#checkpoints.push(this.#undo.length)
  }

  commit(): void {
    this.#checkpoints.pop()
  }

  revert(): void {
    const start = this.#checkpoints.pop() ?? 0
    while (this.#undo.length > start) {
      const entry = this.#undo.pop()
      if (entry?.word !== undefined) this.#words.set(entry.key, entry.word)
      else if (entry !== undefined) this.#words.delete(entry.key)
    }
  }

  clear(): void {
    this.#words.clear()
    this.#undo.length = 0
  }

  // As EthereumJS's own loop asks.

  get(address: EvmAddress, key: Uint8Array): Uint8Array {
    return wordToBytes(this.read(bytesToHex(address.bytes), bytesToHex(key)))
  }

  put(address: EvmAddress, key: Uint8Array, value: Uint8Array): void {
    this.write(bytesToHex(address.bytes), bytesToHex(key), bytesToWord(value))
  }
}
