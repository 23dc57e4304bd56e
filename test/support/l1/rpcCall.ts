/** `eth_call` of the contracts' views that a node reads, and of what would revert; there is no EVM behind it. */
import { decodeFunctionData, encodeFunctionResult } from 'viem'
import { type Address, type Hex, ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import type { L1Block } from './block.ts'
import { type CallObject, revertError, toTransaction } from './callObject.ts'
import { runCall } from './execute.ts'
import { currentForcedInclusionFee, type InboxConfig } from './inbox.ts'
import { INBOX_ABI, OPEN_SCHEDULE_ABI, WHITELIST_SCHEDULE_ABI } from './inboxAbi.ts'
import { findProposal, type InboxState } from './inboxState.ts'
import { RpcError } from './rpcError.ts'
import { checkProposer, operatorAt } from './schedule.ts'

export type ContractsConfig = InboxConfig & {
  /** Of the schedule contract. */
  readonly scheduleAddress: Address
  readonly proofVerifier: Address
}

/** On top of the block and with its time, as geth calls. */
export function callContract(block: L1Block, config: ContractsConfig, call: CallObject): Hex {
  const to = call.to?.toLowerCase()
  if (to === config.scheduleAddress) return callSchedule(block, config, call.input ?? call.data ?? '0x')
  return to === config.inbox ? callInboxView(block, config, call) : '0x'
}

function callInboxView(block: L1Block, config: ContractsConfig, call: CallObject): Hex {
  const { inbox: state } = block
  const { functionName, args } = decode(call.input ?? call.data ?? '0x')
  switch (functionName) {
    case 'getConfig':
      return encodeFunctionResult({ abi: INBOX_ABI, functionName, result: readConfig(config) })
    case 'getCoreState':
      return encodeFunctionResult({ abi: INBOX_ABI, functionName, result: readCoreState(state) })
    case 'getProposalHash': {
      const result = hashInRing(state, args[0], config.ringBufferSize)
      return encodeFunctionResult({ abi: INBOX_ABI, functionName, result })
    }
    case 'getForcedInclusionState': {
      const head = state.forcedInclusionsHead
      const result = [head, head + state.forcedInclusions.length] as const
      return encodeFunctionResult({ abi: INBOX_ABI, functionName, result })
    }
    case 'getForcedInclusions': {
      const result = readQueue(state, args[0], args[1])
      return encodeFunctionResult({ abi: INBOX_ABI, functionName, result })
    }
    case 'getCurrentForcedInclusionFee': {
      const result = currentForcedInclusionFee(config, state)
      return encodeFunctionResult({ abi: INBOX_ABI, functionName, result })
    }
    case 'propose':
    case 'saveForcedInclusion': {
      const { number, timestamp, parentHash } = block.header
      const tx = toTransaction(config.inbox, call)
      const outcome = runCall(config, state, tx, { number, timestamp, parentHash })
      if (outcome.type === 'reverted') throw revertError(outcome)
      return '0x'
    }
    default:
      throw new RpcError(3, 'execution reverted', '0x')
  }
}

function callSchedule({ header }: L1Block, config: ContractsConfig, data: Hex): Hex {
  const { schedule } = config
  const abi = schedule.type === 'open' ? OPEN_SCHEDULE_ABI : WHITELIST_SCHEDULE_ABI
  const call = decodeOr(() => decodeFunctionData({ abi: WHITELIST_SCHEDULE_ABI, data }))
  if (call.functionName === 'checkProposer') {
    const proposer = call.args[0].toLowerCase() as Address
    const turn = checkProposer(schedule, config, proposer, header.timestamp)
    if (turn.type === 'mayNot') throw revertError({ type: 'reverted', reason: '', error: 'InvalidProposer' })
    return encodeFunctionResult({ abi, functionName: 'checkProposer', result: Number(turn.windowEnd) })
  }
  if (schedule.type === 'open') throw new RpcError(3, 'execution reverted', '0x')
  if (call.functionName === 'secondsPerEpoch') {
    const result = Number(config.secondsPerSlot) * schedule.slotsPerEpoch
    return encodeFunctionResult({ abi: WHITELIST_SCHEDULE_ABI, functionName: call.functionName, result })
  }
  const offset = call.functionName === 'getOperatorForNextEpoch' ? 1 : 0
  const result = operatorAt(schedule, config, header.timestamp, offset)
  return encodeFunctionResult({ abi: WHITELIST_SCHEDULE_ABI, functionName: call.functionName, result })
}

function readConfig(config: ContractsConfig) {
  return {
    proofVerifier: config.proofVerifier,
    proposerChecker: config.scheduleAddress,
    proverWhitelist: ZERO_ADDRESS,
    signalService: config.signalService,
    bondToken: ZERO_ADDRESS,
    minBond: 0n,
    livenessBond: 0n,
    withdrawalDelay: 0,
    provingWindow: 0,
    permissionlessProvingDelay: 0,
    maxProofSubmissionDelay: 0,
    ringBufferSize: Number(config.ringBufferSize),
    basefeeSharingPctg: config.basefeeSharingPctg,
    forcedInclusionDelay: Number(config.forcedInclusionDelay),
    forcedInclusionFeeInGwei: config.forcedInclusionFeeGwei,
    forcedInclusionFeeDoubleThreshold: config.forcedInclusionFeeDoubleThreshold,
    permissionlessInclusionMultiplier: Number(config.permissionlessInclusionMultiplier),
  }
}

function readCoreState(state: InboxState) {
  return {
    nextProposalId: Number((state.proposals?.proposal.id ?? -1n) + 1n),
    lastProposalBlockId: Number(state.lastProposalBlock),
    lastFinalizedProposalId: Number(state.lastFinalizedProposalId),
    lastFinalizedTimestamp: Number(state.lastFinalizedTimestamp),
    lastCheckpointTimestamp: Number(state.lastCheckpointTimestamp),
    lastFinalizedBlockHash: state.lastFinalizedBlockHash,
  }
}

/** The newest proposal whose place in the ring it is. */
function hashInRing(state: InboxState, id: bigint, ringBufferSize: bigint): Hex {
  const newest = state.proposals?.proposal.id
  if (newest === undefined) return ZERO_HASH
  const behind = (((newest - id) % ringBufferSize) + ringBufferSize) % ringBufferSize
  return findProposal(state, newest - behind)?.hash ?? ZERO_HASH
}

function readQueue(state: InboxState, start: number, countMax: number) {
  const from = start - state.forcedInclusionsHead
  if (from < 0) return []
  return state.forcedInclusions.slice(from, from + countMax).map(({ feeGwei, ...slice }) => ({
    feeInGwei: feeGwei,
    blobSlice: { ...slice, timestamp: Number(slice.timestamp) },
  }))
}

function decode(data: Hex) {
  return decodeOr(() => decodeFunctionData({ abi: INBOX_ABI, data }))
}

/** A function that the contract does not have. */
function decodeOr<T>(decodeCall: () => T): T {
  try {
    return decodeCall()
  } catch {
    throw new RpcError(3, 'execution reverted', '0x')
  }
}
