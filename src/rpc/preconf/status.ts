/** `based_getTransactionStatus`: every clock of a transaction, with when it was reached, or when it is expected to be and why. */
import type { ChainReader } from '../../chain/chain.ts'
import type { PromiseBook } from '../../preconf/promises/book.ts'
import type { FirstSeen } from '../../preconf/promises/firstSeen.ts'
import type { HeadMarks } from '../../preconf/promises/headMarks.ts'
import type { StoredPromise } from '../../preconf/promises/promise.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Json } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { hashParam } from '../params.ts'
import type { ReadPending } from '../pending.ts'
import type { TxPool } from '../pool.ts'
import { transactionStatus } from '../schemas/promises.ts'
import { expectBlock } from './nextBlocks.ts'
import { findTransaction, placeJson, type TransactionPlace } from './place.ts'

export type StatusRpcDeps = {
  readonly spec: Pick<RollupSpec, 'l1'>
  readonly chain: ChainReader
  readonly pool?: TxPool
  readonly pending?: ReadPending
  readonly book?: PromiseBook
  readonly firstSeen?: FirstSeen
  readonly marks?: HeadMarks
  readonly schedule?: Pick<Schedule, 'slotsPerEpoch'>
  /** Milliseconds from one L2 block to the next, while somebody sequences. */
  readonly blockMs: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

const CLOCKS = ['pooled', 'pending', 'preconfirmed', 'safe', 'finalized', 'executable'] as const
type ClockName = (typeof CLOCKS)[number]

/** Times in milliseconds since 1970; null where nobody can say. */
type Clock =
  | { readonly reached: true; readonly at: number | null; readonly expectedAt: null; readonly why: string }
  | { readonly reached: false; readonly at: null; readonly expectedAt: number | null; readonly why: string }

/** Of L1, where no schedule says otherwise. */
const SLOTS_PER_EPOCH = 32n
/** A block is final when the epoch after its own is, which is justified one epoch later and finalized by the next. */
const EPOCHS_TO_FINALITY = 3n

export function statusMethods(deps: StatusRpcDeps): Methods {
  return {
    based_getTransactionStatus: defineMethod({
      cost: COST.block,
      summary:
        'Every clock of a transaction: when it was reached, or when it is expected to be; null if it is unknown.',
      params: { transactionHash: hashParam },
      result: transactionStatus.nullable(),
      handle: ({ transactionHash }) => statusJson(deps, transactionHash),
    }),
  }
}

/** Null for a transaction that this node has never heard of. */
async function statusJson(deps: StatusRpcDeps, hash: Hash): Promise<Json | null> {
  const { pool, book, firstSeen } = deps
  const [place, promises] = await Promise.all([findTransaction(deps, hash), book?.byTransaction(hash) ?? []])
  const isPooled = pool?.get(hash) !== undefined
  if (place === undefined && !isPooled && promises.length === 0) return null
  const clocks = await readClocks(deps, { hash, place, isPooled, promises })
  const status = CLOCKS.findLast((name) => clocks[name].reached) ?? 'promised'
  return {
    transactionHash: hash,
    status,
    block: placeJson(place),
    seenAt: firstSeen?.pooledAt(hash) ?? promises[0]?.requestedAt ?? null,
    clocks,
  }
}

type Known = {
  readonly hash: Hash
  readonly place: TransactionPlace | undefined
  readonly isPooled: boolean
  readonly promises: readonly StoredPromise[]
}

async function readClocks(deps: StatusRpcDeps, known: Known): Promise<Readonly<Record<ClockName, Clock>>> {
  const safe = await safeClock(deps, known)
  const finalized = await finalizedClock(deps, known, safe)
  return {
    pooled: pooledClock(deps, known),
    pending: pendingClock(deps, known),
    preconfirmed: await preconfirmedClock(deps, known),
    safe,
    finalized,
    executable: await executableClock(deps, known),
  }
}

function pooledClock({ firstSeen }: StatusRpcDeps, { hash, isPooled, promises }: Known): Clock {
  const at = firstSeen?.pooledAt(hash) ?? null
  if (at !== null || isPooled) return reached(at, 'it came to the pool of this node')
  if (promises.length > 0)
    return reached(
      promises[0]?.requestedAt ?? null,
      'its inclusion was asked for; it went to the sequencer at once',
    )
  return reached(null, 'it reached the chain without passing this pool')
}

function pendingClock(deps: StatusRpcDeps, known: Known): Clock {
  const { hash, place, promises } = known
  const executed = promises.find(({ blockNumber }) => blockNumber !== undefined)
  const at = deps.firstSeen?.pendingAt(hash) ?? executed?.requestedAt ?? null
  if (place !== undefined) return reached(at, 'it was executed in a block')
  const next = expectBlock(deps, known, 1)
  return expected(next.at, next.why)
}

async function preconfirmedClock(deps: StatusRpcDeps, known: Known): Promise<Clock> {
  const { chain, book } = deps
  const { place } = known
  if (place === undefined) {
    const next = expectBlock(deps, known, 2)
    return expected(next.at, next.why)
  }
  if (place.type === 'pending') return expected(Number(place.timestamp) * 1000, 'when its block is sealed')
  const sealed = (await book?.byBlock(place.number))?.find(
    ({ parentHash }) => parentHash === place.header.parentHash,
  )
  if (sealed !== undefined) return reached(sealed.requestedAt, `its block was promised by ${sealed.signer}`)
  return place.number <= chain.heads().safe.number
    ? reached(null, 'nobody promised its block; L1 brought it')
    : reached(Number(place.header.timestamp) * 1000, 'its block is sealed')
}

async function safeClock({ chain, book }: StatusRpcDeps, { place, promises }: Known): Promise<Clock> {
  const landed = place && (await landingOf(chain, place))
  if (landed !== undefined)
    return reached(Number(landed.timestamp) * 1000, `in L1 block ${landed.l1.blockNumber}`)
  const block = place && (await book?.byBlock(place.number))?.at(-1)
  const windowEnd = block?.windowEnd ?? promises.at(-1)?.windowEnd
  if (windowEnd === undefined) return expected(null, 'nobody has promised when it lands on L1')
  return expected(Number(windowEnd) * 1000, 'the last slot of the window in which it was promised to land')
}

async function finalizedClock(deps: StatusRpcDeps, { place }: Known, safe: Clock): Promise<Clock> {
  if (place?.type === 'block' && place.number <= deps.chain.heads().finalized.number) {
    const mark = await deps.marks?.reached('finalized', place.number)
    return reached(mark?.at ?? null, 'the L1 block that brought it is final')
  }
  const from = safe.at ?? safe.expectedAt
  if (from === null) return expected(null, 'it has to land on L1 first')
  const { genesisTime, secondsPerSlot } = deps.spec.l1
  const secondsPerEpoch = (await readSlotsPerEpoch(deps)) * secondsPerSlot
  const epoch = (BigInt(Math.floor(from / 1000)) - genesisTime) / secondsPerEpoch
  const at = genesisTime + (epoch + EPOCHS_TO_FINALITY) * secondsPerEpoch
  return expected(
    Math.max(Number(at) * 1000, deps.now()),
    'while L1 finalizes each epoch: three epochs after the beginning of the one it lands in',
  )
}

async function readSlotsPerEpoch({ schedule }: StatusRpcDeps): Promise<bigint> {
  try {
    return (await schedule?.slotsPerEpoch()) ?? SLOTS_PER_EPOCH
  } catch (error) {
    // It could not be read from L1 so far, and the other clocks do not depend on it.
    if (error instanceof TemporaryError) return SLOTS_PER_EPOCH
    throw error
  }
}

/** Proofs come when somebody makes them: the last one's lag is all that can be said. */
async function executableClock({ chain, marks, now }: StatusRpcDeps, { place }: Known): Promise<Clock> {
  const { executable } = chain.heads()
  if (place?.type === 'block' && place.number <= executable.number) {
    const mark = await marks?.reached('executable', place.number)
    return reached(mark?.at ?? null, 'its state is proven on L1')
  }
  const last = await marks?.latest('executable')
  const proven = last && last.number > 0n ? (await chain.headerByNumber(last.number))?.header : undefined
  const timestamp = place?.type === 'block' ? place.header.timestamp : place?.timestamp
  if (last === undefined || proven === undefined || timestamp === undefined)
    return expected(null, 'when its state is proven on L1; this node has seen no proof to judge by')
  const lagMs = last.at - Number(proven.timestamp) * 1000
  return expected(
    Math.max(Number(timestamp) * 1000 + lagMs, now()),
    'if the next proof takes as long after its blocks as the last one did',
  )
}

async function landingOf(chain: ChainReader, place: TransactionPlace) {
  if (place.type === 'pending' || place.number > chain.heads().safe.number) return undefined
  const origin = await chain.origin(place.number)
  return origin && chain.proposal(origin.proposalId, place.number)
}

function reached(at: number | null, why: string): Clock {
  return { reached: true, at, expectedAt: null, why }
}

function expected(expectedAt: number | null, why: string): Clock {
  return { reached: false, at: null, expectedAt, why }
}
