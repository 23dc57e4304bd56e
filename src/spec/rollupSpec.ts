/** A chain as data: addresses, forks and constants, each with its unit and source. No code asks for a chain by name. */
import type { Address, Hash } from '../primitives/hex.ts'
import { FORKS } from './forks.ts'

export type ForkName = keyof typeof FORKS

/** Oldest first. */
export const FORK_NAMES = Object.keys(FORKS) as readonly ForkName[]

/** Up to Pacaya forks begin at an L2 block number, from Shasta on at an L2 block timestamp (seconds). */
export type ForkActivation =
  | { readonly type: 'block'; readonly number: bigint }
  | { readonly type: 'timestamp'; readonly timestamp: bigint }

export type Fork = { readonly name: ForkName; readonly activation: ForkActivation }

export type RollupSpec = {
  readonly name: string
  readonly l1: {
    readonly chainId: bigint
    /** Emits `Proposed` and `Proved` (Shasta and later). */
    readonly inbox: Address
    /** Emits `BlockProposed` (before Ontake), `BlockProposedV2` (Ontake) and `BatchProposed` (Pacaya), on chains that had them. */
    readonly legacyInbox?: Address
    /**
     * Code that `inbox`, a proxy, has run or may run, whose rules this version has: an upgrade to any other stops derivation. Absent:
     * the inbox is no proxy.
     */
    readonly inboxImplementations?: readonly Address[]
    /** Times whose proofs are held for false: they are neither compared with what is derived, nor make it executable. */
    readonly distrustedProofs?: readonly DistrustedProofs[]
    /** Where deposits go in and withdrawals come out, on chains with our bridge. */
    readonly bridge?: Address
    /**
     * Where L1 keeps the L2 blocks it holds for proven: a contract, and the place in its storage of the mapping from number to block hash and
     * state root. Absent where the inbox has made its own (contracts/src/l1/Inbox.sol).
     */
    readonly checkpoints?: { readonly store: Address; readonly slot: bigint }
    /** First L1 block that can hold an event of ours. */
    readonly startBlock: bigint
    /** Timestamp of slot 0, in seconds; slot = (timestamp − genesisTime) / secondsPerSlot. */
    readonly genesisTime: bigint
    readonly secondsPerSlot: bigint
  }
  readonly l2: {
    readonly chainId: bigint
    /** Absent only for a captured input of an unknown chain, whose genesis nobody needs. */
    readonly genesis?: { readonly hash: Hash; readonly stateRoot: Hash }
    /** Predeploy that takes the anchor transaction; also the treasury that receives its share of base fees. */
    readonly anchor: Address
    /** Predeploy that is the other end of the L1 bridge. */
    readonly bridge?: Address
    /** Up to Ontake, the bound of a list in calldata holds for its inflated bytes here. docs/derivation.md D-39. */
    readonly boundsInflatedCalldata?: boolean
  }
  /** In order of activation. */
  readonly forks: readonly Fork[]
  readonly shasta: ShastaConstants
}

/** From an L1 block on, to before the L1 block with a timestamp (seconds) that took them back; absent: until further notice. */
export type DistrustedProofs = { readonly fromBlock: bigint; readonly untilTimestamp?: bigint }

/** Derivation constants that differ between chains. */
export type ShastaConstants = {
  /** A block's timestamp may lag its proposal's by at most this. Seconds. */
  readonly timestampMaxOffset: bigint
  /** A block's anchor may lag its proposal's origin by at most this. L1 blocks. */
  readonly anchorMaxOffset: bigint
  /** Wei per gas. */
  readonly baseFeeMin: bigint
}

/** The fork whose rules make the L2 block `number` with `timestamp`; undefined before the first fork we know. */
export function forkAt(spec: RollupSpec, block: { number: bigint; timestamp: bigint }): ForkName | undefined {
  let active: ForkName | undefined
  for (const fork of spec.forks) {
    const { activation } = fork
    const isActive =
      activation.type === 'block'
        ? block.number >= activation.number
        : block.timestamp >= activation.timestamp
    if (isActive) active = fork.name
  }
  return active
}

/** When a fork that begins at a timestamp does so, in seconds; undefined if it is not scheduled or begins at a block. */
export function forkTimestamp(spec: RollupSpec, name: ForkName): bigint | undefined {
  for (const fork of spec.forks) {
    if (fork.name === name && fork.activation.type === 'timestamp') return fork.activation.timestamp
  }
  return undefined
}

/** Whether proofs of an L1 block are held for false. */
export function isDistrusted(
  { l1 }: Pick<RollupSpec, 'l1'>,
  block: { readonly number: bigint; readonly timestamp: bigint },
): boolean {
  return (l1.distrustedProofs ?? []).some(
    ({ fromBlock, untilTimestamp }) =>
      block.number >= fromBlock && (untilTimestamp === undefined || block.timestamp < untilTimestamp),
  )
}

/** Whether a fork's proposals come from `inbox`, one after the other by id and hash, and are proven there. */
export function isOfInbox(fork: ForkName): boolean {
  return FORKS[fork].inbox === 'inbox'
}

/** The fork of a proposal of `inbox`, by its L1 timestamp in seconds. Its blocks may be of an earlier one (`forkAt`). */
export function inboxForkAt({ forks }: Pick<RollupSpec, 'forks'>, timestamp: bigint): ForkName {
  let active: ForkName = 'shasta'
  for (const { name, activation } of forks)
    if (isOfInbox(name) && activation.type === 'timestamp' && activation.timestamp <= timestamp) active = name
  return active
}
