/**
 * The canonical blocks that a proposal made, and the block they stand on: headers of an L2 node, linked by hash to an end that somebody
 * else vouches for. That is what makes the parent's state root worth believing, before anything is executed.
 */
import type { ParentBlock } from '../../derive/blocks.ts'
import { bytesToBigint } from '../../primitives/bytes.ts'
import { CriticalError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import { pacayaDetails } from '../../protocol/pacaya/proposals.ts'
import type { Proposal } from '../../protocol/protocol.ts'
import { isOfInbox } from '../../spec/rollupSpec.ts'
import { type L2Node, LyingNodeError, NodeLacksError, type SealedHeader } from './l2Node.ts'

/** Of a proposal's last block: proven on L1. */
export type ProvenEnd = { readonly hash: Hash; readonly l1Block: bigint; readonly transactionHash: Hash }

export type NearProposal = { readonly id: bigint; readonly last: bigint }

/** Why the last block's hash is held for canonical. */
export type Trust =
  /** A proof that the inbox accepted says so. */
  | { readonly type: 'proven'; readonly l1Block: bigint; readonly transactionHash: Hash }
  /** Nothing but the word of these nodes. */
  | { readonly type: 'nodes'; readonly nodes: readonly string[] }

export type Canonical = {
  readonly parent: ParentBlock
  readonly blocks: readonly SealedHeader[]
  readonly trust: Trust
}

/** Nodes say different things, and L1 has not decided between them. */
export class NodesDisagreeError extends CriticalError {
  override readonly name = 'NodesDisagreeError'
}

/** `nodes[0]` gives the headers; the others are asked for the end where L1 proves none. Throws LyingNodeError, NodesDisagreeError. */
export async function readCanonical(input: {
  readonly nodes: readonly [L2Node, ...L2Node[]]
  readonly proposal: Proposal
  readonly proven?: ProvenEnd
  /** Another proposal, whose blocks are known to end there. */
  readonly near?: NearProposal
}): Promise<Canonical> {
  const { nodes, proposal, proven, near } = input
  const [node, ...others] = nodes
  const { first, last } = await findRange(node, proposal, near)
  const lowest = first >= 2n ? first - 2n : 0n
  const headers = await node.headers(lowest, last)
  for (const [index, { header }] of headers.entries()) {
    const before = headers[index - 1]
    if (before !== undefined && header.parentHash !== before.hash)
      throw new LyingNodeError(
        node.name,
        `its L2 block ${header.number} is not on its block ${before.header.number}`,
      )
  }
  const end = headers.at(-1)
  const blocks = headers.slice(Number(first - lowest))
  const parent = headers[Number(first - lowest) - 1]
  if (end === undefined || parent === undefined) throw new NodeLacksError(node.name, `L2 block ${first}`)
  assertOfProposal(node, proposal, parent, blocks)
  return {
    parent: { ...parent, grandparentTimestamp: first >= 2n ? (headers[0]?.header.timestamp ?? 0n) : 0n },
    blocks,
    trust: proven === undefined ? await agree(node, others, end) : assertProven(node, end, proven),
  }
}

function assertProven(node: L2Node, { header, hash }: SealedHeader, proven: ProvenEnd): Trust {
  if (hash !== proven.hash)
    throw new LyingNodeError(
      node.name,
      `its L2 block ${header.number} is ${hash}, but L1 transaction ${proven.transactionHash} proves ${proven.hash}`,
    )
  return { type: 'proven', l1Block: proven.l1Block, transactionHash: proven.transactionHash }
}

async function agree(node: L2Node, others: readonly L2Node[], end: SealedHeader): Promise<Trust> {
  const { number } = end.header
  for (const other of others) {
    const [theirs] = await other.headers(number, number)
    if (theirs?.hash !== end.hash)
      throw new NodesDisagreeError(
        `L2 block ${number} is ${end.hash} for ${node.name} and ${theirs?.hash} for ${other.name}, and no proof on L1 says which; ` +
          'ask further nodes, or wait for the proof',
      )
  }
  return { type: 'nodes', nodes: [node, ...others].map(({ name }) => name) }
}

/** What the headers themselves say of their proposal is under the hash of the end. Of older forks the event has told. */
function assertOfProposal(
  node: L2Node,
  proposal: Proposal,
  parent: SealedHeader,
  blocks: readonly SealedHeader[],
): void {
  if (!isOfInbox(proposal.fork)) return
  const isWhole =
    proposalIdIn(parent) !== proposal.id && blocks.every((block) => proposalIdIn(block) === proposal.id)
  if (!isWhole)
    throw new LyingNodeError(
      node.name,
      `its L2 blocks do not say that they are those of proposal ${proposal.id}`,
    )
}

/** Numbers of the blocks: what the event says before Shasta, from then on what the extra data of the headers says (D-63). */
export async function findRange(
  node: L2Node,
  proposal: Pick<Proposal, 'id' | 'fork' | 'details'>,
  near?: NearProposal,
): Promise<{ readonly first: bigint; readonly last: bigint }> {
  if (proposal.fork === 'pacaya') {
    const { lastBlockId, blocks } = pacayaDetails(proposal as Proposal)
    return { first: lastBlockId - BigInt(blocks.length) + 1n, last: lastBlockId }
  }
  if (!isOfInbox(proposal.fork)) return { first: proposal.id, last: proposal.id }
  const latest = await node.latest()
  const from = near !== undefined && near.id < proposal.id ? near.last + 1n : 1n
  const first = await firstBlockFrom(node, proposal.id, from, latest)
  const after = await firstBlockFrom(node, proposal.id + 1n, first, latest)
  if (first >= after)
    throw new NodeLacksError(node.name, `a block of proposal ${proposal.id} (its newest is ${latest})`)
  return { first, last: after - 1n }
}

/** The first block from `low` on of proposal `id` or a later one; one above `latest` where there is none. What is sought is rather near. */
async function firstBlockFrom(node: L2Node, id: bigint, low: bigint, latest: bigint): Promise<bigint> {
  let [below, high] = [low - 1n, latest + 1n]
  for (let step = 0n; low + step <= latest; step = 2n * step + 1n) {
    if ((await idAt(node, low + step)) >= id) {
      high = low + step
      break
    }
    below = low + step
  }
  while (below + 1n < high) {
    const middle = (below + high) / 2n
    if ((await idAt(node, middle)) >= id) high = middle
    else below = middle
  }
  return high
}

async function idAt(node: L2Node, number: bigint): Promise<bigint> {
  const [found] = await node.headers(number, number)
  return found === undefined ? -1n : proposalIdIn(found)
}

const EXTRA_DATA_BYTES = 7

/** -1 for a block of before Shasta, whose extra data is longer, and for genesis. */
function proposalIdIn({ header }: SealedHeader): bigint {
  const { number, extraData } = header
  if (number === 0n || extraData.length !== EXTRA_DATA_BYTES) return -1n
  return bytesToBigint(extraData.subarray(1))
}
