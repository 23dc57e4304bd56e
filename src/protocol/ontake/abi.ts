/** What the Ontake inbox emits and hashes. taiko.md §3.3; field order from taiko-client's generated binding of TaikoL1. */
import { parseAbi, parseAbiParameters } from 'viem'
import { BASE_FEE_CONFIG_STRUCT } from '../legacy/baseFeeConfig.ts'

const STRUCTS = [
  BASE_FEE_CONFIG_STRUCT,
  'struct BlockMetadataV2 { bytes32 anchorBlockHash; bytes32 difficulty; bytes32 blobHash; bytes32 extraData; address coinbase; uint64 id; uint32 gasLimit; uint64 timestamp; uint64 anchorBlockId; uint16 minTier; bool blobUsed; bytes32 parentMetaHash; address proposer; uint96 livenessBond; uint64 proposedAt; uint64 proposedIn; uint32 blobTxListOffset; uint32 blobTxListLength; uint8 blobIndex; BaseFeeConfig baseFeeConfig; }',
] as const

export const inboxAbi = parseAbi([
  ...STRUCTS,
  'event BlockProposedV2(uint256 indexed blockId, BlockMetadataV2 meta)',
])

export const metaParameters = parseAbiParameters(['BlockMetadataV2 meta', ...STRUCTS])
