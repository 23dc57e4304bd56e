/**
 * What a transaction has touched and warmed, undone where a frame fails: EthereumJS's journal with one undo log, and with strings as keys
 * that the loop has at hand. EIP-161, EIP-2929.
 */
import type { Account, Address as EvmAddress } from '@ethereumjs/util'
import type { OverlayState } from '../state/overlay.ts'

/** Touched by a call that failed, it stays touched: as mainnet had it at block 2,675,119. EIP-161, note in EIP-716. */
const RIPEMD160 = '0x0000000000000000000000000000000000000003'

export class AccessJournal {
  readonly #state: OverlayState
  readonly #clearsEmpty: boolean
  readonly #touched = new Set<string>()
  readonly #warm = new Set<string>()
  readonly #slots = new Map<string, Set<string>>()
  /** A set and what was added to it, by turns. */
  readonly #undo: (Set<string> | string)[] = []
  readonly #checkpoints: number[] = []

  constructor(state: OverlayState, clearsEmpty: boolean) {
    this.#state = state
    this.#clearsEmpty = clearsEmpty
  }

  async putAccount(address: EvmAddress, account?: Account): Promise<void> {
    this.touchAddress(address)
    await this.#state.putAccount(address, account)
  }

  async deleteAccount(address: EvmAddress): Promise<void> {
    this.touchAddress(address)
    await this.#state.deleteAccount(address)
  }

  touchAddress(address: EvmAddress): void {
    this.touch(hexOf(address.bytes))
  }

  touch(address: string): void {
    if (this.#touched.has(address)) return
    this.#touched.add(address)
    if (address !== RIPEMD160) this.#undo.push(this.#touched, address)
  }

  openCheckpoint(): void {
    this.#checkpoints.push(this.#undo.length)
    this.#state.openCheckpoint()
  }

  closeCheckpoint(): void {
    this.#checkpoints.pop()
    this.#state.closeCheckpoint()
  }

  undoCheckpoint(): void {
    const undo = this.#undo
    const start = this.#checkpoints.pop() ?? 0
    for (let at = undo.length - 2; at >= start; at -= 2)
      (undo[at] as Set<string>).delete(undo[at + 1] as string)
    undo.length = start
    this.#state.undoCheckpoint()
  }

  async checkpoint(): Promise<void> {
    this.openCheckpoint()
  }

  async commit(): Promise<void> {
    this.closeCheckpoint()
  }

  async revert(): Promise<void> {
    this.undoCheckpoint()
  }

  cleanJournal(): void {
    this.#touched.clear()
    this.#warm.clear()
    this.#slots.clear()
    this.#undo.length = 0
    this.#checkpoints.length = 0
  }

  /** The end of a transaction: touched accounts that are empty go. */
  async cleanup(): Promise<void> {
    if (this.#clearsEmpty) await this.#state.deleteEmpty(this.#touched)
    this.cleanJournal()
  }

  isWarm(address: string): boolean {
    return this.#warm.has(address)
  }

  warm(address: string): void {
    if (this.#warm.has(address)) return
    this.#warm.add(address)
    this.#undo.push(this.#warm, address)
  }

  isSlotWarm(address: string, slot: string): boolean {
    return this.#slots.get(address)?.has(slot) === true
  }

  /** Its account becomes warm with it. */
  warmSlot(address: string, slot: string): void {
    this.warm(address)
    let slots = this.#slots.get(address)
    if (slots === undefined) {
      slots = new Set()
      this.#slots.set(address, slots)
    }
    if (slots.has(slot)) return
    slots.add(slot)
    this.#undo.push(slots, slot)
  }

  // The same by bytes or by hex without a prefix, as EthereumJS asks.

  addAlwaysWarmAddress(address: string): void {
    this.#warm.add(prefixed(address))
  }

  addAlwaysWarmSlot(address: string, slot: string): void {
    const key = prefixed(address)
    this.#warm.add(key)
    const slots = this.#slots.get(key)
    if (slots === undefined) this.#slots.set(key, new Set([prefixed(slot)]))
    else slots.add(prefixed(slot))
  }

  isWarmedAddress(address: Uint8Array): boolean {
    return this.isWarm(hexOf(address))
  }

  addWarmedAddress(address: Uint8Array): void {
    this.warm(hexOf(address))
  }

  isWarmedStorage(address: Uint8Array, slot: Uint8Array): boolean {
    return this.isSlotWarm(hexOf(address), hexOf(slot))
  }

  addWarmedStorage(address: Uint8Array, slot: Uint8Array): void {
    this.warmSlot(hexOf(address), hexOf(slot))
  }
}

function prefixed(hex: string): string {
  return hex.startsWith('0x') ? hex : `0x${hex}`
}

function hexOf(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`
}
