/**
 * Proposals onto L1, each exactly once. A post is one nonce: written to the journal, sent, replaced at doubled fees while it
 * is stuck, replaced by newer content when it is outdated, and watched after it landed in case a reorg takes it away.
 *
 * It waits for nothing itself: the proposer calls `poll` at each L1 block and then decides between `keep` and `submit`.
 */
import type { LocalAccount } from 'viem'
import { versionedHashOf } from '../l1/versionedHash.ts'
import { assert } from '../primitives/assert.ts'
import { TemporaryError } from '../primitives/errors.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import type { Logger } from '../telemetry/log.ts'
import type { BlobProver } from './blobProver.ts'
import {
  type BlobFees,
  type SidecarVersion,
  signBlobTransaction,
  unwrapSidecar,
  wrapBlobTransaction,
} from './blobTransaction.ts'
import { bumpFees, estimateFees, type FeeCaps, isWithinCaps } from './fees.ts'
import type { PostEntry, PostJournal } from './journal.ts'
import { type L1Head, type RpcRequest, readHead, readNonce } from './l1Rpc.ts'
import { observeEntry, type PostEvent } from './observe.ts'
import { contentIdOf, estimatePostGas, type PostRequest } from './postRequest.ts'
import { classifySendError } from './sendErrors.ts'
import { detectSidecarVersion } from './sidecarVersion.ts'

export type PosterOptions = {
  /** Of the L1. */
  readonly chainId: number
  readonly inbox: Address
  readonly feeCaps: FeeCaps
  /** Wei per gas. */
  readonly tipMin: bigint
  /** L1 blocks after which an unmined transaction counts as stuck. */
  readonly stuckBlocks: bigint
  /** L1 blocks after which a landed proposal is no longer watched. */
  readonly confirmations: bigint
  /** Wrapper of blobs; `auto` asks the L1. */
  readonly sidecar: SidecarVersion | 'auto'
}

export const DEFAULT_POSTER_OPTIONS = {
  feeCaps: { maxFeePerGas: 500_000_000_000n, maxFeePerBlobGas: 1_000_000_000_000n },
  tipMin: 1_000_000_000n,
  stuckBlocks: 3n,
  confirmations: 32n,
  sidecar: 'auto',
} as const satisfies Partial<PosterOptions>

export type PosterStatus = {
  readonly head: L1Head
  /** The oldest post that is not in a block. */
  readonly inFlight?: PostEntry
  /** Posts in flight, and those landed but not confirmed. */
  readonly unconfirmed: number
  /** Since the last poll. */
  readonly events: readonly PostEvent[]
}

export type SubmitResult =
  | { readonly type: 'sent'; readonly transactionHash: Hash; readonly nonce: number; readonly fees: BlobFees }
  /** The same content is in flight already. */
  | { readonly type: 'alreadySent'; readonly nonce: number }
  /** Above the caps: nothing is sent until fees fall or the caps are raised. */
  | { readonly type: 'tooExpensive'; readonly fees: BlobFees }
  /** The inbox would revert now, or the account is not ours alone. Nothing was sent. */
  | { readonly type: 'refused'; readonly reason: string }
  /** The nonce was mined in the meantime; the next poll says as what. */
  | { readonly type: 'mined'; readonly nonce: number }

export type Poster = {
  poll(signal?: AbortSignal): Promise<PosterStatus>
  /** The post in flight is still wanted: sends it again if L1 has lost it, raises its fees if it is stuck. */
  keep(signal?: AbortSignal): Promise<SubmitResult | undefined>
  /** Sends a proposal, in place of the one in flight if there is one. */
  submit(request: PostRequest, signal?: AbortSignal): Promise<SubmitResult>
}

export type PosterDeps = {
  readonly rpc: RpcRequest
  readonly account: LocalAccount
  readonly prover: BlobProver
  readonly journal: PostJournal
  readonly logger: Logger
}

/** Replacements in one go when a pool asks for more than we knew: 2^10 covers any fee we can have offered. */
const REPLACEMENTS_MAX = 10

export function createPoster(deps: PosterDeps, options: PosterOptions): Poster {
  const { rpc, account, prover, journal, logger } = deps
  const sender = account.address.toLowerCase() as Address

  const poll = async (signal?: AbortSignal): Promise<PosterStatus> => {
    const head = await readHead(rpc, signal)
    const minedNonces = await readNonce(rpc, sender, 'latest', signal)
    const events: PostEvent[] = []
    let inFlight: PostEntry | undefined
    let unconfirmed = 0
    for (const entry of await journal.list()) {
      const observed = await observeEntry({ rpc, entry, head, minedNonces, options, signal })
      events.push(...observed.events)
      if (observed.entry === undefined) {
        await journal.remove(entry.nonce)
        continue
      }
      if (observed.entry !== entry) await journal.put(observed.entry)
      unconfirmed++
      if (observed.entry.landed === undefined) inFlight ??= observed.entry
    }
    // What landed meanwhile must not be looked at from a block before it, where it would still have to be posted.
    const seen = events.length === 0 ? head : await readHead(rpc, signal)
    return { head: seen, unconfirmed, events, ...(inFlight && { inFlight }) }
  }

  const findInFlight = async () => (await journal.list()).find(({ landed }) => landed === undefined)

  const keep = async (signal?: AbortSignal): Promise<SubmitResult | undefined> => {
    const entry = await findInFlight()
    if (entry === undefined) return undefined
    const head = await readHead(rpc, signal)
    const isKnown = (await rpc('eth_getTransactionByHash', [lastAttempt(entry).hash], signal)) !== null
    if (!isKnown) return send(entry, head, signal)
    if (head.number - entry.sentAtBlock < options.stuckBlocks) return undefined
    return replace(entry, head, signal)
  }

  /** The same content at doubled fees. */
  const replace = async (entry: PostEntry, head: L1Head, signal?: AbortSignal): Promise<SubmitResult> => {
    const fees = bumpFees(highestFees(entry), await estimateFees(rpc, options.tipMin, signal))
    if (!isWithinCaps(fees, options.feeCaps)) return refuseFees(fees)
    logger.info({ nonce: entry.nonce, ...fees }, 'a proposal is stuck; raising its fees')
    return send(await signEntry(entry, fees, head, unwrapSidecar(hexToBytes(entry.raw))), head, signal)
  }

  const submit = async (request: PostRequest, signal?: AbortSignal): Promise<SubmitResult> => {
    const inFlight = await findInFlight()
    const head = await readHead(rpc, signal)
    const contentId = contentIdOf(request)
    // Commitments cost a second or more, so the identity rests on the bytes and is known before them.
    if (inFlight?.contentId === contentId) return { type: 'alreadySent', nonce: inFlight.nonce }
    const nonce = inFlight?.nonce ?? (await readNonce(rpc, sender, 'latest', signal))
    const earlier = (await journal.list()).find((entry) => entry.nonce === nonce)
    if (earlier === undefined && (await readNonce(rpc, sender, 'pending', signal)) > nonce)
      return refuse(
        'a transaction of this account is pending that this node did not send; one proposer a key',
      )
    const current = await estimateFees(rpc, options.tipMin, signal)
    const fees = earlier === undefined ? current : bumpFees(highestFees(earlier), current)
    if (!isWithinCaps(fees, options.feeCaps)) return refuseFees(fees)
    const version = await readSidecarVersion(head, request.deadline, signal)
    const sidecar = await prover.prove(request.blobs, version)
    const blobVersionedHashes = sidecar.commitments.map(versionedHashOf)
    const { inbox } = options
    const call = {
      from: sender,
      to: inbox,
      data: bytesToHex(request.data),
      blobVersionedHashes,
      fees,
      isReplacement: earlier !== undefined,
    }
    const estimate = await estimatePostGas(rpc, call, signal)
    if (estimate.type === 'reverts') return refuse(`the inbox would revert: ${estimate.reason}`)
    const entry: Omit<PostEntry, 'raw'> = {
      nonce,
      contentId,
      parentHash: request.parentHash,
      deadline: request.deadline,
      gas: estimate.gas,
      data: call.data,
      blobVersionedHashes,
      attempts: earlier?.attempts ?? [],
      sentAtBlock: head.number,
    }
    return send(await signEntry(entry, fees, head, sidecar), head, signal)
  }

  const signEntry = async (
    entry: Omit<PostEntry, 'raw'>,
    fees: BlobFees,
    head: L1Head,
    sidecar: ReturnType<typeof unwrapSidecar>,
  ): Promise<PostEntry> => {
    const { nonce, gas, data, blobVersionedHashes } = entry
    const signed = await signBlobTransaction(account, {
      chainId: options.chainId,
      nonce,
      to: options.inbox,
      data: hexToBytes(data),
      gas,
      blobVersionedHashes,
      ...fees,
    })
    return {
      ...entry,
      raw: bytesToHex(wrapBlobTransaction(signed.raw, sidecar)),
      attempts: [...entry.attempts, { hash: signed.hash, fees }],
      sentAtBlock: head.number,
    }
  }

  /** Writes first, sends then; what a pool refuses for its fees alone is signed anew. */
  const send = async (first: PostEntry, head: L1Head, signal?: AbortSignal): Promise<SubmitResult> => {
    let entry = first
    for (let replacement = 0; replacement <= REPLACEMENTS_MAX; replacement++) {
      await journal.put(entry)
      const { hash, fees } = lastAttempt(entry)
      const refusal = await trySend(entry.raw, signal)
      if (refusal === undefined || refusal.kind === 'alreadyKnown')
        return { type: 'sent', transactionHash: hash, nonce: entry.nonce, fees }
      if (refusal.kind === 'nonceTooLow') return { type: 'mined', nonce: entry.nonce }
      if (refusal.kind !== 'replacementUnderpriced' && refusal.kind !== 'feeTooLow')
        throw new TemporaryError(`L1 does not take the proposal: ${refusal.message}`)
      const next = bumpFees(fees, await estimateFees(rpc, options.tipMin, signal))
      if (!isWithinCaps(next, options.feeCaps)) return refuseFees(next)
      entry = await signEntry(entry, next, head, unwrapSidecar(hexToBytes(entry.raw)))
    }
    throw new TemporaryError(`L1 asks for a higher fee after ${REPLACEMENTS_MAX} doublings`)
  }

  const trySend = async (raw: Hex, signal?: AbortSignal) => {
    try {
      await rpc('eth_sendRawTransaction', [raw], signal)
      return undefined
    } catch (error) {
      signal?.throwIfAborted()
      return {
        kind: classifySendError(error),
        message: error instanceof Error ? error.message : String(error),
      }
    }
  }

  const readSidecarVersion = async (head: L1Head, inclusionTime: bigint, signal?: AbortSignal) => {
    if (options.sidecar !== 'auto') return options.sidecar
    return detectSidecarVersion(rpc, { head, inclusionTime, ...(signal && { signal }) })
  }

  const refuse = (reason: string): SubmitResult => ({ type: 'refused', reason })

  const refuseFees = (fees: BlobFees): SubmitResult => {
    logger.warn(
      { ...fees, caps: options.feeCaps },
      'L1 fees are above the caps; posting stops until they fall',
    )
    return { type: 'tooExpensive', fees }
  }

  return { poll, keep, submit }
}

function lastAttempt(entry: PostEntry) {
  const last = entry.attempts.at(-1)
  assert(last !== undefined, 'a post without an attempt')
  return last
}

/** Fees only ever rise under one nonce. */
function highestFees(entry: PostEntry): BlobFees {
  return lastAttempt(entry).fees
}
