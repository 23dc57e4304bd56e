/** `Proposed` events of the inbox, and the hash that chains them. D-1..D-4. */
import { encodeAbiParameters } from 'viem'
import { assert } from '../../primitives/assert.ts'
import { toSafeNumber } from '../../primitives/bigint.ts'
import { type Address, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { inboxForkAt, type RollupSpec } from '../../spec/rollupSpec.ts'
import { decodeEvent } from '../events.ts'
import type { DerivationSource, L1BlockRef, Proposal, Protocol } from '../protocol.ts'
import { inboxAbi, proposalParameters } from './abi.ts'

export const PROPOSED_TOPIC: Hash = '0x7c4c4523e17533e451df15762a093e0693a2cd8b279fe54c6cd3777ed5771213'

export type ShastaDetails = {
  readonly type: 'shasta'
  /** Last second at which the window's owner could propose; 0 when the schedule has no windows. */
  readonly endOfSubmissionWindowTimestamp: bigint
}

/** The id of the pseudo-proposal the inbox makes of itself when it is activated; it derives no blocks. */
const ACTIVATION_ID = 0n

export const decodeProposal: Protocol['decodeProposal'] = ({ spec, log, l1Block }) => {
  if (log.address !== spec.l1.inbox || log.topics[0] !== PROPOSED_TOPIC) return null
  assert(log.blockHash === l1Block.hash, `a log of ${log.blockHash} was given the L1 block ${l1Block.hash}`)
  const event = decodeEvent(inboxAbi, 'Proposed', log)
  const id = BigInt(event.id)
  if (id === ACTIVATION_ID) return null
  return toProposal({
    spec,
    event: {
      id,
      proposer: event.proposer.toLowerCase() as Address,
      parentHash: event.parentProposalHash,
      endOfSubmissionWindowTimestamp: BigInt(event.endOfSubmissionWindowTimestamp),
      basefeeSharingPctg: event.basefeeSharingPctg,
      sources: event.sources.map(toSource),
      ...originOf(l1Block),
    },
    l1: log,
  })
}

/** The proposal in what the inbox hashes, as the event or a prover's input gives it. */
export function toProposal(input: {
  readonly spec: RollupSpec
  readonly event: HashedProposal
  readonly l1: Proposal['l1']
}): Proposal {
  const { endOfSubmissionWindowTimestamp, ...event } = input.event
  const { blockNumber, blockHash, transactionHash, logIndex } = input.l1
  const details: ShastaDetails = { type: 'shasta', endOfSubmissionWindowTimestamp }
  return {
    ...event,
    fork: inboxForkAt(input.spec, event.timestamp),
    hash: hashProposal(input.event),
    l1: { blockNumber, blockHash, transactionHash, logIndex },
    details,
  }
}

/** Timestamp of the last slot of the proposer's window, in seconds; undefined for another fork, or where there was no window. */
export function windowEndOf({ details }: Proposal): bigint | undefined {
  const { type, endOfSubmissionWindowTimestamp: end } = (details ?? {}) as Partial<ShastaDetails>
  return type === 'shasta' && end !== 0n ? end : undefined
}

/** The event does not say when it happened: the contract takes it from its block and that block's parent. D-2. */
function originOf(l1Block: L1BlockRef) {
  return {
    timestamp: l1Block.timestamp,
    originBlockNumber: l1Block.number - 1n,
    originBlockHash: l1Block.parentHash,
  }
}

function toSource(source: {
  readonly isForcedInclusion: boolean
  readonly blobSlice: {
    readonly blobHashes: readonly Hash[]
    readonly offset: number
    readonly timestamp: number
  }
}): DerivationSource {
  const { blobHashes, offset, timestamp } = source.blobSlice
  return {
    isForcedInclusion: source.isForcedInclusion,
    blobSlice: { blobHashes, offset, timestamp: BigInt(timestamp) },
  }
}

/** What the inbox hashes of a proposal. */
export type HashedProposal = {
  readonly id: bigint
  /** Seconds. */
  readonly timestamp: bigint
  readonly endOfSubmissionWindowTimestamp: bigint
  readonly proposer: Address
  readonly parentHash: Hash
  readonly originBlockNumber: bigint
  readonly originBlockHash: Hash
  readonly basefeeSharingPctg: number
  readonly sources: readonly DerivationSource[]
}

/** keccak256(abi.encode(Proposal)). D-4. */
export function hashProposal(proposal: HashedProposal): Hash {
  const encoded = encodeAbiParameters(proposalParameters, [
    {
      id: toSafeNumber(proposal.id),
      timestamp: toSafeNumber(proposal.timestamp),
      endOfSubmissionWindowTimestamp: toSafeNumber(proposal.endOfSubmissionWindowTimestamp),
      proposer: proposal.proposer,
      parentProposalHash: proposal.parentHash,
      originBlockNumber: toSafeNumber(proposal.originBlockNumber),
      originBlockHash: proposal.originBlockHash,
      basefeeSharingPctg: proposal.basefeeSharingPctg,
      sources: proposal.sources.map(({ isForcedInclusion, blobSlice }) => ({
        isForcedInclusion,
        blobSlice: { ...blobSlice, timestamp: toSafeNumber(blobSlice.timestamp) },
      })),
    },
  ])
  return keccak256Hex(hexToBytes(encoded))
}
