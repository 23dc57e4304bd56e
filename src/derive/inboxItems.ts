/**
 * What the inbox says beside its proposals: how far L2 is proven, when that was undone, which queued inclusions will never come, and
 * that it runs other code. Everything here comes from verified logs; a proof's claim from the calldata that its transaction hash proves.
 */
import type { L1, L1Header } from '../l1/l1.ts'
import { CriticalError } from '../primitives/errors.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { L1Log } from '../protocol/protocol.ts'
import { type Commitment, decodeProveCall } from '../protocol/shasta/commitment.ts'
import { decodeInboxEvent, type InboxEvent } from '../protocol/shasta/inboxEvents.ts'
import { isDistrusted, type RollupSpec } from '../spec/rollupSpec.ts'

/** The inbox runs code whose rules this version does not know: what it emits from here on may mean something else. */
export class UnknownInboxError extends CriticalError {
  override readonly name = 'UnknownInboxError'
}

/** Where on L1 it was said. */
type Said = { readonly l1Block: bigint; readonly transactionHash: Hash }

/** Proposals `firstProposalId` to `lastProposalId`, both included, are proven; those before `firstNewProposalId` had been before. */
export type ProvenItem = Said & {
  readonly type: 'proved'
  readonly firstProposalId: bigint
  readonly firstNewProposalId: bigint
  readonly lastProposalId: bigint
  /** What was proven; or why that cannot be told, or is not believed. */
  readonly claim:
    | { readonly type: 'commitment'; readonly commitment: Commitment }
    /** The inbox was called by another contract: which of the bytes it was given, only execution could tell. */
    | { readonly type: 'indirect' }
    /** The spec, or the operator, holds the proofs of this time for false. */
    | { readonly type: 'distrusted' }
}

export type InboxItem =
  | ProvenItem
  | (Said & {
      readonly type: 'recovered'
      readonly lastFinalizedProposalId: bigint
      /** Of the last block of that proposal. */
      readonly lastFinalizedBlockHash: Hash
    })
  /** Entries `from` to before `to` of the queue will never be included. */
  | (Said & { readonly type: 'forcedInclusionsVoided'; readonly from: bigint; readonly to: bigint })
  | (Said & { readonly type: 'upgraded'; readonly implementation: Address })

export type InboxItemDeps = {
  readonly spec: RollupSpec
  readonly l1: Pick<L1, 'transaction'>
  readonly signal: AbortSignal
}

/**
 * Undefined for a log that is none of these. Throws an UnknownInboxError at an upgrade to code that the spec does not list, so that
 * nothing of its L1 block or of a later one is derived; TemporaryError while no provider has the transaction of a proof.
 */
export async function readInboxItem(
  deps: InboxItemDeps,
  block: L1Header,
  log: L1Log,
): Promise<InboxItem | undefined> {
  const said = { l1Block: log.blockNumber, transactionHash: log.transactionHash }
  const event = decodeInboxEvent(log)
  switch (event?.type) {
    case 'proved': {
      const { type, firstProposalId, firstNewProposalId, lastProposalId } = event
      const claim = await readClaim(deps, block, log, event)
      return { ...said, type, firstProposalId, firstNewProposalId, lastProposalId, claim }
    }
    case 'stateRecovered': {
      const { lastFinalizedProposalId, lastFinalizedBlockHash } = event
      return { ...said, type: 'recovered', lastFinalizedProposalId, lastFinalizedBlockHash }
    }
    case 'forcedInclusionsVoided':
      return { ...said, type: event.type, from: event.oldHead, to: event.newHead }
    case 'upgraded':
      assertKnown(deps.spec, event.implementation, block)
      return { ...said, ...event }
    default:
      return undefined
  }
}

/**
 * A direct call runs the inbox's code with exactly this calldata, and `prove` does not nest: the transaction's one `Proved` is of it.
 * Calldata that does not fit its event is not guessed at: it is treated as one that another contract made.
 */
async function readClaim(
  { spec, l1, signal }: InboxItemDeps,
  block: L1Header,
  { transactionHash, blockNumber, blockHash }: L1Log,
  event: Extract<InboxEvent, { type: 'proved' }>,
): Promise<ProvenItem['claim']> {
  if (isDistrusted(spec, block)) return { type: 'distrusted' }
  const { to, input } = await l1.transaction({ hash: transactionHash, blockNumber, blockHash }, signal)
  const commitment = to === spec.l1.inbox ? decodeProveCall(input) : undefined
  return commitment !== undefined && fits(commitment, event)
    ? { type: 'commitment', commitment }
    : { type: 'indirect' }
}

function fits(commitment: Commitment, event: Extract<InboxEvent, { type: 'proved' }>): boolean {
  const { firstProposalId, transitions, actualProver } = commitment
  return (
    firstProposalId === event.firstProposalId &&
    firstProposalId + BigInt(transitions.length) - 1n === event.lastProposalId &&
    actualProver === event.actualProver
  )
}

function assertKnown({ name, l1 }: RollupSpec, implementation: Address, block: L1Header): void {
  if (l1.inboxImplementations?.includes(implementation)) return
  throw new UnknownInboxError(
    `in L1 block ${block.number} the inbox of ${name} was upgraded to ${implementation}, whose rules this version does not know. ` +
      'Everything before that block is derived; nothing of it or after it is. Install a release that lists this implementation, ' +
      `or, if its source says that proposals and proofs are as before, go on with --l1.accept-implementation ${implementation}`,
  )
}
