/** What a node in a process of its own is told and tells. Numbers of blocks are plain numbers: nothing here runs for long. */
import type { Hash, Hex } from '../../../src/primitives/hex.ts'

export type NodeConfig = {
  readonly name: string
  /** Execution client, and beacon node unless that is elsewhere. */
  readonly l1Url: string
  readonly beaconUrl?: string
  /** Paths of rollup.json and the L2 genesis. */
  readonly specFile: string
  readonly genesisFile: string
  readonly dataDir: string
  readonly port: number
  /** Where the stream is read from, in order of preference. */
  readonly sources: readonly string[]
  readonly sequencer?: SequencerConfig
  /** Signatures and blobs in threads of their own, as a node has them; needs `npm run build`. */
  readonly hasThreads?: boolean
}

export type SequencerConfig = {
  /** Of the operator: signs promises and posts. */
  readonly key: Hex
  /** Longest window. */
  readonly windowSeconds: number
  readonly blockMs: number
  readonly fragMs: number
  readonly stopBeforeMs: number
  readonly batchMs: number
}

export type BlockRef = { readonly number: number; readonly hash: Hash }

export type NodeEvent =
  | { readonly type: 'ready'; readonly url: string }
  /** The chain changed; `atMs` since the Unix epoch. */
  | {
      readonly type: 'change'
      readonly atMs: number
      readonly removed: readonly BlockRef[]
      readonly added: readonly BlockRef[]
      readonly latest: BlockRef
      readonly safe: BlockRef
    }
  | {
      readonly type: 'log'
      readonly level: 'error' | 'warn' | 'info'
      readonly atMs: number
      readonly text: string
    }
  | { readonly type: 'failed'; readonly reason: string }

/** To the node: end in order. */
export const STOP = 'stop'
