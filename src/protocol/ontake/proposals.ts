/** `BlockProposedV2` events of the Ontake inbox: one proposal, one block. D-1, D-6, D-19, D-51. */
import { encodeAbiParameters } from 'viem'
import { assert } from '../../primitives/assert.ts'
import { type Address, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { decodeEvent } from '../events.ts'
import { type BaseFeeConfig, toBaseFeeConfig } from '../legacy/baseFeeConfig.ts'
import type { DerivationSource, Proposal, Protocol } from '../protocol.ts'
import { inboxAbi, metaParameters } from './abi.ts'

export const BLOCK_PROPOSED_V2_TOPIC: Hash =
  '0xefe9c6c0b5cbd9c0eed2d1e9c00cfc1a010d6f1aff50f7facd665a639b622b26'

export type OntakeDetails = {
  readonly type: 'ontake'
  readonly extraData: Hash
  readonly coinbase: Address
  /** Without the anchor transaction's gas. */
  readonly gasLimit: bigint
  /** Of the block, in seconds. */
  readonly timestamp: bigint
  readonly baseFeeConfig: BaseFeeConfig
}

export type BlockMetadataV2 = Parameters<typeof encodeAbiParameters<typeof metaParameters>>[1][0]

export const decodeProposal: Protocol['decodeProposal'] = ({ spec, log, l1Block }) => {
  if (log.address !== spec.l1.legacyInbox || log.topics[0] !== BLOCK_PROPOSED_V2_TOPIC) return null
  assert(log.blockHash === l1Block.hash, `a log of ${log.blockHash} was given the L1 block ${l1Block.hash}`)
  const { meta } = decodeEvent(inboxAbi, 'BlockProposedV2', log)
  return toProposal({ meta, timestamp: l1Block.timestamp, l1: log })
}

/** The proposal in a block's metadata, as the event or a prover's input holds it. `timestamp` is the L1 block's. */
export function toProposal(input: {
  readonly meta: BlockMetadataV2
  readonly timestamp: bigint
  readonly l1: Proposal['l1']
  /** The list, where it came by calldata and not in a blob. */
  readonly calldata?: Uint8Array
}): Proposal {
  const { meta, timestamp, l1 } = input
  const details: OntakeDetails = {
    type: 'ontake',
    extraData: meta.extraData,
    coinbase: meta.coinbase.toLowerCase() as Address,
    gasLimit: BigInt(meta.gasLimit),
    timestamp: meta.timestamp,
    baseFeeConfig: toBaseFeeConfig(meta.baseFeeConfig),
  }
  const { blockNumber, blockHash, transactionHash, logIndex } = l1
  return {
    fork: 'ontake',
    id: meta.id,
    proposer: meta.proposer.toLowerCase() as Address,
    timestamp,
    originBlockNumber: meta.anchorBlockId,
    originBlockHash: meta.anchorBlockHash,
    basefeeSharingPctg: meta.baseFeeConfig.sharingPctg,
    sources: [toSource(input)],
    hash: hashBlockMetadata(meta),
    l1: { blockNumber, blockHash, transactionHash, logIndex },
    details,
  }
}

function toSource(input: {
  readonly meta: BlockMetadataV2
  readonly timestamp: bigint
  readonly calldata?: Uint8Array
}): DerivationSource {
  const { meta, timestamp, calldata } = input
  if (meta.blobUsed) {
    const { blobHash, blobTxListOffset: offset, blobTxListLength: size } = meta
    return { isForcedInclusion: false, blobSlice: { blobHashes: [blobHash], offset, size, timestamp } }
  }
  const blobSlice = { blobHashes: [], offset: 0, timestamp }
  return { isForcedInclusion: false, blobSlice, calldataHash: meta.blobHash, ...(calldata && { calldata }) }
}

/** keccak256(abi.encode(meta)). */
function hashBlockMetadata(meta: BlockMetadataV2): Hash {
  return keccak256Hex(hexToBytes(encodeAbiParameters(metaParameters, [meta])))
}

/** The event's own part of an Ontake proposal. */
export function ontakeDetails(proposal: Proposal): OntakeDetails {
  const details = proposal.details as OntakeDetails
  assert(details.type === 'ontake', `proposal ${proposal.id} is not an Ontake block`)
  return details
}
