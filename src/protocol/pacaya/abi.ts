/** What the Pacaya inbox emits and hashes. taiko.md §3.1; the deployed ABI, not the refactor that followed it. */
import { parseAbi, parseAbiParameters } from 'viem'
import { BASE_FEE_CONFIG_STRUCT } from '../legacy/baseFeeConfig.ts'

const STRUCTS = [
  BASE_FEE_CONFIG_STRUCT,
  'struct BlockParams { uint16 numTransactions; uint8 timeShift; bytes32[] signalSlots; }',
  'struct BatchInfo { bytes32 txsHash; BlockParams[] blocks; bytes32[] blobHashes; bytes32 extraData; address coinbase; uint64 proposedIn; uint64 blobCreatedIn; uint32 blobByteOffset; uint32 blobByteSize; uint32 gasLimit; uint64 lastBlockId; uint64 lastBlockTimestamp; uint64 anchorBlockId; bytes32 anchorBlockHash; BaseFeeConfig baseFeeConfig; }',
  'struct BatchMetadata { bytes32 infoHash; address proposer; uint64 batchId; uint64 proposedAt; }',
] as const

export const inboxAbi = parseAbi([
  ...STRUCTS,
  'event BatchProposed(BatchInfo info, BatchMetadata meta, bytes txList)',
])

export const infoParameters = parseAbiParameters(['BatchInfo info', ...STRUCTS])
export const metaParameters = parseAbiParameters(['BatchMetadata meta', ...STRUCTS])
export const txsParameters = parseAbiParameters('bytes32 txListHash, bytes32[] blobHashes')
