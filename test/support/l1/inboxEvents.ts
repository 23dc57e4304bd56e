/** Logs exactly as the contracts emit them. */
import { encodeAbiParameters, encodeEventTopics, getAbiItem } from 'viem'
import { type Address, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import type { Log } from '../../../src/primitives/receipt.ts'
import type { L2Checkpoint } from './inbox.ts'
import { INBOX_ABI, TOKEN_ABI } from './inboxAbi.ts'
import type { InboxBlobSlice, InboxProposal } from './inboxState.ts'

export function proposedLog(inbox: Address, proposal: InboxProposal): Log {
  const sources = proposal.sources.map(({ isForcedInclusion, blobSlice }) => ({
    isForcedInclusion,
    blobSlice: { ...blobSlice, timestamp: Number(blobSlice.timestamp) },
  }))
  return {
    address: inbox,
    topics: topicsOf('Proposed', { id: Number(proposal.id), proposer: proposal.proposer }),
    data: dataOf('Proposed', [
      proposal.parentProposalHash,
      Number(proposal.endOfSubmissionWindowTimestamp),
      proposal.basefeeSharingPctg,
      sources,
    ]),
  }
}

export function provedLog(
  inbox: Address,
  range: {
    readonly first: bigint
    readonly firstNew: bigint
    readonly last: bigint
    readonly actualProver: Address
  },
): Log {
  return {
    address: inbox,
    topics: topicsOf('Proved', { actualProver: range.actualProver }),
    data: dataOf('Proved', [Number(range.first), Number(range.firstNew), Number(range.last)]),
  }
}

export function stateRecoveredLog(inbox: Address, next: bigint, lastFinalized: bigint, hash: Hash): Log {
  const data = dataOf('StateRecovered', [Number(next), Number(lastFinalized), hash])
  return { address: inbox, topics: topicsOf('StateRecovered'), data }
}

export function forcedInclusionSavedLog(inbox: Address, feeInGwei: bigint, slice: InboxBlobSlice): Log {
  const blobSlice = { ...slice, timestamp: Number(slice.timestamp) }
  const data = dataOf('ForcedInclusionSaved', [{ feeInGwei, blobSlice }])
  return { address: inbox, topics: topicsOf('ForcedInclusionSaved'), data }
}

export function forcedInclusionsVoidedLog(inbox: Address, oldHead: number, newHead: number): Log {
  const data = dataOf('ForcedInclusionsVoided', [oldHead, newHead])
  return { address: inbox, topics: topicsOf('ForcedInclusionsVoided'), data }
}

/** Of the proxy. */
export function upgradedLog(inbox: Address, implementation: Address): Log {
  return { address: inbox, topics: topicsOf('Upgraded', { implementation }), data: new Uint8Array(0) }
}

export function inboxActivatedLog(inbox: Address, lastPacayaBlockHash: Hash): Log {
  const data = dataOf('InboxActivated', [lastPacayaBlockHash])
  return { address: inbox, topics: topicsOf('InboxActivated'), data }
}

export function checkpointSavedLog(signalService: Address, checkpoint: L2Checkpoint): Log {
  return {
    address: signalService,
    topics: topicsOf('CheckpointSaved', { blockNumber: Number(checkpoint.blockNumber) }),
    data: dataOf('CheckpointSaved', [checkpoint.blockHash, checkpoint.stateRoot]),
  }
}

/** A log that is none of ours, as most of L1's are. */
export function tokenTransferLog(token: Address, from: Address, to: Address, value: bigint): Log {
  const [transfer] = TOKEN_ABI
  return {
    address: token,
    topics: encodeEventTopics({ abi: [transfer], args: { from, to } }) as Hash[],
    data: hexToBytes(encodeAbiParameters([{ type: 'uint256' }], [value])),
  }
}

type EventName = Extract<(typeof INBOX_ABI)[number], { type: 'event' }>['name']

function topicsOf(eventName: EventName, args: Record<string, unknown> = {}): Hash[] {
  return encodeEventTopics({ abi: INBOX_ABI, eventName, args } as Parameters<
    typeof encodeEventTopics
  >[0]) as Hash[]
}

function dataOf(name: EventName, values: readonly unknown[]): Uint8Array {
  const { inputs } = getAbiItem({ abi: INBOX_ABI, name }) as {
    inputs: readonly { type: string; indexed?: boolean }[]
  }
  return hexToBytes(
    encodeAbiParameters(
      inputs.filter((input) => input.indexed !== true),
      values,
    ),
  )
}
