/** `based_preconfStatus`, `based_getPreconfBlocks`, `based_getPreconfEvidence`, and the subscriptions `preconfBlocks` and `preconfFrags`. */
import { z } from 'zod'
import type { BlockRef } from '../../chain/chain.ts'
import type { EvidenceRecord } from '../../preconf/evidence/evidence.ts'
import { encodeEvidence, signedJson } from '../../preconf/evidence/file.ts'
import type { EvidenceStore } from '../../preconf/evidence/store.ts'
import type { FollowerStatus } from '../../preconf/follow/status.ts'
import {
  BLOCKS_MAX,
  readBlocks,
  type StreamDeps,
  type StreamKind,
  subscribeStream,
} from '../../preconf/stream/feed.ts'
import { toQuantity } from '../../primitives/hex.ts'
import type { Json } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { indexParam, quantityParam } from '../params.ts'
import { evidence, preconfStatus, sealedBlocks } from '../schemas/promises.ts'

export type StreamRpcDeps = StreamDeps & {
  readonly evidence: Pick<EvidenceStore, 'list'>
  readonly follower: { status(): FollowerStatus }
}

const EVIDENCE_MAX = 100

const numberParam = quantityParam.refine(
  (number) => number <= BigInt(Number.MAX_SAFE_INTEGER),
  'a block number wanted',
)
const countParam = z.union([indexParam, z.undefined()])

export function streamMethods(deps: StreamRpcDeps) {
  return {
    based_preconfStatus: defineMethod({
      cost: COST.read,
      summary: "How far the node follows the sequencers' stream.",
      params: {},
      result: preconfStatus,
      handle: () => statusJson(deps.follower.status()),
    }),
    based_getPreconfBlocks: defineMethod({
      cost: COST.logs,
      summary: 'Sealed blocks of the stream with their signatures, from a number on.',
      params: { from: numberParam, count: countParam },
      result: sealedBlocks,
      handle: ({ from, count }) => readBlocks(deps, from, count ?? BLOCKS_MAX),
    }),
    based_getPreconfEvidence: defineMethod({
      cost: COST.block,
      summary: 'Promises that cannot both be kept, and promises that L1 did not keep, newest first.',
      params: { count: countParam },
      result: evidence,
      handle: async ({ count }) => {
        const records = await deps.evidence.list(Math.min(count ?? EVIDENCE_MAX, EVIDENCE_MAX))
        return records.map(evidenceJson)
      },
    }),
  } satisfies Methods
}

/** For `eth_subscribe`: what a subscription of this kind does with a push. */
export function streamSubscription(deps: Pick<StreamDeps, 'chain' | 'hub' | 'lists'>, kind: StreamKind) {
  return (push: (result: unknown) => void): (() => void) => subscribeStream(deps, kind, push)
}

function statusJson(status: FollowerStatus): Json {
  const { isAtTip, detail, derived, executed, received, receivedAt, sources, canShutdown, until } = status
  return {
    isAtTip,
    detail,
    derived: refJson(derived),
    executed: refJson(executed),
    received: received === undefined ? null : refJson(received),
    receivedAt: receivedAt === undefined ? null : toQuantity(receivedAt),
    sources: sources.map(({ tip, heardAt, ...source }) => ({
      ...source,
      tip: tip === undefined ? null : toQuantity(tip),
      heardAt: heardAt === undefined ? null : toQuantity(Math.floor(heardAt)),
    })),
    canShutdown,
    until: until === undefined ? null : toQuantity(until),
  }
}

function refJson({ number, hash }: BlockRef): Json {
  return { number: toQuantity(number), hash }
}

function evidenceJson(record: EvidenceRecord): Json {
  const { kind, id, foundAt, committer, registrationRoot, windowEnd, blockNumber, parentBlockHash, first } =
    record
  const common = {
    id,
    kind,
    foundAt: toQuantity(foundAt),
    committer,
    registrationRoot: registrationRoot ?? null,
    windowEnd: toQuantity(windowEnd),
    blockNumber: blockNumber === undefined ? null : toQuantity(blockNumber),
    parentBlockHash: parentBlockHash ?? null,
    first: signedJson(first),
  }
  if (record.kind === 'listViolation') return { ...common, transaction: record.transaction }
  if (record.kind !== 'displaced')
    return { ...common, second: signedJson(record.second), evidence: encodeEvidence(record) }
  const { landed, promisedBlockHash, judgement } = record
  return {
    ...common,
    promisedBlockHash,
    judgement,
    landed: {
      ...landed,
      proposalId: toQuantity(landed.proposalId),
      l1BlockNumber: toQuantity(landed.l1BlockNumber),
    },
  }
}
