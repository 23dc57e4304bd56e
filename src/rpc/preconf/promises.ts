/** `based_getPreconfirmation`, `based_preconfScorecard`: who promised what about a transaction, and what signers' words were worth. */
import type { ChainReader } from '../../chain/chain.ts'
import type { PromiseBook } from '../../preconf/promises/book.ts'
import type { StoredPromise } from '../../preconf/promises/promise.ts'
import type { SignerScore } from '../../preconf/promises/score.ts'
import { type Hash, hexToBytes, toQuantity } from '../../primitives/hex.ts'
import { decodeBlockCommitment } from '../../promise/blockCommitment.ts'
import type { Json } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { hashParam } from '../params.ts'
import type { ReadPending } from '../pending.ts'
import { preconfirmation, scorecard } from '../schemas/promises.ts'
import { findTransaction, placeJson, type TransactionPlace } from './place.ts'

export type PromiseRpcDeps = {
  readonly chain: ChainReader
  readonly book: PromiseBook
  readonly pending?: ReadPending
}

const COMMITMENT_NAMES: Readonly<Record<number, string>> = {
  1: 'l1Inclusion',
  2: 'block',
  4: 'inclusion',
  5: 'execution',
}

export function promiseMethods(deps: PromiseRpcDeps): Methods {
  return {
    based_getPreconfirmation: defineMethod({
      cost: COST.block,
      summary: 'Who promised what about a transaction, and what came of it; null if nobody did.',
      params: { transactionHash: hashParam },
      result: preconfirmation.nullable(),
      handle: ({ transactionHash }) => preconfirmationJson(deps, transactionHash),
    }),
    based_preconfScorecard: defineMethod({
      cost: COST.logs,
      summary: "What each signer's promises were worth.",
      params: {},
      result: scorecard,
      handle: async () => (await deps.book.scores()).map(scoreJson),
    }),
  }
}

/** Null for a transaction that nobody has promised anything about and that is in no block. */
async function preconfirmationJson(deps: PromiseRpcDeps, hash: Hash): Promise<Json | null> {
  const { chain, book } = deps
  const [place, promises] = await Promise.all([findTransaction(deps, hash), book.byTransaction(hash)])
  if (place === undefined && promises.length === 0) return null
  return {
    transactionHash: hash,
    state: place === undefined ? 'promised' : stateOf(chain, place),
    block: placeJson(place),
    /** Answers to requests: inclusion by a slot, or execution. */
    promises: promises.filter(({ signature }) => signature !== undefined).map(promiseJson),
    /** What sequencers signed about the block it is in. */
    blockCommitments: place?.type === 'block' ? await blockCommitments(book, place) : [],
  }
}

async function blockCommitments(
  book: PromiseBook,
  { number, header }: Extract<TransactionPlace, { type: 'block' }>,
): Promise<readonly Json[]> {
  const promises = await book.byBlock(number)
  return promises.flatMap((promise) => {
    const decoded = decodeBlockCommitment(hexToBytes(promise.commitment.payload))
    if (decoded.type === 'fault') return []
    const { parentBlockHash, transactionsRoot } = decoded.value
    const isAboutBlock = parentBlockHash === header.parentHash && transactionsRoot === header.transactionsRoot
    return [{ ...promiseJson(promise), isAboutBlock }]
  })
}

function stateOf(chain: ChainReader, place: TransactionPlace): string {
  if (place.type === 'pending') return 'pending'
  const { safe, finalized } = chain.heads()
  if (place.number <= finalized.number) return 'finalized'
  return place.number <= safe.number ? 'safe' : 'preconfirmed'
}

/** Times in milliseconds since 1970. */
export function promiseJson(promise: StoredPromise): Json {
  const { commitment, settlement, answeredAt, blockNumber } = promise
  const broken = settlement.outcome === 'broken' ? settlement : undefined
  const landing = settlement.outcome === 'kept' || settlement.outcome === 'broken' ? settlement : undefined
  return {
    type: nameOf(Number(commitment.commitmentType)),
    commitmentType: toQuantity(commitment.commitmentType),
    commitmentHash: promise.hash,
    requestHash: commitment.requestHash,
    payload: commitment.payload,
    signer: promise.signer,
    signature: promise.signature ?? null,
    slot: toQuantity(promise.slot),
    windowEnd: toQuantity(promise.windowEnd),
    blockNumber: blockNumber === undefined ? null : toQuantity(blockNumber),
    parentHash: promise.parentHash ?? null,
    requestedAt: promise.requestedAt,
    answeredAt: answeredAt ?? null,
    outcome: settlement.outcome,
    /** False while a reorganisation of L1 can still change it. */
    isFinal: settlement.outcome !== 'pending' && settlement.isFinal,
    reason: broken?.reason ?? null,
    brokenBy: broken?.by ?? null,
    landedIn: landing?.block ? { number: toQuantity(landing.block.number), hash: landing.block.hash } : null,
    l1Block: landing?.l1 ? { number: toQuantity(landing.l1.number), hash: landing.l1.hash } : null,
  }
}

function scoreJson({ signer, isOurs, counts, shareKept, latency, windows }: SignerScore): Json {
  return {
    signer,
    isOurs,
    counts: Object.fromEntries([...counts].map(([type, outcomes]) => [nameOf(type), outcomes])),
    /** From 0 to 1. */
    shareKept: shareKept ?? null,
    /** Milliseconds from request to signature. */
    latency: latency ?? null,
    windows,
  }
}

function nameOf(type: number): string {
  return COMMITMENT_NAMES[type] ?? `type ${type}`
}
