/** `eth_call` for the inbox's views that a node reads; there is no EVM behind it. */
import { decodeFunctionData, encodeFunctionResult } from 'viem'
import { type Address, type Hex, ZERO_HASH } from '../../../src/primitives/hex.ts'
import type { L1Block } from './block.ts'
import { INBOX_ABI } from './inboxAbi.ts'
import { findProposal } from './inboxState.ts'
import { RpcError } from './rpcError.ts'

export function callView(block: L1Block, inbox: Address, call: unknown): Hex {
  const { to, data, input } = call as { to?: string; data?: Hex; input?: Hex }
  if (to?.toLowerCase() !== inbox) return '0x'
  const { functionName, args } = decode(data ?? input ?? '0x')
  const { inbox: state } = block
  switch (functionName) {
    case 'getCoreState': {
      const result = {
        nextProposalId: Number((state.proposals?.proposal.id ?? -1n) + 1n),
        lastProposalBlockId: Number(state.lastProposalBlock),
        lastFinalizedProposalId: Number(state.lastFinalizedProposalId),
        lastFinalizedTimestamp: 0,
        lastCheckpointTimestamp: 0,
        lastFinalizedBlockHash: state.lastFinalizedBlockHash,
      }
      return encodeFunctionResult({ abi: INBOX_ABI, functionName, result })
    }
    case 'getProposalHash': {
      const result = findProposal(state, args[0])?.hash ?? ZERO_HASH
      return encodeFunctionResult({ abi: INBOX_ABI, functionName, result })
    }
    case 'getForcedInclusionState': {
      const head = state.forcedInclusionsHead
      return encodeFunctionResult({
        abi: INBOX_ABI,
        functionName,
        result: [head, head + state.forcedInclusions.length],
      })
    }
    default:
      throw new RpcError(3, 'execution reverted')
  }
}

function decode(data: Hex) {
  try {
    return decodeFunctionData({ abi: INBOX_ABI, data })
  } catch {
    throw new RpcError(3, 'execution reverted')
  }
}
