/**
 * From a full block to the latest one: closed on disk, sealed, signed by the guard while its draft is written, kept, made the latest,
 * published. In this order, so that at every stop what was signed is known or made again, and nothing unsigned is part of the chain.
 * From its signature and draft on there can be no other block of ours in its place: what the next one holds may be signed, and told
 * once the signature is kept as well, so that after every stop somebody's block is signed again.
 */
import type { ChainReader, UnsafeOrigin } from '../../chain/chain.ts'
import type { UnsafeChain } from '../../derive/unsafe.ts'
import type { ExecutedBlock } from '../../engine/engine.ts'
import { CriticalError, TemporaryError } from '../../primitives/errors.ts'
import { ZERO_HASH } from '../../primitives/hex.ts'
import type { BlockCommitment } from '../../promise/blockCommitment.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Building } from './building.ts'
import type {
  BuildJournal,
  CommitmentOf,
  KnownCommitment,
  SealAnswer,
  SealedBlock,
  SealSigner,
} from './events.ts'

export type SealDeps = {
  readonly spec: Pick<RollupSpec, 'l2'>
  readonly chain: Pick<ChainReader, 'heads'>
  readonly unsafe: Pick<UnsafeChain, 'extend'>
  readonly journal: Pick<BuildJournal, 'draft' | 'sealed'>
  readonly sign: SealSigner
  readonly commitmentOf: CommitmentOf
  readonly logger: Logger
  readonly now: () => number
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
}

/** A block of ours that is complete, and promised by nobody so far. */
export type UnsignedBlock = {
  readonly executed: ExecutedBlock
  readonly origin: UnsafeOrigin
  readonly commitment: BlockCommitment
}

export type SealResult =
  | { readonly type: 'sealed'; readonly block: SealedBlock }
  /** `isRefused`: by the guard, not by the course of things. `needsLanding`: nothing else will be signed on this parent. */
  | {
      readonly type: 'abandoned'
      readonly isRefused: boolean
      readonly needsLanding: boolean
      readonly reason: string
    }

/** A signer or a disk that fails is asked again: another content for the same place would be refused for ever. */
const RETRY_MS = 500

export async function sealBlock(
  deps: SealDeps,
  building: Building,
  {
    origin,
    signUntilMs,
    isKept,
    onExecuted,
    onSigned,
  }: {
    readonly origin: UnsafeOrigin
    readonly signUntilMs: number
    /** After a stop it would be made again from what was kept of it; otherwise the draft comes before the signature. */
    readonly isKept: boolean
    /** Told while the disk and the guard have it; throws nothing. */
    readonly onExecuted: (block: UnsignedBlock) => void
    /** It is signed, its draft on the disk, and its parent still the latest. `kept`: so is its signature. Throws nothing. */
    readonly onSigned: (block: SealedBlock, kept: Promise<void>) => void
  },
  signal: AbortSignal,
): Promise<SealResult> {
  const { chain, unsafe, journal } = deps
  const abandoned = (reason: string): SealResult => ({
    ...{ type: 'abandoned', isRefused: false, needsLanding: false, reason },
  })
  const hasMoved = () => chain.heads().latest.hash !== building.position.parentHash
  // That it is complete goes to the disk while the roots are computed.
  const closed = building.keepClosed()
  // Both are waited for below.
  closed.catch(() => {})
  const reading = deps.commitmentOf(building.position.parentHash)
  reading.catch(() => {})
  const executed = await building.block.seal()
  const parentCommitment = await reading
  const commitment = commitTo(deps, building, { executed, origin, parentCommitment })
  if (hasMoved()) return abandoned('the chain moved on')
  const { hash, header } = executed
  const draft = {
    ...{ metadata: building.metadata, hash, header, commitment },
    transactions: building.transactions().map(({ raw }) => raw),
  }
  const drafted = closed.then(() => journal.draft(draft))
  // It is waited for below; a signature that fails first is what is told.
  drafted.catch(() => {})
  onExecuted({ executed, origin, commitment })
  await (isKept ? closed : drafted)
  const isOfUse = () => !hasMoved() && deps.now() < signUntilMs
  const answer = await signPatiently(deps, commitment, isOfUse, signal)
  await drafted
  if (answer === undefined) return abandoned('it was not signed in time')
  if (answer.type === 'refused') {
    const reason = `the guard refused to sign it: ${answer.reason}`
    return { type: 'abandoned', isRefused: true, needsLanding: answer.needsLanding, reason }
  }
  const block: SealedBlock = { ...draft, commitmentHash: answer.hash, signature: answer.signature }
  const kept = journal.sealed(block)
  // Whoever waits for it is told.
  kept.catch(() => {})
  if (!hasMoved()) onSigned(block, kept)
  // Before it is the latest: what is in the chain without its signature would not be published after a stop.
  await kept.catch((error) => persist(deps, () => journal.sealed(block), { error, hasMoved, signal }))
  const extend = () => unsafe.extend({ executed, origin })
  const extended = await extend().catch((error) => persist(deps, extend, { error, hasMoved, signal }))
  return extended === 'extended' ? { type: 'sealed', block } : abandoned('another block came first')
}

/** What a full disk, or one that is busy, keeps from being written: nothing else of ours can come in the place of a block that is signed. */
async function persist<T>(
  { logger, wait }: SealDeps,
  write: () => Promise<T>,
  failed: { readonly error: unknown; readonly hasMoved: () => boolean; readonly signal: AbortSignal },
): Promise<T> {
  let { error } = failed
  while (error instanceof TemporaryError && !failed.hasMoved()) {
    logger.error({ error }, 'a block that is signed cannot be written; trying again')
    await wait(RETRY_MS, failed.signal)
    try {
      return await write()
    } catch (again) {
      error = again
    }
  }
  throw error
}

function commitTo(
  { spec }: Pick<SealDeps, 'spec'>,
  { position, windowEnd, isEndOfWindow }: Building,
  on: Pick<UnsignedBlock, 'executed' | 'origin'> & { readonly parentCommitment: KnownCommitment | undefined },
): BlockCommitment {
  const { executed, origin, parentCommitment } = on
  return {
    l2ChainId: spec.l2.chainId,
    blockNumber: position.number,
    parentCommitmentHash: parentCommitment?.hash ?? ZERO_HASH,
    parentBlockHash: position.parentHash,
    transactionsRoot: executed.header.transactionsRoot,
    anchorBlockNumber: origin.anchorBlock.number,
    windowEnd,
    isEndOfWindow,
  }
}

/** Undefined once it is of no use any more. */
async function signPatiently(
  { sign, logger, wait }: SealDeps,
  commitment: BlockCommitment,
  isOfUse: () => boolean,
  signal: AbortSignal,
): Promise<SealAnswer | undefined> {
  while (isOfUse()) {
    try {
      return await sign(commitment)
    } catch (error) {
      if (error instanceof CriticalError) throw error
      const detail = error instanceof Error ? error.message : String(error)
      logger.warn({ block: commitment.blockNumber, detail }, 'a block is not signed yet; asking again')
      await wait(RETRY_MS, signal)
    }
  }
  return undefined
}
