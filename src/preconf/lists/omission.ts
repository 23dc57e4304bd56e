/**
 * Evidence of an omission as PreconfSlasher takes it (contracts/src/l1/preconf/InclusionListFault.sol), as far as this node has what
 * it needs. What is not there yet, or never can be, is said in sentences.
 */
import type { ChainReader, StoredProposal } from '../../chain/chain.ts'
import type { FlatState } from '../../engine/state/flatState.ts'
import { MissingStateError } from '../../engine/state/source.ts'
import type { L1 } from '../../l1/l1.ts'
import { toSafeNumber } from '../../primitives/bigint.ts'
import { type Address, bytesToHex, type Hash, type Hex, ZERO_HASH } from '../../primitives/hex.ts'
import { encodeListed } from '../../promise/inclusionList.ts'
import { certainlyFitsZkGas, type ListedTransaction } from '../../promise/inclusionRule.ts'
import { type HashedProposal, hashProposal } from '../../protocol/shasta/proposals.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import {
  type HeaderPlan,
  type HeaderRange,
  headerAt,
  planHeaders,
  REACH,
  readHeaders,
} from './headerChain.ts'
import { readListed } from './listedTransaction.ts'
import { encodeOmission } from './omissionCodec.ts'
import type { ListRecord } from './record.ts'
import type { ListedOutcome } from './verdict.ts'

export type OmissionDeps = {
  readonly spec: Pick<RollupSpec, 'l2'>
  readonly chain: ChainReader
  readonly state: Pick<FlatState, 'proof'>
  readonly l1: Pick<L1, 'ancestor'>
  /** Number of the lowest block from this one on that L1 has a checkpoint of; undefined while there is none. */
  readonly checkpointFrom: (number: bigint) => Promise<bigint | undefined>
}

export type Omission = {
  readonly transaction: Hash
  readonly sender: Address
  /** Its place in the list. */
  readonly index: number
  /** Of the window. */
  readonly lastBlock: Hash
  /** Argument of the registry's slashing, beside the SignedCommitment: abi.encode(uint8 fault, bytes omission). Null while incomplete. */
  readonly evidence: Hex | null
  /** Headers to be recorded before the slasher takes the evidence, a call of `recordAncestor` each. Empty while incomplete. */
  readonly ancestors: readonly HeaderRange[]
  /** Sentences: what the slasher wants that this node cannot give now. Empty when the evidence is complete. */
  readonly missing: readonly string[]
}

/** Of the first transaction left out that the slasher can judge, or else of the first; undefined unless the verdict is a violation. */
export async function proveOmission(deps: OmissionDeps, record: ListRecord): Promise<Omission | undefined> {
  const { verdict, windowEnd } = record
  const [list] = record.lists
  if (verdict.type !== 'violated' || list === undefined) return undefined
  const last = verdict.lastBlock.number
  const { difficulty } = await headerAt(deps.chain, last)
  const isJudgeable = ({ transaction }: Omitted) => certainlyFitsZkGas(transaction, difficulty)
  const omitted = chooseOmitted(readOmitted(verdict.outcomes, list.transactions, deps.spec), isJudgeable)
  if (omitted === undefined) return undefined
  const { index } = omitted
  const { hash: transaction, sender } = omitted.transaction
  const missing: string[] = []
  const need = async <T>(found: Promise<T | string>): Promise<T | undefined> => {
    const value = await found
    if (typeof value !== 'string') return value
    missing.push(value)
    return undefined
  }
  if (!isJudgeable(omitted))
    missing.push(
      'the slasher executes nothing, so it cannot tell that the zk gas of what code may run with this gas limit fits the block; it judges no more than plain transfers',
    )
  if (verdict.finality !== 'final')
    missing.push('the L1 blocks that decide it are not final yet, and a reorg could still unmake the fault')
  const lastProposal = await need(provenProposal(deps, last))
  const nextProposal = await need(followingProposal(deps, last + 1n, windowEnd))
  const plan = await need(findPlan(deps, last))
  const accountProof = await need(proveAccount(deps.state, sender, last))
  const evidence =
    lastProposal && nextProposal && plan && accountProof && missing.length === 0
      ? encodeOmission({
          transactions: bytesToHex(encodeListed(list.transactions)),
          index: BigInt(index),
          headers: await readHeaders(deps.chain, plan.own),
          nextProposal: toAbi(nextProposal),
          lastProposal: toAbi(lastProposal),
          accountProof,
        })
      : null
  const ancestors = evidence === null ? [] : (plan?.ancestors ?? [])
  return { transaction, sender, index, lastBlock: verdict.lastBlock.hash, evidence, ancestors, missing }
}

type Omitted = { readonly index: number; readonly transaction: ListedTransaction }

/** One at a time: each costs a signature. */
function* readOmitted(
  outcomes: readonly ListedOutcome[],
  transactions: readonly Uint8Array[],
  { l2 }: OmissionDeps['spec'],
): Generator<Omitted> {
  for (const [index, { outcome }] of outcomes.entries()) {
    const raw = outcome.type === 'violated' ? transactions[index] : undefined
    const read = raw && readListed(raw, l2.chainId)
    if (read?.type === 'listed') yield { index, transaction: read.transaction }
  }
}

/** The first that is judgeable, or else the first. */
function chooseOmitted(
  omitted: Iterable<Omitted>,
  isJudgeable: (each: Omitted) => boolean,
): Omitted | undefined {
  let first: Omitted | undefined
  for (const each of omitted) {
    if (isJudgeable(each)) return each
    first ??= each
  }
  return first
}

/** The proposal that the block after the window's last came from; the slasher wants it to have landed when the window was over. */
async function followingProposal(
  deps: OmissionDeps,
  blockNumber: bigint,
  windowEnd: bigint,
): Promise<HashedProposal | string> {
  const origin = await deps.chain.origin(blockNumber)
  if (origin === undefined)
    return `no proposal has brought block ${blockNumber} yet, the one after the window's last`
  const proposal = await provenProposal(deps, blockNumber)
  if (typeof proposal !== 'string' && proposal.timestamp <= windowEnd)
    return `a proposal of no window of the committer (${proposal.id}) landed before the window was over; the slasher finds no fault there`
  return proposal
}

/** What the inbox hashed, put together from what is stored, and checked by that very hash. */
async function provenProposal(
  { chain, l1 }: OmissionDeps,
  blockNumber: bigint,
): Promise<HashedProposal | string> {
  const stored = await proposalOf(chain, blockNumber)
  const block = stored && (await chain.headerByNumber(stored.firstBlock))
  if (stored === undefined || block === undefined) return `the proposal of block ${blockNumber} is not known`
  const before = await proposalOf(chain, stored.firstBlock - 1n)
  const { number, parentHash } = await l1.ancestor(
    { number: stored.l1.blockNumber, hash: stored.l1.blockHash },
    stored.l1.blockNumber,
  )
  const proposal: HashedProposal = {
    id: stored.id,
    timestamp: stored.timestamp,
    endOfSubmissionWindowTimestamp: stored.windowEnd ?? 0n,
    proposer: stored.proposer,
    parentHash: before?.hash ?? ZERO_HASH,
    originBlockNumber: number - 1n,
    originBlockHash: parentHash,
    // D-63: the first byte of a Shasta block's extra data.
    basefeeSharingPctg: block.header.extraData[0] ?? 0,
    sources: stored.sources.map(({ isForcedInclusion, blobHashes, offset, savedAt }) => ({
      isForcedInclusion,
      blobSlice: { blobHashes, offset, timestamp: savedAt ?? stored.timestamp },
    })),
  }
  return hashProposal(proposal) === stored.hash
    ? proposal
    : `proposal ${stored.id} cannot be put together here; its Proposed event is in L1 transaction ${stored.l1.transactionHash}`
}

async function proposalOf(chain: ChainReader, blockNumber: bigint): Promise<StoredProposal | undefined> {
  const origin = await chain.origin(blockNumber)
  return origin && chain.proposal(origin.proposalId, blockNumber)
}

/** From the nearest checkpoint down to the window's last block. */
async function findPlan({ chain, checkpointFrom }: OmissionDeps, last: bigint): Promise<HeaderPlan | string> {
  const checkpoint = await checkpointFrom(last + 1n)
  if (checkpoint === undefined)
    return `no checkpoint on L1 is behind block ${last} yet; the newest is of block ${chain.heads().executable.number}`
  return (
    planHeaders(checkpoint, last) ??
    `the nearest checkpoint, of block ${checkpoint}, is more than ${REACH} blocks above block ${last}: record ancestors of it first (PreconfSlasher.recordAncestor)`
  )
}

async function proveAccount(
  state: Pick<FlatState, 'proof'>,
  sender: Address,
  blockNumber: bigint,
): Promise<Hex[] | string> {
  try {
    const { accountProof } = await state.proof(sender, [], blockNumber)
    return accountProof.map(bytesToHex)
  } catch (error) {
    if (!(error instanceof MissingStateError)) throw error
    return `the account proof of ${sender} after block ${blockNumber} is no longer kept here; an archive node has it (eth_getProof)`
  }
}

function toAbi({ parentHash, id, timestamp, endOfSubmissionWindowTimestamp, ...rest }: HashedProposal) {
  return {
    id: toSafeNumber(id),
    timestamp: toSafeNumber(timestamp),
    endOfSubmissionWindowTimestamp: toSafeNumber(endOfSubmissionWindowTimestamp),
    proposer: rest.proposer,
    parentProposalHash: parentHash,
    originBlockNumber: toSafeNumber(rest.originBlockNumber),
    originBlockHash: rest.originBlockHash,
    basefeeSharingPctg: rest.basefeeSharingPctg,
    sources: rest.sources.map(({ isForcedInclusion, blobSlice }) => ({
      isForcedInclusion,
      blobSlice: { ...blobSlice, timestamp: toSafeNumber(blobSlice.timestamp) },
    })),
  }
}
