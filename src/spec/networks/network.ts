/** A network that can be named on the command line: its chain, and what else its operators need to know of it. unzen.md §5. */
import type { Address } from '../../primitives/hex.ts'
import type { RollupSpec } from '../rollupSpec.ts'

export type Network = {
  readonly spec: RollupSpec
  /** On L1, by what they do; those that derivation needs are in `spec`. */
  readonly contracts: Readonly<Record<string, Address>>
  /** Peers of the stack's other clients. This node has none: it reads L1, and follows streams it is given. */
  readonly bootnodes: { readonly execution: readonly string[]; readonly preconfirmation: readonly string[] }
  /** Run by the network's operators. */
  readonly services: {
    readonly rpc: string
    readonly ws?: string
    readonly explorer: string
    readonly snapshots: string
  }
  /** Values of options, by flag, where neither flag, variable nor file has one. */
  readonly defaults: Readonly<Record<string, unknown>>
}

/** A block takes about 2.5 seconds. */
const BLOCKS_PER_DAY = 34_560

export const TAIKO_DEFAULTS = {
  // A withdrawal is proven at a checkpoint, and proofs may come hours after their blocks (provingWindow: 4).
  'state.proof-window': BLOCKS_PER_DAY,
} as const
