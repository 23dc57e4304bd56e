/**
 * What L1 says of a snapshot's block. That its proposal is the last of the L1 block where derivation goes on, by that block's logs; that the
 * block is proven, by the storage of the contract that proofs write to. Both against headers that were hashed here.
 */
import type { StoredProposal } from '../chain/chain.ts'
import type { L1, L1Event, L1Header } from '../l1/l1.ts'
import type { L1Reads } from '../l1/reads.ts'
import { defined } from '../primitives/assert.ts'
import { retryTemporary } from '../primitives/async.ts'
import { bigintToBytes, bigintToFixedBytes, concatBytes } from '../primitives/bytes.ts'
import { TemporaryError } from '../primitives/errors.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import type { BlobSlice, L1BlockRef, Proposal } from '../protocol/protocol.ts'
import { decodeProposal } from '../protocol/protocols.ts'
import { windowEndOf } from '../protocol/shasta/proposals.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { SnapshotBlock } from './block.ts'
import { SnapshotError } from './errors.ts'
import type { Manifest } from './manifest.ts'

export type ConfirmingL1 = Pick<L1, 'ancestor' | 'follow' | 'newest'> & {
  readonly reads: Pick<L1Reads, 'storage'>
}

export type ConfirmDeps = {
  readonly l1: ConfirmingL1
  readonly spec: RollupSpec
  readonly signal?: AbortSignal
}

/** Of our own checkpoint store (contracts/src/shared/CheckpointStore.sol), which the inbox creates first of all. */
const OWN_RECORDS_SLOT = 1n
/** Questions about a block that a provider may not have yet, before its absence counts. */
const ATTEMPTS_MAX = 5
const RETRY = { delayMs: 250, delayMaxMs: 2_000 }

/** Throws a SnapshotError unless the record of this L2 block on L1, as of its newest block, has this hash and root. Answers the L1 block asked. */
export async function confirmProven(
  deps: ConfirmDeps,
  { block }: Pick<Manifest, 'block'>,
  timestamp: bigint,
): Promise<L1Header> {
  const { l1, spec, signal } = deps
  // A record does not say when it was made: of a block from before the end of such a time it may be a false proof's.
  const doubted = spec.l1.distrustedProofs?.find(
    ({ untilTimestamp }) => untilTimestamp === undefined || timestamp < untilTimestamp,
  )
  if (doubted !== undefined)
    throw new SnapshotError(
      'notProven',
      `proofs from L1 block ${doubted.fromBlock} on are held for false for a time, and block ${block.number} may be proven by one of them; ` +
        'take a later snapshot, or vouch for its block yourself with --sync.trust-snapshot',
    )
  const { store, slot } = spec.l1.checkpoints ?? { store: createdBy(spec.l1.inbox), slot: OWN_RECORDS_SLOT }
  const record = recordSlot(BigInt(block.number), slot)
  const [at, words] = await insist(async () => {
    const newest = await l1.newest(signal)
    const header = await l1.ancestor(newest, newest.number, signal)
    const found = await l1.reads.storage(header, store, [record, nextSlot(record)], signal)
    if (found === null)
      throw new TemporaryError(`no L1 provider proves the storage of ${store} after block ${header.number}`)
    return [header, found] as const
  }, signal)
  const [hash, stateRoot] = words
  if (hash !== block.hash || stateRoot !== block.stateRoot)
    throw new SnapshotError(
      'notProven',
      `L1 block ${at.number} holds ${describe(hash)} for the proven L2 block ${block.number}, the snapshot has ${block.hash}; ` +
        'take one at a proven block, or vouch for its block yourself with --sync.trust-snapshot',
    )
  return at
}

/** Throws a SnapshotError unless the L1 block is where the proposal stands, as it is said, and no other behind it. */
export async function confirmPlace(
  deps: ConfirmDeps,
  { l1: place }: Pick<Manifest, 'l1'>,
  said: Pick<SnapshotBlock, 'proposal' | 'origin'>,
): Promise<void> {
  const { l1, signal } = deps
  const { proposal, origin } = said
  const cursor = { number: BigInt(place.number), hash: place.hash }
  const refuse = (why: string) =>
    new SnapshotError('proposalDiffers', `L1 block ${cursor.number} (${cursor.hash}) ${why}`)
  if (cursor.number === 0n) throw refuse('can hold no proposal')
  const event = await insist(async () => {
    const { number, hash } = await l1.ancestor(cursor, cursor.number - 1n, signal)
    return nextBlock(deps, { number, hash })
  }, signal)
  if (event.type !== 'block' || event.block.hash !== cursor.hash)
    throw refuse('is not on the chain the providers serve')
  const last = event.logs
    .map((log) => decodeProposal({ spec: deps.spec, log, l1Block: event.block }))
    .filter((found) => found !== null)
    .at(-1)
  if (last === undefined || !isSame(last, proposal))
    throw refuse(`does not end in proposal ${proposal.id} as the snapshot describes it`)
  const anchor = await insist(
    () => l1.ancestor(origin.anchorBlock, origin.anchorBlock.number, signal),
    signal,
  )
  if (!isSameBlock(anchor, origin.anchorBlock))
    throw refuse(`is not what block ${origin.anchorBlock.number} is said to be`)
}

async function nextBlock(
  { l1, signal }: ConfirmDeps,
  before: { readonly number: bigint; readonly hash: Hash },
): Promise<L1Event> {
  const ending = new AbortController()
  const both = signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal])
  try {
    for await (const event of l1.follow({
      cursor: before,
      knownAncestors: async () => [before],
      signal: both,
    }))
      if (event.type === 'block' || event.type === 'reorg') return event
    signal?.throwIfAborted()
    throw new TemporaryError(`L1 ends before block ${before.number + 1n}`)
  } finally {
    ending.abort()
  }
}

function isSame(event: Proposal, said: StoredProposal): boolean {
  const { l1 } = event
  return (
    event.hash === said.hash &&
    event.id === said.id &&
    event.fork === said.fork &&
    event.proposer === said.proposer &&
    event.timestamp === said.timestamp &&
    windowEndOf(event) === said.windowEnd &&
    l1.blockNumber === said.l1.blockNumber &&
    l1.blockHash === said.l1.blockHash &&
    l1.transactionHash === said.l1.transactionHash &&
    l1.logIndex === said.l1.logIndex &&
    event.sources.length === said.sources.length &&
    event.sources.every(({ isForcedInclusion, blobSlice }, index) =>
      isSameSource(isForcedInclusion, blobSlice, defined(said.sources[index], 'a source')),
    )
  )
}

function isSameSource(
  isForcedInclusion: boolean,
  slice: BlobSlice,
  said: StoredProposal['sources'][number],
): boolean {
  return (
    isForcedInclusion === said.isForcedInclusion &&
    said.savedAt === (isForcedInclusion ? slice.timestamp : undefined) &&
    slice.offset === said.offset &&
    slice.size === said.size &&
    slice.blobHashes.join() === said.blobHashes.join()
  )
}

function isSameBlock(a: L1BlockRef, b: L1BlockRef): boolean {
  return (
    a.hash === b.hash &&
    a.number === b.number &&
    a.parentHash === b.parentHash &&
    a.timestamp === b.timestamp &&
    a.stateRoot === b.stateRoot
  )
}

/** The address of the first contract that a contract creates: keccak256(rlp([address, 1])). EIP-161: nonces of contracts begin at 1. */
function createdBy(creator: Address): Address {
  return bytesToHex(keccak256(encodeRlp([hexToBytes(creator), bigintToBytes(1n)])).slice(12))
}

/** Where Solidity puts the value of a mapping: keccak256(key ‖ slot). */
export function recordSlot(number: bigint, slot: bigint): Hash {
  return bytesToHex(keccak256(concatBytes(bigintToFixedBytes(number, 32), bigintToFixedBytes(slot, 32))))
}

export function nextSlot(slot: Hash): Hash {
  return bytesToHex(bigintToFixedBytes((BigInt(slot) + 1n) % 2n ** 256n, 32))
}

function describe(word: Hash | undefined): string {
  return word === undefined || BigInt(word) === 0n ? 'nothing' : word
}

/** A block nobody has may be one that nobody made. */
async function insist<T>(attempt: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let attempts = 0
  let failure: TemporaryError | undefined
  const result = await retryTemporary(
    async () => {
      try {
        return { value: await attempt() }
      } catch (error) {
        if (!(error instanceof TemporaryError) || ++attempts < ATTEMPTS_MAX) throw error
        failure = error
        return undefined
      }
    },
    { ...RETRY, ...(signal && { signal }) },
  )
  if (result === undefined) throw defined(failure, 'the failure')
  return result.value
}
