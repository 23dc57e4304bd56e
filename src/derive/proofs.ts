/** What is proven on L1 held against what was derived here, proposal by proposal, and how far `executable` may go for it. */
import type { BlockRef, StoredProposal } from '../chain/chain.ts'
import { CriticalError } from '../primitives/errors.ts'
import { type Hash, ZERO_HASH } from '../primitives/hex.ts'
import type { Logger } from '../telemetry/log.ts'
import type { InboxItem, ProvenItem } from './inboxItems.ts'

/** L1 has proven another chain than the one derived here: one of the two is wrong, and an operator must find out which. */
export class ProvenOtherwiseError extends CriticalError {
  override readonly name = 'ProvenOtherwiseError'
  readonly disagreement: Disagreement

  constructor(disagreement: Disagreement, sentence: string) {
    super(sentence)
    this.disagreement = disagreement
  }
}

/** The first proposal whose end is proven to be another one than was derived here. */
export type Disagreement = {
  readonly proposalId: bigint
  /** L2 blocks of the proposal as it was derived here; none where it ends before the first block of what is compared. */
  readonly firstBlock: bigint
  readonly lastBlock: bigint
  /** What of its last block differs; with the same hash, what a proof says beside it for the checkpoint on L1. */
  readonly what: 'hash' | 'number' | 'state root'
  readonly proven: Hash | bigint
  readonly ours: Hash | bigint
  /** Who says so. */
  readonly l1Block: bigint
  readonly transactionHash: Hash
}

/** The last block of a proposal, as far as L1 speaks of it. */
export type End = BlockRef & { readonly stateRoot: Hash }

export type ProofDeps = {
  /** Of this step or an earlier one; undefined for one that this node has not derived. */
  readonly proposal: (id: bigint) => Promise<StoredProposal | undefined>
  readonly blockOf: (blockNumber: bigint) => Promise<End>
  /** Asked before the node stops: what a second look at these blocks says, as a sentence. */
  readonly onDisagreement?: (disagreement: Disagreement) => Promise<string>
  readonly logger: Logger
}

/** What an item comes to. */
export type InboxOutcome = {
  /** Absent: as it was. */
  readonly executable?: BlockRef
  /** Proofs only: how many proposals were compared. */
  readonly compared?: number
}

/** Throws a ProvenOtherwiseError. What is proven of proposals from before this node's first is not compared. */
export async function applyInboxItem(deps: ProofDeps, item: InboxItem): Promise<InboxOutcome> {
  switch (item.type) {
    case 'proved':
      return applyProof(deps, item)
    case 'recovered': {
      deps.logger.warn(fieldsOf(item), 'the inbox has taken back what was proven: executable moves back')
      const end = await endOf(deps, item.lastFinalizedProposalId)
      // The contract refuses a recovery without a hash; where there is none, nothing is said of the block.
      if (item.lastFinalizedBlockHash !== ZERO_HASH)
        await compare(deps, item, item.lastFinalizedProposalId, item.lastFinalizedBlockHash)
      return moveTo(end)
    }
    case 'forcedInclusionsVoided':
      deps.logger.warn(fieldsOf(item), 'the inbox has voided forced inclusions: they will never be included')
      return {}
    case 'upgraded':
      deps.logger.info(fieldsOf(item), 'the inbox was upgraded to an implementation that this version knows')
      return {}
  }
}

async function applyProof(deps: ProofDeps, item: ProvenItem): Promise<InboxOutcome> {
  const { claim, lastProposalId } = item
  if (claim.type === 'distrusted') {
    deps.logger.warn(fieldsOf(item), 'a proof of a time whose proofs are held for false: executable stays')
    return { compared: 0 }
  }
  const end = await endOf(deps, lastProposalId)
  if (claim.type === 'indirect') {
    deps.logger.warn(fieldsOf(item), 'a proof by way of another contract: what it proves cannot be compared')
    return { ...moveTo(end), compared: 0 }
  }
  const { firstProposalId, firstProposalParentBlockHash, transitions } = claim.commitment
  const { endBlockNumber, endStateRoot } = claim.commitment
  await compare(deps, item, firstProposalId - 1n, firstProposalParentBlockHash)
  let compared = 0
  for (const [index, { blockHash }] of transitions.entries())
    if (await compare(deps, item, firstProposalId + BigInt(index), blockHash)) compared++
  if (end !== undefined) {
    // What L1 keeps as the checkpoint that withdrawals are proven against.
    const said = { item, proposalId: lastProposalId, end }
    if (endBlockNumber !== end.number)
      await stop(deps, { ...said, what: 'number', proven: endBlockNumber, ours: end.number })
    if (endStateRoot !== end.stateRoot)
      await stop(deps, { ...said, what: 'state root', proven: endStateRoot, ours: end.stateRoot })
  }
  return { ...moveTo(end), compared }
}

function moveTo(end: End | undefined): InboxOutcome {
  return end === undefined ? {} : { executable: { number: end.number, hash: end.hash } }
}

/** False: this node has not derived that proposal. Throws a ProvenOtherwiseError. */
async function compare(deps: ProofDeps, item: InboxItem, proposalId: bigint, proven: Hash): Promise<boolean> {
  const end = await endOf(deps, proposalId)
  if (end === undefined) return false
  if (end.hash !== proven) await stop(deps, { item, proposalId, end, what: 'hash', proven, ours: end.hash })
  return true
}

async function stop(
  deps: ProofDeps,
  found: Pick<Disagreement, 'proposalId' | 'what' | 'proven' | 'ours'> & {
    readonly item: InboxItem
    readonly end: End
  },
): Promise<never> {
  const { item, end, ...difference } = found
  const { l1Block, transactionHash } = item
  const { proposalId, what, proven, ours } = difference
  const firstBlock = (await deps.proposal(proposalId))?.firstBlock ?? end.number
  const disagreement: Disagreement = {
    ...difference,
    ...{ firstBlock, lastBlock: end.number, l1Block, transactionHash },
  }
  const second = await deps.onDisagreement?.(disagreement)
  throw new ProvenOtherwiseError(
    disagreement,
    `proposal ${proposalId} ends with L2 block ${end.number}, whose ${what} is ${ours} here, but L1 transaction ${transactionHash} (block ` +
      `${l1Block}) ${item.type === 'recovered' ? 'sets it to be' : 'proves it to be'} ${proven}; it is the first that differs. ` +
      `${second === undefined ? '' : `${second}. `}Nothing of that L1 block was written. Ask other clients for L2 block ${end.number}: ` +
      `if they have ${proven}, this version derives the chain wrongly, so wait for a release that does not; if they have ours, L1 was ` +
      `given a false proof, and the node goes on with --l1.distrust-proofs-from ${l1Block}, leaving executable where it is until the inbox recovers`,
  )
}

/** Last block of a proposal. Proposal 0 is the inbox's activation, which made no block: what it stands for ends before proposal 1. */
async function endOf({ proposal, blockOf }: ProofDeps, proposalId: bigint): Promise<End | undefined> {
  const beforeFirst = proposalId === 0n ? (await proposal(1n))?.firstBlock : undefined
  const number = beforeFirst === undefined ? (await proposal(proposalId))?.lastBlock : beforeFirst - 1n
  return number === undefined ? undefined : blockOf(number)
}

/** A log line takes it all but the claim, which is long. */
function fieldsOf(item: InboxItem): Readonly<Record<string, unknown>> {
  const { type: _, ...fields } = item
  return 'claim' in fields ? { ...fields, claim: fields.claim.type } : fields
}
