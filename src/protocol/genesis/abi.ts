/**
 * What the inbox emitted and hashed before Ontake: one shape from the first block of Mainnet and Hekla to the last.
 * https://github.com/taikoxyz/taiko-mono/blob/06f97d69ae/packages/protocol/contracts/L1/TaikoData.sol and libs/LibProposing.sol
 */
import { parseAbi, parseAbiParameters } from 'viem'

const STRUCTS = [
  'struct BlockMetadata { bytes32 l1Hash; bytes32 difficulty; bytes32 blobHash; bytes32 extraData; bytes32 depositsHash; address coinbase; uint64 id; uint32 gasLimit; uint64 timestamp; uint64 l1Height; uint16 minTier; bool blobUsed; bytes32 parentMetaHash; address sender; }',
  'struct EthDeposit { address recipient; uint96 amount; uint64 id; }',
] as const

export const inboxAbi = parseAbi([
  ...STRUCTS,
  'event BlockProposed(uint256 indexed blockId, address indexed assignedProver, uint96 livenessBond, BlockMetadata meta, EthDeposit[] depositsProcessed)',
])

export const metaParameters = parseAbiParameters(['BlockMetadata meta', ...STRUCTS])
