/** What signers' words were worth, counted from the book. */
import type { Address } from '../../primitives/hex.ts'
import type { Outcome } from './promise.ts'

export type SignerScore = {
  readonly signer: Address
  readonly isOurs: boolean
  /** By commitment type, then by outcome. */
  readonly counts: ReadonlyMap<number, Readonly<Record<Outcome, number>>>
  /** Kept of those that are kept or broken; absent before the first. */
  readonly shareKept?: number
  /** From request to signature, of the latest promises; absent where none was asked for. Milliseconds. */
  readonly latency?: { readonly p50: number; readonly p99: number; readonly samples: number }
  /** Windows in which it promised anything, and those of them in which a promise was broken. */
  readonly windows: { readonly promised: number; readonly broken: number }
}
