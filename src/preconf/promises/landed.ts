/** The block that L1 brought for a number, as promises about it are judged. */
import type { ChainReader, StoredBlock } from '../../chain/chain.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { encodeReceipt } from '../../primitives/receipt.ts'
import { BLOCK_COMMITMENT_TYPE, decodeBlockCommitment } from '../../promise/blockCommitment.ts'
import { decodeTransactionExecution, EXECUTION_TYPE } from '../../promise/transactionPromise.ts'
import type { LandedBlock } from './judge.ts'
import type { StoredPromise } from './promise.ts'

/** Undefined while L1 has not brought it. */
export async function readLanded(
  chain: ChainReader,
  number: bigint,
): Promise<{ readonly landed: LandedBlock; readonly block: StoredBlock } | undefined> {
  const origin = await chain.origin(number)
  const proposal = origin && (await chain.proposal(origin.proposalId, number))
  const block = proposal && (await chain.blockByNumber(number))
  if (proposal === undefined || block === undefined) return undefined
  const landed: LandedBlock = {
    ref: { number, hash: block.hash },
    parentHash: block.header.parentHash,
    timestamp: block.header.timestamp,
    l1: { number: proposal.l1.blockNumber, hash: proposal.l1.blockHash },
    landedAt: proposal.timestamp,
    proposer: proposal.proposer,
    ...(proposal.windowEnd !== undefined && { windowEnd: proposal.windowEnd }),
  }
  return { landed, block }
}

/** The newest block that L1 had brought by a time in seconds; 0 for genesis. */
export async function findLandedBy(chain: ChainReader, time: bigint): Promise<bigint> {
  let number = chain.heads().safe.number
  for (;;) {
    const origin = await chain.origin(number)
    const proposal = origin && (await chain.proposal(origin.proposalId, number))
    if (proposal === undefined || proposal.timestamp <= time) return number
    number = proposal.firstBlock - 1n
  }
}

/** The same content at the place that was promised; its parent is compared apart. */
export function isPromised(promise: StoredPromise, block: StoredBlock): boolean {
  const payload = hexToBytes(promise.commitment.payload)
  switch (promise.commitment.commitmentType) {
    case BLOCK_COMMITMENT_TYPE: {
      const decoded = decodeBlockCommitment(payload)
      return decoded.type === 'decoded' && decoded.value.transactionsRoot === block.header.transactionsRoot
    }
    case EXECUTION_TYPE: {
      const decoded = decodeTransactionExecution(payload)
      if (decoded.type !== 'decoded') return false
      const transaction = block.transactions[decoded.value.transactionIndex]
      return (
        transaction?.hash === decoded.value.transactionHash &&
        keccak256Hex(encodeReceipt(transaction.receipt)) === decoded.value.receiptHash
      )
    }
    default:
      return false
  }
}
