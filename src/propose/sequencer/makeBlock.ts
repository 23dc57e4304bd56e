/** One block from its opening to its signature: filled until its time is up, kept as it grows, and told about at every step. */
import type { ChainReader, UnsafeOrigin } from '../../chain/chain.ts'
import type { LatestBlock, NextLatest, UnsafeBuilder } from '../../derive/unsafe.ts'
import type { Engine } from '../../engine/engine.ts'
import { StaleStateError } from '../../engine/state/flatState.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { PAYLOAD_BYTES_PER_BLOB } from '../../protocol/blobCodec.ts'
import type { PooledTransaction } from '../pool/transaction.ts'
import type { TxPool } from '../txPool.ts'
import { type Bound, type Building, createBuilding } from './building.ts'
import type { BuildEvent, BuildJournal, ResumableBlock, SealedBlock } from './events.ts'
import { type Group, toManifestBlock } from './groups.ts'
import type { NextBlock } from './nextBlock.ts'
import { createPayloadMeter, type PayloadMeter } from './payload.ts'
import { type SealDeps, type SealResult, sealBlock, type UnsignedBlock } from './seal.ts'
import type { ShowBuilding } from './shown.ts'

export type MakeDeps = SealDeps & {
  readonly engine: Pick<Engine, 'recoverSenders'>
  readonly chain: ChainReader
  readonly pool: Pick<TxPool, 'pendingByPrice' | 'remove'>
  readonly builder: UnsafeBuilder
  readonly journal: BuildJournal
  readonly listed: (windowEnd: bigint) => readonly Uint8Array[]
  readonly emit: (event: BuildEvent) => void
  /** The block under way, for whoever asks for it. */
  readonly show: ShowBuilding
}

export type MakeOptions = { readonly fragMs: number; readonly blobsMax: number }

export type MakeResult =
  | { readonly type: 'sealed'; readonly block: SealedBlock; readonly isBatchFull: boolean }
  /** `isRefused`: by derivation or the guard; the same again would be, too. */
  | Extract<SealResult, { type: 'abandoned' }>

/** A block with its anchor transaction. */
export type BegunBlock = {
  readonly type: 'begun'
  readonly next: NextBlock
  readonly latest: LatestBlock
  readonly building: Building
  readonly origin: UnsafeOrigin
  /** A forced block has none. */
  readonly meter: PayloadMeter | undefined
  /** When that it is begun is on the disk already, or on its way there. */
  readonly keeping?: Promise<void>
}

/** Neither throws. */
export type BlockWatch = {
  /** Called every frag. */
  readonly onFrag: () => void
  /** It is complete, and not signed yet. */
  readonly onExecuted: (block: UnsignedBlock) => void
  /** It is signed, and not the latest yet. `kept`: that is on the disk. */
  readonly onSigned: (kept: Promise<void>) => void
}

export type BlockMaker = {
  /** On the latest block. */
  begin(
    next: NextBlock,
    on: { readonly latest: LatestBlock; readonly joined: Group | undefined },
  ): Promise<BegunBlock | Extract<MakeResult, { type: 'abandoned' }>>
  /**
   * A block of ours on one that is to be the latest. Transactions can be asked for at once; they are answered when `parentIsBound`
   * says so, and nothing else is told of the block before it is made. Undefined when there can be none.
   */
  beginAhead(
    next: NextBlock,
    on: {
      readonly latest: NextLatest
      readonly joined: Group | undefined
      readonly parent: UnsignedBlock
      readonly parentIsBound: Promise<Bound | false>
    },
  ): Promise<BegunBlock | undefined>
  /** It will not be made, and some of its transactions may have been promised: a later block takes them. */
  forsake(begun: BegunBlock): void
  /** Fills it and seals it. */
  make(begun: BegunBlock, watch: BlockWatch, signal: AbortSignal): Promise<MakeResult>
  /** Whether the blobs of the batch that ends in the latest block are full. */
  isFull(group: Group, latest: LatestBlock): Promise<boolean>
  /** What was kept of a block on this parent no longer goes in. */
  isUnresumable(parentHash: Hash): boolean
}

/** Nobody refused it. */
const COURSE_OF_THINGS = { isRefused: false, needsLanding: false }

/** Pool transactions whose senders are recovered at a time, in other threads. */
const CANDIDATES_CHUNK = 128

export function createBlockMaker(deps: MakeDeps, options: MakeOptions): BlockMaker {
  const { chain, builder, journal, pool, engine, logger, now, emit, show } = deps
  /** Of the batch whose last block it names. */
  let metered: { readonly lastHash: Hash; readonly meter: PayloadMeter } | undefined
  /** Transactions of blocks that did not come to be: they may have been promised. */
  const carried = new Map<Hash, Uint8Array>()
  const unresumable = new Set<Hash>()

  const forget = (hash: Hash, reason: string): void => {
    logger.warn({ hash, reason }, 'a transaction is dropped from the pool: no block can take it')
    pool
      .remove([hash])
      .catch((error) => logger.error({ error }, 'a transaction could not be dropped from the pool'))
  }

  const hasMoved = (parentHash: Hash) => chain.heads().latest.hash !== parentHash

  /** Of the batch that ends in the latest block, or of the next one. */
  const meterOf = async (group: Group | undefined, latest: LatestBlock): Promise<PayloadMeter> => {
    if (group !== undefined && metered?.lastHash === latest.parent.hash) return metered.meter
    const blocks = []
    for (const { hash, origin } of group?.blocks ?? []) {
      if (origin.isForcedInclusion) continue
      const block = await chain.blockByHash(hash)
      if (block === undefined) throw new TemporaryError(`L2 block ${hash} was dropped`)
      blocks.push(toManifestBlock(block, origin))
    }
    return createPayloadMeter(options.blobsMax * PAYLOAD_BYTES_PER_BLOB, blocks)
  }

  const open = async (
    next: NextBlock,
    { latest, joined }: { readonly latest: LatestBlock; readonly joined: Group | undefined },
    ahead?: { readonly on: NextLatest; readonly parentIsBound: Promise<Bound | false> },
  ): ReturnType<BlockMaker['begin']> => {
    const { metadata, windowEnd, isEndOfWindow, forced } = next
    const opened = await builder.open(metadata, ahead?.on)
    if (opened.type === 'refused') {
      const reason = `derivation would refuse the next block: ${opened.reason}`
      return { type: 'abandoned', isRefused: true, needsLanding: false, reason }
    }
    if (opened.parent.hash !== latest.parent.hash)
      return { type: 'abandoned', isRefused: false, needsLanding: false, reason: 'the chain moved on' }
    const meter = forced === undefined ? await meterOf(joined, latest) : undefined
    meter?.begin(metadata)
    // A meter is good for one branch: it is kept when the block has come to be.
    metered = undefined
    const position = { number: opened.block.attributes.number, parentHash: latest.parent.hash }
    const building = createBuilding(
      { journal, meter, emit, forget },
      {
        ...{ block: opened.block, position, metadata, windowEnd, isEndOfWindow },
        ...(ahead && { parentIsBound: ahead.parentIsBound }),
      },
    )
    return { type: 'begun', next, latest, building, origin: opened.origin, meter }
  }

  const beginAhead: BlockMaker['beginAhead'] = async (next, { latest, joined, parent, parentIsBound }) => {
    const begun = await open(next, { latest, joined }, { on: latest, parentIsBound })
    if (begun.type === 'abandoned') return undefined
    const { building } = begun
    const keeping = building.keepOpened()
    // Whoever makes it is told.
    keeping.catch(() => {})
    const included = new Set(parent.executed.transactions.map(({ hash }) => hash))
    const first = [...carried.values(), ...deps.listed(building.windowEnd)]
    await building.addListed(first.filter((raw) => !included.has(keccak256Hex(raw))))
    return { ...begun, keeping }
  }

  const forsake: BlockMaker['forsake'] = ({ building }) => {
    for (const { hash, raw } of building.transactions()) carried.set(hash, raw)
    metered = undefined
  }

  /** Two blocks may have been lost, and there is room for one: what did not go in has its turn in the next, as long as some of it goes in. */
  const settleCarried = (building: Building): void => {
    let hasHope = building.hasTurnedAway()
    for (const { hash } of building.transactions()) hasHope = carried.delete(hash) || hasHope
    if (!hasHope) carried.clear()
  }

  const make: BlockMaker['make'] = async (begun, watch, signal) => {
    const { next, building, origin, meter } = begun
    const { metadata, signUntilMs, forced, resumed } = next
    const { block, position } = building
    const abandon = (reason: string, { isRefused, needsLanding } = COURSE_OF_THINGS): MakeResult => {
      forsake(begun)
      emit({ type: 'abandoned', ...position, reason })
      logger.warn({ block: position.number, reason }, 'a block under way is abandoned')
      return { type: 'abandoned', isRefused, needsLanding, reason }
    }
    try {
      if (resumed === undefined) await (begun.keeping ?? building.keepOpened())
      emit({ type: 'opened', ...position, metadata, pending: block })
      if (resumed !== undefined) await restore(building, resumed)
      if (forced !== undefined) await building.addListed(forced)
      else if (resumed?.isClosed !== true) await fillUntil(begun, watch, signal)
      show.close(building)
      await building.close()
      if (hasMoved(position.parentHash)) return abandon('the chain moved on')
      const noteExecuted = (unsigned: UnsignedBlock) => {
        if (meter !== undefined) metered = { lastHash: unsigned.executed.hash, meter }
        watch.onExecuted(unsigned)
      }
      const sealing = {
        ...{ origin, signUntilMs, isKept: forced === undefined },
        onExecuted: noteExecuted,
        onSigned(block: SealedBlock, kept: Promise<void>) {
          watch.onSigned(kept)
          emit({ type: 'signed', block, frags: building.frags(), kept })
        },
      }
      const sealed = await sealBlock(deps, building, sealing, signal)
      if (sealed.type === 'abandoned') return abandon(sealed.reason, sealed)
      if (forced === undefined) settleCarried(building)
      emit({ type: 'sealed', block: sealed.block, frags: building.frags() })
      return { type: 'sealed', block: sealed.block, isBatchFull: building.hasTurnedAway() }
    } catch (error) {
      // Stopped: what is kept of the block is gone on with after the next start.
      if (signal.aborted) throw error
      if (error instanceof StaleStateError) return abandon('the chain moved on')
      abandon(error instanceof Error ? error.message : String(error))
      throw error
    } finally {
      show.end(building)
    }
  }

  const restore = async (building: Building, { transactions, frags }: ResumableBlock): Promise<void> => {
    try {
      await building.restore(transactions, frags)
    } catch (error) {
      unresumable.add(building.position.parentHash)
      throw error
    }
  }

  const fillUntil = async (
    { building, latest, next }: BegunBlock,
    { onFrag }: BlockWatch,
    signal: AbortSignal,
  ): Promise<void> => {
    const { sealAtMs } = next
    const { baseFeePerGas } = latest
    const { parentHash } = building.position
    const isTimeUp = () => now() >= sealAtMs || hasMoved(parentHash)
    const listed = deps.listed(building.windowEnd)
    await building.addListed([...carried.values(), ...listed])
    show.open(building)
    for (;;) {
      const fragEndMs = now() + options.fragMs
      const isFragOver = () => isTimeUp() || now() >= fragEndMs
      for (const chunk of chunks(pool.pendingByPrice(baseFeePerGas), CANDIDATES_CHUNK)) {
        if (isFragOver() || building.isFull()) break
        await engine.recoverSenders(chunk.map(({ raw }) => raw))
        await building.fill(chunk, isFragOver)
      }
      if (isTimeUp()) break
      await building.publishFrag()
      onFrag()
      await deps.wait(Math.max(0, Math.min(fragEndMs, sealAtMs) - now()), signal)
    }
    // What a listed one needs before it may have come in the meantime.
    await building.addListed(listed)
  }

  return {
    begin: (next, on) => open(next, on),
    beginAhead,
    forsake,
    make,
    async isFull(group, latest) {
      const meter = await meterOf(group, latest)
      metered = { lastHash: latest.parent.hash, meter }
      return !meter.hasRoom()
    },
    isUnresumable: (parentHash) => unresumable.has(parentHash),
  }
}

function* chunks(items: Iterable<PooledTransaction>, size: number): Generator<readonly PooledTransaction[]> {
  let chunk: PooledTransaction[] = []
  for (const item of items) {
    chunk.push(item)
    if (chunk.length < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
