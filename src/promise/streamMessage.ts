/**
 * What a sequencer says while it builds: the block it began, the transactions added since (a "frag"), and what the whole came to.
 * Structures and roots are based-op's (preconf.md §5.1); the signature is our own: over a registry commitment of type 6 whose payload
 * is the root, so that it is good for one L1, one registry and one slasher. Signed statements, not slashable ones.
 */
import { type Address, bytesToHex, type Hash } from '../primitives/hex.ts'
import { type PromiseDomain, promiseHash, promiseObjectRoot } from './domain.ts'
import {
  booleanRoot,
  byteListRoot,
  bytesRoot,
  containerRoot,
  listRoot,
  uintRoot,
  unionRoot,
} from './sszRoot.ts'

/** All numbers but `difficulty` are below 2^64. */
export type Env = {
  readonly number: bigint
  readonly parentHash: Hash
  readonly beneficiary: Address
  /** Seconds. */
  readonly timestamp: bigint
  /** The anchor transaction's included. */
  readonly gasLimit: bigint
  /** Wei per gas. */
  readonly basefee: bigint
  readonly difficulty: bigint
  readonly prevrandao: Hash
  /** At most 256 bytes. */
  readonly extraData: Uint8Array
  /** L2 blocks have none: what an env has to say besides stands in its place (preconf/stream/env.ts). */
  readonly parentBeaconBlockRoot: Hash
}

export type Frag = {
  readonly blockNumber: bigint
  /** From 0 on, without gaps. */
  readonly seq: bigint
  /** Nothing follows but the seal. */
  readonly isLast: boolean
  /** In EIP-2718 form; the anchor transaction is in none. */
  readonly txs: readonly Uint8Array[]
}

export type Seal = {
  readonly totalFrags: bigint
  readonly blockNumber: bigint
  readonly gasUsed: bigint
  readonly gasLimit: bigint
  readonly parentHash: Hash
  readonly transactionsRoot: Hash
  readonly receiptsRoot: Hash
  readonly stateRoot: Hash
  readonly blockHash: Hash
}

export type StreamMessage =
  | { readonly type: 'frag'; readonly frag: Frag }
  | { readonly type: 'seal'; readonly seal: Seal }
  | { readonly type: 'env'; readonly env: Env }

/** Type of the registry commitment whose payload is a message's root. */
export const STREAM_MESSAGE_TYPE = 6n

/** Union selectors of based-op's VersionedMessage. */
const SELECTORS = { frag: 0, seal: 1, env: 2 } as const
/** Lists of at most 2^20 transactions of at most 2^30 bytes, 32 to a chunk; extra data of at most 256. */
const TRANSACTIONS_DEPTH = 20
const TRANSACTION_DEPTH = 25
const EXTRA_DATA_DEPTH = 3

/** hash_tree_root of the union. RangeError for what does not fit its field. */
export function streamMessageRoot(message: StreamMessage): Hash {
  return bytesToHex(unionRoot(bodyRoot(message), SELECTORS[message.type]))
}

/** What is signed. */
export function streamMessageHash(root: Hash, domain: PromiseDomain): Hash {
  return promiseHash(STREAM_MESSAGE_TYPE, root, domain)
}

/** What a Commit-Boost signer is asked to sign, with nonce 0. */
export function streamMessageObjectRoot(root: Hash, slasher: Address): Hash {
  return promiseObjectRoot(STREAM_MESSAGE_TYPE, root, slasher)
}

function bodyRoot(message: StreamMessage): Uint8Array {
  switch (message.type) {
    case 'env':
      return envRoot(message.env)
    case 'frag':
      return fragRoot(message.frag)
    case 'seal':
      return sealRoot(message.seal)
  }
}

function envRoot(env: Env): Uint8Array {
  return containerRoot([
    uintRoot(env.number, 64),
    bytesRoot(env.parentHash),
    bytesRoot(env.beneficiary),
    uintRoot(env.timestamp, 64),
    uintRoot(env.gasLimit, 64),
    uintRoot(env.basefee, 64),
    uintRoot(env.difficulty, 256),
    bytesRoot(env.prevrandao),
    byteListRoot(env.extraData, EXTRA_DATA_DEPTH),
    bytesRoot(env.parentBeaconBlockRoot),
  ])
}

function fragRoot(frag: Frag): Uint8Array {
  const transactions = frag.txs.map((raw) => byteListRoot(raw, TRANSACTION_DEPTH))
  return containerRoot([
    uintRoot(frag.blockNumber, 64),
    uintRoot(frag.seq, 64),
    booleanRoot(frag.isLast),
    listRoot(transactions, TRANSACTIONS_DEPTH),
  ])
}

function sealRoot(seal: Seal): Uint8Array {
  return containerRoot([
    uintRoot(seal.totalFrags, 64),
    uintRoot(seal.blockNumber, 64),
    uintRoot(seal.gasUsed, 64),
    uintRoot(seal.gasLimit, 64),
    bytesRoot(seal.parentHash),
    bytesRoot(seal.transactionsRoot),
    bytesRoot(seal.receiptsRoot),
    bytesRoot(seal.stateRoot),
    bytesRoot(seal.blockHash),
  ])
}
