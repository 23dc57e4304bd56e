/** `BatchProposed` events of the Pacaya inbox and their hashes. D-1, D-5, D-6, D-51. */
import { encodeAbiParameters } from 'viem'
import { assert } from '../../primitives/assert.ts'
import { type Address, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { decodeEvent } from '../events.ts'
import { type BaseFeeConfig, toBaseFeeConfig } from '../legacy/baseFeeConfig.ts'
import type { Proposal, Protocol } from '../protocol.ts'
import { inboxAbi, infoParameters, metaParameters, txsParameters } from './abi.ts'

export const BATCH_PROPOSED_TOPIC: Hash = '0x9eb7fc80523943f28950bbb71ed6d584effe3e1e02ca4ddc8c86e5ee1558c096'

export type PacayaDetails = {
  readonly type: 'pacaya'
  readonly blocks: readonly {
    readonly numTransactions: number
    /** Seconds after the block before. */
    readonly timeShift: bigint
    readonly signalSlots: readonly Hash[]
  }[]
  readonly extraData: Hash
  readonly coinbase: Address
  /** Without the anchor transaction's gas. */
  readonly gasLimit: bigint
  readonly lastBlockId: bigint
  /** Seconds. */
  readonly lastBlockTimestamp: bigint
  readonly baseFeeConfig: BaseFeeConfig
  readonly infoHash: Hash
  readonly txsHash: Hash
}

export type BatchInfo = Parameters<typeof encodeAbiParameters<typeof infoParameters>>[1][0]
export type BatchMetadata = Parameters<typeof encodeAbiParameters<typeof metaParameters>>[1][0]

export const decodeProposal: Protocol['decodeProposal'] = ({ spec, log, l1Block }) => {
  if (log.address !== spec.l1.legacyInbox || log.topics[0] !== BATCH_PROPOSED_TOPIC) return null
  assert(log.blockHash === l1Block.hash, `a log of ${log.blockHash} was given the L1 block ${l1Block.hash}`)
  const { info, meta, txList } = decodeEvent(inboxAbi, 'BatchProposed', log)
  return toProposal({ info, meta, txList: hexToBytes(txList), timestamp: l1Block.timestamp, l1: log })
}

/** The proposal in a batch's structs, as the event or a prover's input holds them. `timestamp` is the L1 block's. */
export function toProposal(input: {
  readonly info: BatchInfo
  readonly meta: BatchMetadata
  readonly txList: Uint8Array
  readonly timestamp: bigint
  readonly l1: Proposal['l1']
}): Proposal {
  const { info, meta, timestamp, l1 } = input
  const details: PacayaDetails = {
    type: 'pacaya',
    blocks: info.blocks.map(({ numTransactions, timeShift, signalSlots }) => ({
      numTransactions,
      timeShift: BigInt(timeShift),
      signalSlots,
    })),
    extraData: info.extraData,
    coinbase: info.coinbase.toLowerCase() as Address,
    gasLimit: BigInt(info.gasLimit),
    lastBlockId: info.lastBlockId,
    lastBlockTimestamp: info.lastBlockTimestamp,
    baseFeeConfig: toBaseFeeConfig(info.baseFeeConfig),
    infoHash: meta.infoHash,
    txsHash: info.txsHash,
  }
  const { blockNumber, blockHash, transactionHash, logIndex } = l1
  return {
    fork: 'pacaya',
    id: meta.batchId,
    proposer: meta.proposer.toLowerCase() as Address,
    timestamp,
    originBlockNumber: info.anchorBlockId,
    originBlockHash: info.anchorBlockHash,
    basefeeSharingPctg: info.baseFeeConfig.sharingPctg,
    sources: [
      {
        isForcedInclusion: isCreatedEarlier(info),
        blobSlice: {
          blobHashes: info.blobHashes,
          offset: info.blobByteOffset,
          size: info.blobByteSize,
          timestamp,
          ...(isCreatedEarlier(info) ? { createdInBlock: info.blobCreatedIn } : {}),
        },
        ...(info.blobHashes.length === 0 ? { calldata: input.txList } : {}),
      },
    ],
    hash: hashBatchMetadata(meta),
    l1: { blockNumber, blockHash, transactionHash, logIndex },
    details,
  }
}

/** Only a forced inclusion uses blobs of an earlier L1 block. 0 means the batch's own. */
function isCreatedEarlier(info: BatchInfo): boolean {
  return info.blobCreatedIn !== 0n && info.blobCreatedIn !== info.proposedIn
}

export function hashBatchInfo(info: BatchInfo): Hash {
  return keccak256Hex(hexToBytes(encodeAbiParameters(infoParameters, [info])))
}

export function hashBatchMetadata(meta: BatchMetadata): Hash {
  return keccak256Hex(hexToBytes(encodeAbiParameters(metaParameters, [meta])))
}

export function hashTransactions(txList: Uint8Array, blobHashes: readonly Hash[]): Hash {
  return keccak256Hex(hexToBytes(encodeAbiParameters(txsParameters, [keccak256Hex(txList), blobHashes])))
}

/** The event's own part of a Pacaya proposal. */
export function pacayaDetails(proposal: Proposal): PacayaDetails {
  const details = proposal.details as PacayaDetails
  assert(details.type === 'pacaya', `proposal ${proposal.id} is not a Pacaya batch`)
  return details
}
