/**
 * Blocks whose time has not come: the parent is missing, or L1 does not say yet whose window it is. Held in memory, bounded, and no
 * source can fill the room of the others.
 */
import type { Hash } from '../../primitives/hex.ts'
import type { SealedMessage } from '../stream/message.ts'

export type Waiting = {
  /** `isVerified`: its signatures are known to be right. */
  hold(message: SealedMessage, source: string, isVerified: boolean): void
  /** Takes out those that wait for this parent. */
  childrenOf(parentHash: Hash): readonly Held[]
  /** Takes out those whose window was not known. */
  unverified(): readonly Held[]
  /** Signed rightly. */
  has(blockHash: Hash): boolean
  /** Highest number that waits and is signed rightly. */
  highest(): bigint | undefined
  /** Forgets what has landed or been displaced. */
  prune(safe: bigint): void
  readonly size: number
}

export type Held = { readonly message: SealedMessage; readonly source: string; readonly isVerified: boolean }

/** Half an hour of two-second blocks. */
const HELD_MAX = 1024
const HELD_BYTES_MAX = 64 * 1024 * 1024
/** Of those nobody could check, by source. */
const UNVERIFIED_MAX = 64

export function createWaiting(): Waiting {
  const held = new Map<string, Held & { readonly bytes: number }>()
  let bytes = 0

  function remove(id: string): void {
    bytes -= held.get(id)?.bytes ?? 0
    held.delete(id)
  }

  function takeOut(wanted: (each: Held) => boolean): readonly Held[] {
    const found = [...held.values()].filter(wanted)
    for (const each of found) remove(idOf(each))
    return found.sort((a, b) => Number(a.message.block.header.number - b.message.block.header.number))
  }

  /** The block furthest ahead can be asked for again last. */
  function makeRoom(): void {
    while (held.size > HELD_MAX || bytes > HELD_BYTES_MAX) {
      let furthest: Held | undefined
      for (const each of held.values())
        if (furthest === undefined || each.message.block.header.number > furthest.message.block.header.number)
          furthest = each
      if (furthest === undefined) return
      remove(idOf(furthest))
    }
  }

  return {
    hold(message, source, isVerified) {
      const { hash, transactions } = message.block
      if (held.get(hash)?.isVerified) return
      if (!isVerified) {
        const own = [...held.values()].filter((each) => !each.isVerified && each.source === source)
        const [oldest] = own
        if (own.length >= UNVERIFIED_MAX && oldest !== undefined) remove(idOf(oldest))
      }
      const id = idOf({ message, source, isVerified })
      remove(id)
      const size = transactions.reduce((sum, raw) => sum + raw.length, 2048)
      held.set(id, { message, source, isVerified, bytes: size })
      bytes += size
      makeRoom()
    },
    childrenOf: (parentHash) =>
      takeOut(({ message, isVerified }) => isVerified && message.block.header.parentHash === parentHash),
    unverified: () => takeOut(({ isVerified }) => !isVerified),
    has: (hash) => held.has(hash),
    highest() {
      let highest: bigint | undefined
      for (const { message, isVerified } of held.values()) {
        const { number } = message.block.header
        if (isVerified && (highest === undefined || number > highest)) highest = number
      }
      return highest
    },
    prune(safe) {
      takeOut(({ message }) => message.block.header.number <= safe)
    },
    get size() {
      return held.size
    },
  }
}

/** What nobody could check may be a forged copy: it stands for its source alone. */
function idOf({ message, source, isVerified }: Held): string {
  return isVerified ? message.block.hash : `${message.block.hash} ${source}`
}
