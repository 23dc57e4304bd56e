/** Why is this transaction here, and why is that one not: answers from the origins that derivation left with each block. */
import type { BlockOrigin, ChainReader, StoredProposal } from '../../chain/chain.ts'
import { defined } from '../../primitives/assert.ts'
import { type Hash, toQuantity } from '../../primitives/hex.ts'
import type { Json } from '../json.ts'

/** Null for a transaction that is not in the chain. `derived` is false while its block is only promised. */
export async function provenanceJson(chain: ChainReader, hash: Hash): Promise<Json | null> {
  const position = await chain.transactionPosition(hash)
  const block = position && (await chain.blockByNumber(position.blockNumber))
  const transaction = position && block?.transactions[position.index]
  if (position === undefined || block === undefined || transaction?.hash !== hash) return null
  const place = {
    transactionHash: hash,
    blockHash: block.hash,
    blockNumber: toQuantity(block.header.number),
    transactionIndex: toQuantity(position.index),
  }
  const origin = await chain.origin(block.header.number)
  if (origin === undefined) return { ...place, derived: false }
  const proposal = defined(
    await chain.proposal(origin.proposalId, block.header.number),
    `proposal ${origin.proposalId}`,
  )
  const source = defined(proposal.sources[origin.sourceIndex], `source ${origin.sourceIndex}`)
  const { listedIndex } = transaction
  return {
    ...place,
    derived: true,
    fork: origin.fork,
    proposalId: toQuantity(proposal.id),
    proposer: proposal.proposer,
    l1Block: { number: toQuantity(proposal.l1.blockNumber), hash: proposal.l1.blockHash },
    l1Transaction: proposal.l1.transactionHash,
    l1LogIndex: toQuantity(proposal.l1.logIndex),
    sourceIndex: origin.sourceIndex,
    isForcedInclusion: origin.isForcedInclusion,
    blobs: source.blobHashes,
    /** In the concatenated decoded payloads of the blobs, bytes. `length` is null where the slice carries it itself. */
    slice: { offset: source.offset, length: source.size ?? null },
    /** Position of the block among its source's blocks, and of the transaction in the block's list. */
    blockInSource: origin.indexInSource,
    /** The anchor transaction is made by derivation and listed nowhere. */
    isAnchor: listedIndex === undefined,
    position: listedIndex ?? null,
    /** In the inflated payload of the source, bytes. */
    listed: (listedIndex === undefined ? undefined : origin.listed[listedIndex]) ?? null,
  }
}

export function proposalJson(proposal: StoredProposal): Json {
  return {
    id: toQuantity(proposal.id),
    fork: proposal.fork,
    hash: proposal.hash,
    proposer: proposal.proposer,
    timestamp: toQuantity(proposal.timestamp),
    windowEnd: proposal.windowEnd === undefined ? null : toQuantity(proposal.windowEnd),
    l1: {
      blockNumber: toQuantity(proposal.l1.blockNumber),
      blockHash: proposal.l1.blockHash,
      transactionHash: proposal.l1.transactionHash,
      logIndex: toQuantity(proposal.l1.logIndex),
    },
    firstBlock: toQuantity(proposal.firstBlock),
    lastBlock: toQuantity(proposal.lastBlock),
    sources: proposal.sources.map((source) => ({
      isForcedInclusion: source.isForcedInclusion,
      savedAt: source.savedAt === undefined ? null : toQuantity(source.savedAt),
      blobs: source.blobHashes,
      slice: { offset: source.offset, length: source.size ?? null },
      fault: source.fault ?? null,
    })),
  }
}

/** The source's fault, or block by block what was dropped and by which rule of docs/derivation.md. Null: no such source. */
export async function explainSourceJson(
  chain: ChainReader,
  proposalId: bigint,
  sourceIndex: number,
): Promise<Json | null> {
  const proposal = await chain.proposal(proposalId)
  const source = proposal?.sources[sourceIndex]
  if (proposal === undefined || source === undefined) return null
  const blocks: Json[] = []
  // A proposal's blocks are bounded by the protocol's own limits on sources and blocks per source.
  for (let number = proposal.firstBlock; number <= proposal.lastBlock; number++) {
    const origin = await chain.origin(number)
    if (origin?.sourceIndex === sourceIndex) blocks.push(explainBlock(number, origin))
  }
  return {
    proposalId: toQuantity(proposalId),
    sourceIndex,
    isForcedInclusion: source.isForcedInclusion,
    fault: source.fault ?? null,
    blocks,
  }
}

function explainBlock(number: bigint, origin: BlockOrigin): Json {
  return {
    blockNumber: toQuantity(number),
    blockInSource: origin.indexInSource,
    anchorBlockNumber: toQuantity(origin.anchorBlock.number),
    listed: origin.listed.length,
    dropped: origin.dropped.map(({ listedIndex, reason, rule }) => ({
      position: listedIndex,
      reason,
      rule,
      listed: origin.listed[listedIndex] ?? null,
    })),
  }
}
