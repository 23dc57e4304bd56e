/** The proposal of a guest input: the structs of the inbox's event, under the name of their fork. */
import { z } from 'zod'
import { ZERO_HASH } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import * as genesis from '../../protocol/genesis/proposals.ts'
import * as ontake from '../../protocol/ontake/proposals.ts'
import * as pacaya from '../../protocol/pacaya/proposals.ts'
import type { Proposal } from '../../protocol/protocol.ts'
import { hashProposal, type ShastaDetails } from '../../protocol/shasta/proposals.ts'
import { inboxForkAt, type RollupSpec } from '../../spec/rollupSpec.ts'
import { requireInput } from '../input.ts'
import { address, bytes, hash, quantity } from './fields.ts'

const count = quantity.transform(Number)

const shastaProposal = z.object({
  id: quantity,
  timestamp: quantity,
  endOfSubmissionWindowTimestamp: quantity,
  proposer: address,
  parentProposalHash: hash,
  originBlockNumber: quantity,
  originBlockHash: hash,
  basefeeSharingPctg: count,
  sources: z.array(
    z.object({
      isForcedInclusion: z.boolean(),
      blobSlice: z.object({ blobHashes: z.array(hash), offset: count, timestamp: quantity }),
    }),
  ),
})

const baseFeeConfig = z.object({
  adjustmentQuotient: count,
  sharingPctg: count,
  gasIssuancePerSecond: count,
  minGasExcess: quantity,
  maxGasIssuancePerBlock: count,
})

const batchInfo = z.object({
  txsHash: hash,
  blocks: z.array(z.object({ numTransactions: count, timeShift: count, signalSlots: z.array(hash) })),
  blobHashes: z.array(hash),
  extraData: hash,
  coinbase: address,
  proposedIn: quantity,
  blobCreatedIn: quantity,
  blobByteOffset: count,
  blobByteSize: count,
  gasLimit: count,
  lastBlockId: quantity,
  lastBlockTimestamp: quantity,
  anchorBlockId: quantity,
  anchorBlockHash: hash,
  baseFeeConfig,
})

const batchMetadata = z.object({ infoHash: hash, proposer: address, batchId: quantity, proposedAt: quantity })

const blockMetadata = z.object({
  anchorBlockHash: hash,
  difficulty: hash,
  blobHash: hash,
  extraData: hash,
  coinbase: address,
  id: quantity,
  gasLimit: count,
  timestamp: quantity,
  anchorBlockId: quantity,
  minTier: count,
  blobUsed: z.boolean(),
  parentMetaHash: hash,
  proposer: address,
  livenessBond: z.union([z.number().nonnegative().transform(BigInt), quantity]),
  proposedAt: quantity,
  proposedIn: quantity,
  blobTxListOffset: count,
  blobTxListLength: count,
  blobIndex: count,
  baseFeeConfig,
})

const blockMetadataV1 = z.object({
  l1Hash: hash,
  difficulty: hash,
  blobHash: hash,
  extraData: hash,
  depositsHash: hash,
  coinbase: address,
  id: quantity,
  gasLimit: count,
  timestamp: quantity,
  l1Height: quantity,
  minTier: count,
  blobUsed: z.boolean(),
  parentMetaHash: hash,
  sender: address,
})

/** The event before Ontake, which had no fork to name yet; provers that knew the next one call it by a testnet of its time. */
const blockProposed = z.object({ meta: blockMetadataV1, depositsProcessed: z.array(z.unknown()) })

const proposal = z.union([
  z.object({ Shasta: z.object({ proposal: shastaProposal }) }),
  z.object({ Pacaya: z.object({ info: batchInfo, meta: batchMetadata, txList: bytes }) }),
  z.object({ Ontake: z.object({ meta: blockMetadata }) }),
  z.object({ Hekla: blockProposed }),
  blockProposed.transform((event) => ({ Hekla: event })),
])

/** `calldata`: the list of a block of Ontake or before that came without a blob. */
export function parseProposal(spec: RollupSpec, json: unknown, calldata?: Uint8Array): Proposal {
  const proposal = readProposal(spec, json, calldata)
  for (const { calldata: list, calldataHash } of proposal.sources) {
    if (calldataHash === undefined) continue
    requireInput(list !== undefined, "the file lacks the proposal's list, which came by calldata")
    const hash = keccak256Hex(list)
    requireInput(hash === calldataHash, `the proposal's list hashes to ${hash}, not ${calldataHash}`)
  }
  return proposal
}

function readProposal(spec: RollupSpec, json: unknown, calldata?: Uint8Array): Proposal {
  requireInput(
    isKnownFork(json),
    'the proposal is of no fork we know (BlockProposed of the genesis fork, Ontake, Pacaya, Shasta)',
  )
  const parsed = proposal.parse(json)
  if ('Shasta' in parsed) return toShastaProposal(spec, parsed.Shasta.proposal)
  if ('Pacaya' in parsed) {
    const { info, meta, txList } = parsed.Pacaya
    const infoHash = pacaya.hashBatchInfo(info)
    requireInput(infoHash === meta.infoHash, `the batch info hashes to ${infoHash}, not ${meta.infoHash}`)
    return pacaya.toProposal({ info, meta, txList, timestamp: meta.proposedAt, l1: l1Place(info.proposedIn) })
  }
  if ('Hekla' in parsed) {
    const { meta, depositsProcessed } = parsed.Hekla
    return genesis.toProposal({
      meta,
      deposits: depositsProcessed.length,
      timestamp: meta.timestamp,
      // The contract anchors a block to the L1 block before its own.
      l1: l1Place(meta.l1Height + 1n),
      ...(calldata && { calldata }),
    })
  }
  const { meta } = parsed.Ontake
  return ontake.toProposal({
    meta,
    timestamp: meta.proposedAt,
    l1: l1Place(meta.proposedIn),
    ...(calldata && { calldata }),
  })
}

function isKnownFork(json: unknown): boolean {
  return (
    typeof json === 'object' &&
    json !== null &&
    ['Shasta', 'Pacaya', 'Ontake', 'Hekla', 'depositsProcessed'].some((name) => name in json)
  )
}

function toShastaProposal(spec: RollupSpec, parsed: z.output<typeof shastaProposal>): Proposal {
  const { parentProposalHash, endOfSubmissionWindowTimestamp, ...rest } = parsed
  const details: ShastaDetails = { type: 'shasta', endOfSubmissionWindowTimestamp }
  const fields = { ...rest, parentHash: parentProposalHash }
  return {
    ...fields,
    fork: inboxForkAt(spec, rest.timestamp),
    hash: hashProposal({ ...fields, endOfSubmissionWindowTimestamp }),
    l1: l1Place(rest.originBlockNumber + 1n),
    details,
  }
}

/** A captured input does not say which transaction proposed it. */
function l1Place(blockNumber: bigint): Proposal['l1'] {
  return { blockNumber, blockHash: ZERO_HASH, transactionHash: ZERO_HASH, logIndex: 0 }
}
