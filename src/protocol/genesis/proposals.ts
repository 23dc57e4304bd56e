/** `BlockProposed` events of the inbox before Ontake: one proposal, one block. D-1, D-5, D-6, D-19, D-51. */
import { encodeAbiParameters } from 'viem'
import { assert } from '../../primitives/assert.ts'
import { type Address, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { decodeEvent } from '../events.ts'
import type { DerivationSource, Proposal, Protocol } from '../protocol.ts'
import { UnsupportedForkError } from '../unsupportedFork.ts'
import { inboxAbi, metaParameters } from './abi.ts'

export const BLOCK_PROPOSED_TOPIC: Hash = '0xcda4e564245eb15494bc6da29f6a42e1941cf57f5314bf35bab8a1fca0a9c60a'

type GenesisDetails = {
  readonly type: 'genesis'
  /** 32 bytes of the proposer's choice, usually its client's name; they say nothing of fees. */
  readonly extraData: Hash
  /** The block's mixHash. */
  readonly difficulty: Hash
  readonly coinbase: Address
  /** Without the anchor transaction's gas. */
  readonly gasLimit: bigint
  /** Of the block, in seconds. */
  readonly timestamp: bigint
}

type BlockMetadata = Parameters<typeof encodeAbiParameters<typeof metaParameters>>[1][0]

export const decodeProposal: Protocol['decodeProposal'] = ({ spec, log, l1Block }) => {
  if (log.address !== spec.l1.legacyInbox || log.topics[0] !== BLOCK_PROPOSED_TOPIC) return null
  assert(log.blockHash === l1Block.hash, `a log of ${log.blockHash} was given the L1 block ${l1Block.hash}`)
  const { meta, depositsProcessed } = decodeEvent(inboxAbi, 'BlockProposed', log)
  // Genesis itself; the reference driver ignores it likewise.
  if (meta.id === 0n) return null
  return toProposal({ meta, deposits: depositsProcessed.length, timestamp: l1Block.timestamp, l1: log })
}

/** The proposal in a block's metadata, as the event or a prover's input holds it. `timestamp` is the L1 block's. */
export function toProposal(input: {
  readonly meta: BlockMetadata
  /** How many deposits the event says to pay out. */
  readonly deposits: number
  readonly timestamp: bigint
  readonly l1: Proposal['l1']
  /** The list, where it is known already and came by calldata. */
  readonly calldata?: Uint8Array
}): Proposal {
  const { meta, timestamp, l1 } = input
  if (input.deposits > 0)
    throw new UnsupportedForkError({
      blockNumber: meta.id,
      fork: 'genesis',
      missing: 'its event pays out deposits, which no inbox of Mainnet or Hekla ever did',
    })
  const details: GenesisDetails = {
    type: 'genesis',
    extraData: meta.extraData,
    difficulty: meta.difficulty,
    coinbase: meta.coinbase.toLowerCase() as Address,
    gasLimit: BigInt(meta.gasLimit),
    timestamp: meta.timestamp,
  }
  const { blockNumber, blockHash, transactionHash, logIndex } = l1
  return {
    fork: 'genesis',
    id: meta.id,
    proposer: meta.sender.toLowerCase() as Address,
    timestamp,
    originBlockNumber: meta.l1Height,
    originBlockHash: meta.l1Hash,
    // Before Ontake the treasury has the whole base fee.
    basefeeSharingPctg: 0,
    sources: [toSource(input)],
    hash: keccak256Hex(hexToBytes(encodeAbiParameters(metaParameters, [meta]))),
    l1: { blockNumber, blockHash, transactionHash, logIndex },
    details,
  }
}

function toSource(input: {
  readonly meta: BlockMetadata
  readonly timestamp: bigint
  readonly calldata?: Uint8Array
}): DerivationSource {
  const { meta, timestamp, calldata } = input
  // The whole payload of the transaction's first blob: offset and length came with Ontake.
  const blobHashes = meta.blobUsed ? [meta.blobHash] : []
  const source = { isForcedInclusion: false, blobSlice: { blobHashes, offset: 0, timestamp } }
  if (meta.blobUsed) return source
  return { ...source, calldataHash: meta.blobHash, ...(calldata && { calldata }) }
}

/** The event's own part of a proposal before Ontake. */
export function genesisDetails(proposal: Proposal): GenesisDetails {
  const details = proposal.details as GenesisDetails
  assert(details.type === 'genesis', `proposal ${proposal.id} is not a block before Ontake`)
  return details
}
