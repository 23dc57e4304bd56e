/** The views that tell schedules apart and say what they decide. Inbox, WhitelistSchedule, LookaheadSchedule, ValidatorMap, registry. */
import { type Abi, decodeFunctionResult, encodeFunctionData, parseAbi } from 'viem'
import type { ContractCall } from '../l1/reads.ts'
import { TemporaryError } from '../primitives/errors.ts'
import type { Address, Hex } from '../primitives/hex.ts'

export const SCHEDULE_ABI = parseAbi([
  'struct Config { address proofVerifier; address proposerChecker; address proverWhitelist; address signalService; address bondToken; uint64 minBond; uint64 livenessBond; uint48 withdrawalDelay; uint48 provingWindow; uint48 permissionlessProvingDelay; uint48 maxProofSubmissionDelay; uint48 ringBufferSize; uint8 basefeeSharingPctg; uint16 forcedInclusionDelay; uint64 forcedInclusionFeeInGwei; uint64 forcedInclusionFeeDoubleThreshold; uint8 permissionlessInclusionMultiplier; }',
  'struct BlobSlice { bytes32[] blobHashes; uint24 offset; uint48 timestamp; }',
  'struct ForcedInclusion { uint64 feeInGwei; BlobSlice blobSlice; }',
  'struct BeaconBlockHeader { uint64 slot; uint64 proposerIndex; bytes32 parentRoot; bytes32 stateRoot; bytes32 bodyRoot; }',
  'struct BeaconSettings { address beaconRoots; uint48 beaconGenesis; uint48 secondsPerSlot; uint48 slotsPerEpoch; uint64 gloasForkEpoch; }',
  'function getConfig() view returns (Config)',
  'function getForcedInclusionState() view returns (uint48 head, uint48 tail)',
  'function getForcedInclusions(uint48 start, uint48 maxCount) view returns (ForcedInclusion[])',
  'function checkProposer(address proposer, bytes lookahead) returns (uint48)',
  'function getOperatorForCurrentEpoch() view returns (address)',
  'function getOperatorForNextEpoch() view returns (address)',
  'function secondsPerEpoch() view returns (uint48)',
  'function validatorMap() view returns (address)',
  'function registry() view returns (address)',
  'function slasher() view returns (address)',
  'function fallbackSchedule() view returns (address)',
  'function beaconSettings() view returns (BeaconSettings)',
  'function lookaheadHashes(uint256 epoch) view returns (bytes32)',
  'function posters(bytes32 registrationRoot) view returns (address)',
  'function operatorAt(uint64 validatorIndex, uint256 timestamp) view returns (bytes32)',
  'function committerAt(bytes32 registrationRoot, address slasher, uint48 timestamp) view returns (address)',
  'function proveLookahead(BeaconBlockHeader header, uint256 timestamp, bytes lookahead, bytes32[] branch)',
  'event LookaheadProven(uint256 indexed epoch, bytes lookahead)',
])

const ABI: Abi = SCHEDULE_ABI

export function encodeCall(to: Address, functionName: string, args: readonly unknown[] = []): ContractCall {
  return { to, data: encodeFunctionData({ abi: ABI, functionName, args }) }
}

/** Undefined where the contract does not answer, or in another form: it is another contract. */
export function decodeAnswer<T>(functionName: string, data: Hex | null | undefined): T | undefined {
  if (data === null || data === undefined) return undefined
  try {
    return decodeFunctionResult({ abi: ABI, functionName, data }) as T
  } catch {
    return undefined
  }
}

/** For views of contracts that are known to have them: what is missing then is the provider's fault, or state it has pruned. */
export function needAnswer<T>(functionName: string, data: Hex | null | undefined): T {
  const answer = decodeAnswer<T>(functionName, data)
  if (answer === undefined) throw new TemporaryError(`L1 gives no answer to ${functionName}()`)
  return answer
}

export function lowerAddress(address: string): Address {
  return address.toLowerCase() as Address
}
