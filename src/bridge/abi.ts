/** ABI of contracts/src/shared/IBridge.sol, and what is read of the stores and of the queue. */
import { parseAbi, parseAbiParameters } from 'viem'

const MESSAGE =
  'struct Message { uint64 nonce; uint64 sourceChainId; uint64 destinationChainId; uint64 gasLimit; address sender; address owner; address to; uint256 value; bytes data; }'

export const bridgeAbi = parseAbi([
  MESSAGE,
  'struct Proof { uint48 blockNumber; bytes[] accountProof; bytes[] storageProof; }',
  'event MessageSent(bytes32 indexed messageHash, Message message)',
  'function sendMessage(address to, address owner, uint64 gasLimit, bytes data) payable returns (bytes32 messageHash)',
  'function processMessage(Message message, Proof proof)',
  'function retryMessage(Message message)',
  'function recoverValue(Message message, address to)',
  'function statusOf(bytes32 messageHash) view returns (uint8)',
  'function availableQuota() view returns (uint256)',
  'function quotaWei() view returns (uint208)',
  'function counterpart() view returns (address)',
  'function counterpartChainId() view returns (uint64)',
  'function checkpointStore() view returns (address)',
])

export const checkpointStoreAbi = parseAbi([
  'struct Checkpoint { uint48 blockNumber; bytes32 blockHash; bytes32 stateRoot; }',
  'function latestBlockNumber() view returns (uint48)',
  'function getCheckpoint(uint48 blockNumber) view returns (Checkpoint)',
])

export const forcedInclusionAbi = parseAbi([
  'struct BlobReference { uint16 blobStartIndex; uint16 numBlobs; uint24 offset; }',
  'function saveForcedInclusion(BlobReference blobReference) payable',
  'function getCurrentForcedInclusionFee() view returns (uint64)',
])

/** What a message hash is the hash of. */
export const messageParameters = parseAbiParameters(['address sourceBridge, Message message', MESSAGE])
