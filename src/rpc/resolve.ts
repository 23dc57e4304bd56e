/** From a block parameter to a block of the canonical chain and its state. */
import { setImmediate } from 'node:timers/promises'
import type { ChainReader, Heads, StoredBlock } from '../chain/chain.ts'
import { StaleStateError } from '../engine/state/flatState.ts'
import { MissingStateError, type StateSource } from '../engine/state/source.ts'
import type { BlockHeader } from '../primitives/header.ts'
import type { Hash } from '../primitives/hex.ts'
import type { RpcDeps, StatePlace } from './deps.ts'
import { RpcError } from './errors.ts'
import type { BlockParameter } from './params.ts'
import { findPending, readPending } from './pending.ts'

export type ResolvedHeader = { readonly hash: Hash; readonly header: BlockHeader }

/**
 * Undefined when the chain has no such block. `pending` is `latest` here: who can answer for the block under way looks there first. Throws
 * the error for pruned history where the chain began later, with a snapshot.
 */
export async function resolveNumber(chain: ChainReader, block: BlockParameter): Promise<bigint | undefined> {
  if (block.type === 'hash') return chain.blockNumberOf(block.hash)
  const first = (await chain.firstBlock?.()) ?? 0n
  const number = numberOf(chain.heads(), first, block)
  if (number === undefined || number >= first) return number
  const message = `pruned history unavailable: this node began with a snapshot at block ${first}`
  throw new RpcError({ code: 'prunedHistory', message })
}

function numberOf(
  heads: Heads,
  first: bigint,
  block: Exclude<BlockParameter, { type: 'hash' }>,
): bigint | undefined {
  // Numbers past the head are foreign and may be of any size; the chain is only asked for what it can hold.
  if (block.type === 'number') return block.number <= heads.latest.number ? block.number : undefined
  switch (block.tag) {
    case 'earliest':
      return first
    case 'safe':
      return heads.safe.number
    case 'finalized':
      return heads.finalized.number
    default:
      return heads.latest.number
  }
}

export function findBlock(chain: ChainReader, block: BlockParameter): Promise<StoredBlock | undefined> {
  return findNamed(chain, block, (number) => chain.blockByNumber(number))
}

/** Throws the answer to who names a block that is not there. */
export async function findHeader(chain: ChainReader, block: BlockParameter): Promise<ResolvedHeader> {
  const found = await findNamed(chain, block, (number) => chain.headerByNumber(number))
  if (found === undefined) throw new RpcError({ code: 'invalidInput', message: 'block not found' })
  return found
}

/** Attempts to read about one block while reorgs replace it. */
const READ_ATTEMPTS = 3

/**
 * What a parameter names is found in two reads, and a reorg may come between them. A tag always names a block: where that has gone, it
 * names another by now (at the latest when the commit that took it away is settled). A hash names none, once another has its place.
 */
async function findNamed<T extends { readonly hash: Hash }>(
  chain: ChainReader,
  block: BlockParameter,
  read: (number: bigint) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (let attempt = 1; ; attempt++) {
    const number = await resolveNumber(chain, block)
    const found = number === undefined ? undefined : await read(number)
    if (block.type === 'hash') return found?.hash === block.hash ? found : undefined
    if (found !== undefined || block.type === 'number' || attempt === READ_ATTEMPTS) return found
    await setImmediate()
  }
}

/**
 * What `read` finds about a block of the chain. State is kept by block number, so what was read while a reorg replaced the
 * block may be of another: it is thrown away and read again.
 */
export async function readCurrent<T>(
  chain: ChainReader,
  block: BlockParameter,
  read: (at: ResolvedHeader) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt++) {
    const at = await findHeader(chain, block)
    const outcome = await settle(read(at))
    const isStale = outcome.type === 'failed' && outcome.error instanceof StaleStateError
    const isCurrent = (await chain.headerByNumber(at.header.number))?.hash === at.hash
    if (isStale || !isCurrent) continue
    if (outcome.type === 'failed') throw outcome.error
    return outcome.value
  }
  throw beingReorganised()
}

/** A block's header, and where others find the state after it. */
export type ReadPlace = { readonly header: BlockHeader; readonly place: StatePlace }

/** What `read` finds in the state after a block, or so far in the one under way. */
export async function readState<T>(
  deps: Pick<RpcDeps, 'chain' | 'state' | 'pending'>,
  block: BlockParameter,
  read: (state: StateSource, at: ReadPlace) => Promise<T>,
): Promise<T> {
  const pending = findPending(deps.pending, block)
  const early =
    pending && (await unlessStale(readPending(pending).then(({ state, ...at }) => read(state, at))))
  if (early?.type === 'done') return early.value
  return readCurrent(deps.chain, block, async (at) => {
    const state = await deps.state.at(at.header.number).catch((error) => {
      throw unavailable(error, at)
    })
    return read(state, placeOf(at))
  })
}

/**
 * As `readState`, for a job of the caller, which finds the state by itself, and by the hash whether the block is still there: nothing is
 * read here but the header.
 */
export async function runAt<T>(
  deps: Pick<RpcDeps, 'chain' | 'pending'>,
  block: BlockParameter,
  run: (at: ReadPlace) => Promise<T>,
): Promise<T> {
  const pending = findPending(deps.pending, block)
  const early = pending && (await unlessStale(readPending(pending).then(run)))
  if (early?.type === 'done') return early.value
  for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt++) {
    const at = await findHeader(deps.chain, block)
    const outcome = await unlessStale(run(placeOf(at))).catch((error) => {
      throw unavailable(error, at)
    })
    if (outcome.type === 'done') return outcome.value
  }
  throw beingReorganised()
}

function placeOf({ header, hash }: ResolvedHeader): ReadPlace {
  return { header, place: { number: header.number, hash } }
}

/** Stale: the chain moved on, and a block under way with it; what was asked for is to be looked up anew. */
async function unlessStale<T>(
  work: Promise<T>,
): Promise<{ readonly type: 'done'; readonly value: T } | { readonly type: 'stale' }> {
  try {
    return { type: 'done', value: await work }
  } catch (error) {
    if (error instanceof StaleStateError) return { type: 'stale' }
    throw error
  }
}

function beingReorganised(): RpcError {
  return new RpcError({
    code: 'resourceUnavailable',
    message: 'the chain is being reorganised; ask again',
  })
}

/** A state or proof older than what is kept is the asker's bad luck, not damage. */
export function unavailable(error: unknown, at: ResolvedHeader, what: 'state' | 'proof' = 'state'): unknown {
  if (!(error instanceof MissingStateError)) return error
  const message = `the ${what} of block ${at.header.number} is not kept on this node`
  return new RpcError({ code: 'resourceUnavailable', message })
}

type Outcome<T> =
  | { readonly type: 'done'; readonly value: T }
  | { readonly type: 'failed'; readonly error: unknown }

function settle<T>(work: Promise<T>): Promise<Outcome<T>> {
  return work.then(
    (value) => ({ type: 'done', value }) as const,
    (error: unknown) => ({ type: 'failed', error }) as const,
  )
}
