/** The proposals of a range from verified events of L1, and what later proofs on L1 say of the block that each of them ends with. */
import { findCalldata } from '../../derive/calldata.ts'
import { readInboxItem } from '../../derive/inboxItems.ts'
import type { L1, L1Header, L1Position } from '../../l1/l1.ts'
import type { L1Reads } from '../../l1/reads.ts'
import { retryTemporary } from '../../primitives/async.ts'
import { CriticalError, ResetError, TemporaryError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { L1Log, Proposal } from '../../protocol/protocol.ts'
import { decodeProposal } from '../../protocol/protocols.ts'
import { PROPOSED_TOPIC } from '../../protocol/shasta/proposals.ts'
import { isOfInbox, type RollupSpec } from '../../spec/rollupSpec.ts'
import type { ProvenEnd } from './canonical.ts'

/** L1 as it was read does not have the proposal. */
export class ProposalNotFoundError extends CriticalError {
  override readonly name = 'ProposalNotFoundError'
}

export type ProposalRange = {
  readonly proposals: readonly Proposal[]
  /** By proposal id. */
  readonly proven: ReadonlyMap<bigint, ProvenEnd>
}

export type RangeInput = {
  readonly spec: RollupSpec
  readonly l1: L1 & { readonly reads: L1Reads }
  readonly from: bigint
  readonly to: bigint
  /** L1 block of the first proposal, as the caller knows it; proposals of forks before Shasta are only found by it. */
  readonly l1Block?: bigint
  /** The same, as somebody says it. */
  readonly hint?: bigint
  /** L1 blocks after the last proposal in which proofs are looked for. */
  readonly proofBlocks: bigint
  readonly onProgress: (block: bigint, found: number) => void
  readonly signal: AbortSignal
}

const RETRY = { delayMs: 500, delayMaxMs: 30_000 }
/** L1 blocks of one search for an event; many servers take no more. */
const WINDOW = 10_000n

/** Throws ProposalNotFoundError. */
export async function readProposals(input: RangeInput): Promise<ProposalRange> {
  const { l1Block, hint } = input
  if (l1Block !== undefined) return readFrom(input, l1Block)
  const candidate = hint !== undefined && (await isProposedIn(input, hint, hint)) !== false ? hint : undefined
  const first = candidate ?? (await searchBlock(input))
  try {
    return await readFrom(input, first)
  } catch (error) {
    // A hint may be anything, also a block that an archive does not hold.
    if (!(error instanceof CriticalError) || candidate === undefined) throw error
    return readFrom(input, await searchBlock(input))
  }
}

async function readFrom(input: RangeInput, first: bigint | undefined): Promise<ProposalRange> {
  const { l1, to, from, signal } = input
  const found = createFound(input)
  let cursor = await l1.start(signal, first)
  const read = async (): Promise<void> => {
    const events = l1.follow({ cursor, knownAncestors: async () => [cursor], signal })
    for await (const event of events) {
      if (event.type === 'reorg') throw new ResetError('L1 was reorganised while it was read; run it again')
      if (event.type === 'caughtUp') return found.assertWhole(event.head)
      if (event.type !== 'block') continue
      await found.add(event.block, event.logs)
      cursor = { number: event.block.number, hash: event.block.hash }
      if (found.isEnough(event.block.number)) return
    }
    signal.throwIfAborted()
    throw new ProposalNotFoundError(`L1 ended before proposals ${from} to ${to} were read`)
  }
  await retryTemporary(read, { ...RETRY, signal })
  return found
}

function createFound({ spec, l1, from, to, l1Block, proofBlocks, onProgress, signal }: RangeInput) {
  const proposals: Proposal[] = []
  const proven = new Map<bigint, ProvenEnd>()
  const wanted = to - from + 1n

  async function addProposal(proposal: Proposal, logs: readonly L1Log[]): Promise<void> {
    const isWanted = isOfInbox(proposal.fork) || l1Block !== undefined
    if (!isWanted || proposal.id < from || proposal.id > to) {
      if (isWanted && proposal.id > to && BigInt(proposals.length) < wanted)
        throw new ProposalNotFoundError(
          `proposal ${from + BigInt(proposals.length)} is not where L1 was read: block ${proposal.l1.blockNumber} has proposal ${proposal.id}`,
        )
      return
    }
    if (proposal.id !== from + BigInt(proposals.length))
      throw new ProposalNotFoundError(
        `L1 block ${proposal.l1.blockNumber} has proposal ${proposal.id} out of order`,
      )
    proposals.push(await findCalldata({ l1, signal }, proposal, logs))
  }

  return {
    proposals,
    proven,
    async add(block: L1Header, logs: readonly L1Log[]): Promise<void> {
      for (const log of logs) {
        const proposal = decodeProposal({ spec, log, l1Block: block })
        if (proposal !== null) await addProposal(proposal, logs)
        else if (log.address === spec.l1.inbox) await addProof(block, log)
      }
      onProgress(block.number, proposals.length)
    },
    isEnough(block: bigint): boolean {
      const last = proposals.at(-1)
      if (last === undefined || BigInt(proposals.length) < wanted) return false
      return block >= last.l1.blockNumber + proofBlocks || proposals.every(({ id }) => proven.has(id))
    },
    assertWhole(head: L1Position): void {
      if (BigInt(proposals.length) < wanted)
        throw new ProposalNotFoundError(
          `proposal ${from + BigInt(proposals.length)} is not on L1 up to block ${head.number}`,
        )
    },
  }

  async function addProof(block: L1Header, log: L1Log): Promise<void> {
    const item = await readInboxItem({ spec, l1, signal }, block, log)
    if (item?.type === 'recovered')
      for (const id of proven.keys()) if (id > item.lastFinalizedProposalId) proven.delete(id)
    if (item?.type !== 'proved' || item.claim.type !== 'commitment') return
    const { firstProposalId, transitions } = item.claim.commitment
    for (const [index, { blockHash }] of transitions.entries()) {
      const id = firstProposalId + BigInt(index)
      if (id >= from && id <= to)
        proven.set(id, { hash: blockHash, l1Block: item.l1Block, transactionHash: item.transactionHash })
    }
  }
}

/** The L1 block of the first proposal by its event's id, on a provider's word: what is read there is verified. Undefined where L1 cannot be searched. */
async function searchBlock(input: RangeInput): Promise<bigint | undefined> {
  const { spec, l1, signal } = input
  const { number: newest } = await l1.newest(signal)
  for (let from = spec.l1.startBlock; from <= newest; from += WINDOW) {
    const to = from + WINDOW - 1n < newest ? from + WINDOW - 1n : newest
    const isThere = await isProposedIn(input, from, to)
    if (isThere === undefined) return undefined
    if (isThere) return narrow(input, from, to)
    input.onProgress(to, 0)
  }
  throw new ProposalNotFoundError(`proposal ${input.from} is not on L1 up to block ${newest}`)
}

async function narrow(input: RangeInput, from: bigint, to: bigint): Promise<bigint> {
  let [low, high] = [from, to]
  while (low < high) {
    const middle = (low + high) / 2n
    if (await isProposedIn(input, low, middle)) high = middle
    else low = middle + 1n
  }
  return low
}

/** Undefined where there is nobody to ask: an archive is read in order. */
async function isProposedIn(
  { spec, l1, from, signal }: RangeInput,
  fromBlock: bigint,
  toBlock: bigint,
): Promise<boolean | undefined> {
  const id: Hash = `0x${from.toString(16).padStart(64, '0')}`
  const filter = { address: spec.l1.inbox, topics: [PROPOSED_TOPIC, id], fromBlock, toBlock }
  try {
    return (await l1.reads.logData(filter, signal)).length > 0
  } catch (error) {
    if (error instanceof TemporaryError) return undefined
    throw error
  }
}
