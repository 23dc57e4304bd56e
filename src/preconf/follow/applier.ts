/**
 * The one place where a block that was kept or received becomes part of the chain: opened on the latest block, filled, sealed, and
 * extended by only if its hash is the one that was signed. At a start, and whenever L1 takes unlanded blocks away, the journal's
 * are put back; a draft of ours is signed first, by the guard, which gives the same answer for the same content.
 */
import type { BlockRef, ChainReader } from '../../chain/chain.ts'
import type { OpenedBlock, UnsafeBuilder, UnsafeChain } from '../../derive/unsafe.ts'
import { ZK_GAS_RULE } from '../../engine/blockRun.ts'
import type { Engine } from '../../engine/engine.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { SealedBlock, SealSigner } from '../../propose/sequencer/events.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Hub } from '../stream/hub.ts'
import { type KeptBlock, messageOf, type StreamJournal } from '../stream/journal.ts'
import type { SealedMessage } from '../stream/message.ts'
import type { Publisher } from '../stream/publisher.ts'

export type ApplyResult =
  | { readonly type: 'applied' }
  /** Another block is the latest by now. */
  | { readonly type: 'otherParent' }
  /** It is not what it says it is, on the L1 that we see. */
  | { readonly type: 'failed'; readonly reason: string }
  /** Something is missing here that will come. */
  | { readonly type: 'later'; readonly reason: string }

/** A block that has been opened already, and how many of its listed transactions are in. */
export type Begun = { readonly opened: OpenedBlock; readonly added: number }

export type Applier = {
  /** A received block that is checked and fits the latest. Keeps it before it extends the chain. */
  apply(message: SealedMessage, begun?: Begun): Promise<ApplyResult>
  /** Puts back what the journal has for the latest block, and on. */
  settle(): Promise<void>
  /**
   * Our sequencer gives up an unsafe block, which cannot land, and what is built on it: they are not put back while L1 stays as it is.
   * To be called before they are dropped.
   */
  forgo(block: BlockRef): Promise<void>
  /** False from a start or a reorg on until what was kept is back. */
  isSettled(): boolean
  /** Waits for what is under way, and begins nothing more. */
  close(): Promise<void>
}

/** A block that failed is tried again after this long: what it needs of L1 may have changed. Milliseconds. */
const FAILED_PAUSE_MS = 12_000
/** How soon a wait for L1 is over. Milliseconds. */
const RETRY_MS = 500
const FAILED_MAX = 256

export type ApplierDeps = {
  readonly chain: Pick<ChainReader, 'heads' | 'onChange' | 'blockNumberOf' | 'hashes'>
  readonly builder: UnsafeBuilder
  readonly engine: Pick<Engine, 'recoverSenders'>
  readonly unsafe: Pick<UnsafeChain, 'extend'>
  readonly journal: StreamJournal
  readonly hub: Pick<Hub, 'publish'>
  /** Whether L1 is derived to its head: before, nothing is known about what has landed. */
  readonly isDerived: () => boolean
  /** Absent on a node that signs nothing. */
  readonly own?: { readonly sign: SealSigner; readonly publisher: Pick<Publisher, 'publishBlock'> }
  /** Milliseconds before the end of a window at which a block of it can no longer be posted in time. */
  readonly landMs?: number
  readonly now: () => number
  readonly logger: Logger
}

export function createApplier(deps: ApplierDeps): Applier {
  const { chain, builder, engine, unsafe, journal, hub, own, now, logger } = deps
  const failed = new Map<Hash, number>()
  const forgone = new Set<Hash>()
  let lastSafe = chain.heads().safe.number
  let settled = false
  let isClosed = false
  let hasPublished = false
  let retry: NodeJS.Timeout | undefined
  let tail: Promise<unknown> = Promise.resolve()
  let settling: Promise<void> | undefined

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work)
    tail = result.catch(() => {})
    return result
  }

  /** The block as executed here, if it is what it says it is. */
  async function execute(
    block: Pick<SealedBlock, 'metadata' | 'transactions' | 'hash' | 'header'>,
    begun: Begun | undefined,
    keep: () => Promise<void>,
  ): Promise<ApplyResult> {
    const { parentHash } = block.header
    if (chain.heads().latest.hash !== parentHash) return { type: 'otherParent' }
    let opened: OpenedBlock
    if (begun?.opened.parent.hash === parentHash) opened = begun.opened
    else {
      const answer = await builder.open(block.metadata)
      if (answer.type === 'refused') return { type: 'failed', reason: answer.reason }
      if (answer.parent.hash !== parentHash) return { type: 'otherParent' }
      opened = answer
    }
    const left = block.transactions.slice(opened === begun?.opened ? begun.added : 0)
    if (left.length > 0) await engine.recoverSenders(left)
    for (const raw of left) {
      const added = await opened.block.add(raw)
      // What is counted may be counted wrongly here. Throws where it is.
      if (added.type === 'refused' && added.rule === ZK_GAS_RULE) await opened.block.review(raw)
      if (added.type === 'refused')
        return { type: 'failed', reason: `a transaction cannot be executed: ${added.reason} (${added.rule})` }
    }
    const executed = await opened.block.seal()
    if (executed.hash !== block.hash) {
      await opened.block.review()
      return {
        type: 'failed',
        reason: `executed here it is ${executed.hash} by both interpreters, not ${block.hash}`,
      }
    }
    await keep()
    const result = await unsafe.extend({ executed, origin: opened.origin })
    return result === 'extended' ? { type: 'applied' } : { type: 'otherParent' }
  }

  async function tryExecute(
    block: Parameters<typeof execute>[0],
    begun: Begun | undefined,
    keep: () => Promise<void>,
  ): Promise<ApplyResult> {
    try {
      const result = await execute(block, begun, keep)
      if (result.type === 'failed') noteFailure(block.hash, block.header.number, result.reason)
      return result
    } catch (error) {
      // The state moved on underneath, or an L1 block is not known yet: both are temporary.
      if (!(error instanceof TemporaryError)) throw error
      return { type: 'later', reason: error.message }
    }
  }

  function noteFailure(hash: Hash, number: bigint, reason: string): void {
    logger.warn({ number, hash, reason }, 'a preconfirmed block is not what it says it is')
    failed.set(hash, now())
    const [oldest] = failed.keys()
    if (failed.size > FAILED_MAX && oldest !== undefined) failed.delete(oldest)
  }

  const hasFailed = (hash: Hash): boolean => {
    const at = failed.get(hash)
    return at !== undefined && now() < at + FAILED_PAUSE_MS
  }

  /** One block onto the latest, if the journal has one that fits. */
  async function putBackOne(): Promise<ApplyResult | undefined> {
    const candidates = await journal.blocksOn(chain.heads().latest.hash)
    for (const kept of candidates) {
      const { hash } = kept.block
      if (journal.isInHand(hash) || forgone.has(hash) || hasFailed(hash)) continue
      const signed = await signDraft(kept)
      if (signed === undefined) continue
      const result = await tryExecute(signed.block, undefined, async () => {})
      if (result.type === 'failed') continue
      if (result.type === 'applied') await publish(signed)
      return result
    }
    return undefined
  }

  async function signDraft(
    kept: KeptBlock,
  ): Promise<(KeptBlock & { readonly signature: `0x${string}` }) | undefined> {
    const { block, signature } = kept
    if (signature !== undefined) return { ...kept, signature }
    if (own === undefined) return undefined
    const giveUp = async (reason: string) => {
      logger.warn({ number: block.header.number, reason }, 'a block kept before a stop will not be signed')
      await journal.forgetDraft(block.hash)
      return undefined
    }
    // Nobody has its signature, and from now on it would be a promise that cannot be kept.
    if (now() >= Number(block.commitment.windowEnd) * 1000 - (deps.landMs ?? 0))
      return giveUp('too little is left of its window to land it')
    const answer = await own.sign(block.commitment)
    if (answer.type === 'refused') return giveUp(answer.reason)
    await journal.sealed({ ...block, signature: answer.signature })
    return { ...kept, signature: answer.signature }
  }

  async function publish(kept: KeptBlock & { readonly signature: `0x${string}` }): Promise<void> {
    const message = messageOf(kept)
    if (message !== undefined) hub.publish(message)
    else if (kept.isOwn && own !== undefined) await own.publisher.publishBlock(kept)
  }

  /** Blocks of ours that the chain had when the node stopped, and perhaps nobody else. */
  async function publishOwn(): Promise<void> {
    const { safe, latest } = chain.heads()
    for (const kept of await journal.blocksBetween(safe.number + 1n, latest.number)) {
      const { signature } = kept
      const isCanonical = (await chain.blockNumberOf(kept.block.hash)) !== undefined
      if (signature !== undefined && isCanonical) await publish({ ...kept, signature })
    }
    hasPublished = true
  }

  async function putBack(): Promise<void> {
    if (!deps.isDerived()) return askAgain()
    if (!hasPublished) await inTurn(publishOwn)
    let count = 0
    for (;;) {
      if (isClosed) return
      const result = await inTurn(putBackOne)
      if (result === undefined) break
      if (result.type === 'later') return askAgain()
      if (result.type === 'applied') count++
    }
    settled = true
    if (count > 0) logger.info({ blocks: count }, 'put preconfirmed blocks back')
  }

  function askAgain(): void {
    if (isClosed) return
    retry ??= setTimeout(() => {
      retry = undefined
      settle().catch(() => {})
    }, RETRY_MS)
    retry.unref()
  }

  /** Once more after the one under way, if it was asked for meanwhile. */
  function settle(): Promise<void> {
    if (isClosed) return Promise.resolve()
    const before = settling ?? Promise.resolve()
    const next = before.then(putBack).catch((error) => {
      logger.error({ error }, 'preconfirmed blocks could not be put back')
      askAgain()
    })
    settling = next
    return next
  }

  const stop = chain.onChange(({ removed, heads }) => {
    // What L1 had brought is gone: perhaps what could not land before now can.
    if (heads.safe.number < lastSafe) forgone.clear()
    lastSafe = heads.safe.number
    if (removed.length === 0) return
    settled = false
    settle().catch(() => {})
  })

  return {
    apply: (message, begun) =>
      inTurn(async () => {
        if (isClosed) return { type: 'later', reason: 'the node is stopping' }
        const { hash } = message.block
        if (hasFailed(hash)) return { type: 'failed', reason: 'it failed before' }
        return tryExecute(message.block, begun, () => journal.keep(message))
      }),
    settle,
    async forgo(block) {
      const { safe, latest } = chain.heads()
      if (block.number <= safe.number) return
      const blocks = await chain.hashes(block.number, latest.number)
      if (blocks[0]?.hash === block.hash) for (const { hash } of blocks) forgone.add(hash)
    },
    isSettled: () => settled,
    async close() {
      isClosed = true
      stop()
      clearTimeout(retry)
      await settling
      await tail
    },
  }
}
