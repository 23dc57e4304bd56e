/** What the inbox says of itself, read at one L1 block. IInbox of taiko-mono; taiko.md §2.1, §2.10. */
import { type Abi, decodeFunctionResult, encodeFunctionData, parseAbi } from 'viem'
import type { Address, Hash, Hex } from '../primitives/hex.ts'
import type { BlobSlice } from '../protocol/protocol.ts'
import { FORCED_INCLUSIONS_MAX } from '../protocol/shasta/forcedInclusions.ts'
import type { RpcRequest } from './l1Rpc.ts'

const READS = parseAbi([
  'struct CoreState { uint48 nextProposalId; uint48 lastProposalBlockId; uint48 lastFinalizedProposalId; uint48 lastFinalizedTimestamp; uint48 lastCheckpointTimestamp; bytes32 lastFinalizedBlockHash; }',
  'struct Config { address proofVerifier; address proposerChecker; address proverWhitelist; address signalService; address bondToken; uint64 minBond; uint64 livenessBond; uint48 withdrawalDelay; uint48 provingWindow; uint48 permissionlessProvingDelay; uint48 maxProofSubmissionDelay; uint48 ringBufferSize; uint8 basefeeSharingPctg; uint16 forcedInclusionDelay; uint64 forcedInclusionFeeInGwei; uint64 forcedInclusionFeeDoubleThreshold; uint8 permissionlessInclusionMultiplier; }',
  'struct BlobSlice { bytes32[] blobHashes; uint24 offset; uint48 timestamp; }',
  'struct ForcedInclusion { uint64 feeInGwei; BlobSlice blobSlice; }',
  'function getCoreState() view returns (CoreState)',
  'function getConfig() view returns (Config)',
  'function getProposalHash(uint256 proposalId) view returns (bytes32)',
  'function getForcedInclusionState() view returns (uint48 head, uint48 tail)',
  'function getForcedInclusions(uint48 start, uint48 maxCount) view returns (ForcedInclusion[])',
])

export type InboxConfig = {
  readonly proofVerifier: Address
  /** Percent. */
  readonly basefeeSharingPctg: number
  /** Seconds. */
  readonly forcedInclusionDelay: bigint
  /** After so many delays anyone may propose. */
  readonly permissionlessInclusionMultiplier: bigint
  /** Proposals that may wait for a proof, plus one. */
  readonly ringBufferSize: bigint
}

export type InboxState = {
  readonly nextProposalId: bigint
  readonly lastFinalizedProposalId: bigint
  readonly lastFinalizedBlockHash: Hash
}

export type InboxReader = {
  /** Immutable, so read once. */
  config(signal?: AbortSignal): Promise<InboxConfig>
  state(at: Hash, signal?: AbortSignal): Promise<InboxState>
  /** Of a proposal that a proof does not cover yet; older ones may be overwritten. */
  proposalHash(id: bigint, at: Hash, signal?: AbortSignal): Promise<Hash>
  /** The oldest of the queue, at most FORCED_INCLUSIONS_MAX. */
  forcedInclusions(at: Hash, signal?: AbortSignal): Promise<readonly BlobSlice[]>
}

export function createInboxReader(rpc: RpcRequest, inbox: Address): InboxReader {
  let config: Promise<InboxConfig> | undefined

  const read = async <T>(
    functionName: string,
    args: readonly unknown[],
    at: 'latest' | { readonly blockHash: Hash },
    signal?: AbortSignal,
  ): Promise<T> => {
    const abi: Abi = READS
    const data = encodeFunctionData({ abi, functionName, args })
    const result = (await rpc('eth_call', [{ to: inbox, data }, at], signal)) as Hex
    return decodeFunctionResult({ abi, functionName, data: result }) as T
  }

  const readConfig = async (signal?: AbortSignal): Promise<InboxConfig> => {
    const raw = await read<{
      proofVerifier: Address
      basefeeSharingPctg: number
      forcedInclusionDelay: number
      permissionlessInclusionMultiplier: number
      ringBufferSize: number
    }>('getConfig', [], 'latest', signal)
    return {
      proofVerifier: raw.proofVerifier.toLowerCase() as Address,
      basefeeSharingPctg: raw.basefeeSharingPctg,
      forcedInclusionDelay: BigInt(raw.forcedInclusionDelay),
      permissionlessInclusionMultiplier: BigInt(raw.permissionlessInclusionMultiplier),
      ringBufferSize: BigInt(raw.ringBufferSize),
    }
  }

  return {
    async config(signal) {
      config ??= readConfig(signal)
      try {
        return await config
      } catch (error) {
        config = undefined
        throw error
      }
    },
    async state(blockHash, signal) {
      const raw = await read<{
        nextProposalId: number
        lastFinalizedProposalId: number
        lastFinalizedBlockHash: Hash
      }>('getCoreState', [], { blockHash }, signal)
      return {
        nextProposalId: BigInt(raw.nextProposalId),
        lastFinalizedProposalId: BigInt(raw.lastFinalizedProposalId),
        lastFinalizedBlockHash: raw.lastFinalizedBlockHash,
      }
    },
    proposalHash: (id, blockHash, signal) => read<Hash>('getProposalHash', [id], { blockHash }, signal),
    async forcedInclusions(blockHash, signal) {
      const [head] = await read<readonly [number, number]>(
        'getForcedInclusionState',
        [],
        { blockHash },
        signal,
      )
      const raw = await read<
        readonly { blobSlice: { blobHashes: readonly Hash[]; offset: number; timestamp: number } }[]
      >('getForcedInclusions', [head, FORCED_INCLUSIONS_MAX], { blockHash }, signal)
      return raw.map(({ blobSlice }) => ({ ...blobSlice, timestamp: BigInt(blobSlice.timestamp) }))
    },
  }
}
