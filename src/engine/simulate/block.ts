/** One simulated block: overrides, system calls, calls, withdrawals, requests, and the header over it all. */
import { Address as EvmAddress } from '@ethereumjs/util'
import { minBigint } from '../../primitives/bigint.ts'
import { EMPTY_BYTES } from '../../primitives/bytes.ts'
import { type BlockHeader, headerHash } from '../../primitives/header.ts'
import { bytesToHex, hexToBytes, ZERO_ADDRESS } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { orderedTrieRoot } from '../../primitives/orderedTrie.ts'
import { encodeReceipt, type Log, logsBloom, type Receipt } from '../../primitives/receipt.ts'
import { isForkActive } from '../../spec/ethereumSpec.ts'
import { chainIdOf, type ExecutionSpec } from '../../spec/executionSpec.ts'
import { blockInfoOf } from '../blockInfo.ts'
import { createCredits } from '../blockRun.ts'
import { callFees, callMessageOf, refuseCall } from '../callRequest.ts'
import type { AncestorHashes, CallRequest } from '../engine.ts'
import { encodeBlock, withdrawalsRoot } from '../ethereum/block.ts'
import { createRunContext, type RunContext } from '../evm.ts'
import { applyStateOverrides } from '../overrides.ts'
import { GAS_PER_BLOB } from '../rules/filter.ts'
import { rulesAt } from '../rules/rulesAt.ts'
import { type Credits, type MessageResult, runMessage } from '../runMessage.ts'
import type { OverlayState } from '../state/overlay.ts'
import type { StateSource } from '../state/source.ts'
import { wordsFor } from '../trace/vmErrors.ts'
import { closeBlock, openBlock } from './aroundCalls.ts'
import type { PlannedBlock } from './plan.ts'
import type {
  SimulatedBlock,
  SimulatedCall,
  SimulatedLog,
  SimulatedTransaction,
  Simulation,
  SimulationRefusal,
} from './simulated.ts'
import { encodeUnsigned } from './unsigned.ts'
import { type TransferWatch, watchTransfers } from './watchTransfers.ts'

export type BlockOutcome =
  | { readonly type: 'simulated'; readonly block: SimulatedBlock; readonly returnBytes: number }
  | { readonly type: 'refused'; readonly refusal: SimulationRefusal }

export type BlockInput = {
  readonly execution: ExecutionSpec
  readonly source: StateSource
  /** Over `source`, with what the blocks before have changed. */
  readonly state: OverlayState
  readonly ancestorHash: AncestorHashes
  readonly simulation: Pick<Simulation, 'validates' | 'tracesTransfers'>
  readonly block: PlannedBlock
  readonly draft: BlockHeader
  /** Left of what all blocks may use. */
  readonly gasMax: bigint
  readonly returnBytesMax: number
}

export async function simulateBlock(input: BlockInput): Promise<BlockOutcome> {
  const { execution, source, state, simulation, block, draft } = input
  const rules = rulesAt(execution, draft)
  const info = blockInfoOf(execution, draft, block.overrides.blobBaseFee)
  const context = await createRunContext({
    ...{ chainId: chainIdOf(execution), rules, state, info, ancestorHash: input.ancestorHash },
  })
  const overridden = await applyStateOverrides(context, block.state)
  if (overridden !== null) return refused('override', overridden)
  const transfers = simulation.tracesTransfers ? watchTransfers(context) : undefined
  await openBlock(context, draft)

  const executed: Executed[] = []
  let gasUsed = 0n
  let logCount = 0
  let returnBytes = 0
  for (const call of block.calls) {
    const outcome = await simulateCall(input, context, call, { gasUsed, transfers, logCount })
    if (outcome.type === 'refused') return outcome
    gasUsed += outcome.executed.result.gasUsed
    returnBytes += outcome.executed.result.returnData.length
    if (returnBytes > input.returnBytesMax)
      return refused('tooLarge', 'the calls return more than an answer may hold')
    logCount += outcome.executed.receipt.logs.length
    const { receipt } = outcome.executed
    const root = rules.receiptsHoldStatus ? undefined : await source.rootAfter(state.takeChanges())
    executed.push({
      ...outcome.executed,
      receipt: root === undefined ? receipt : { ...receipt, stateRoot: root },
    })
  }

  const receipts = executed.map(({ receipt }) => receipt)
  const logs = receipts.flatMap((receipt) => receipt.logs)
  const withdrawals = isForkActive(rules.fork, 'shanghai') ? (block.overrides.withdrawals ?? []) : undefined
  const closing = await closeBlock(execution, context, { draft, logs, withdrawals: withdrawals ?? [] })
  const blobGasUsed = executed.reduce((sum, { blobGas }) => sum + blobGas, 0n)
  const header: BlockHeader = {
    ...draft,
    stateRoot: await source.rootAfter(state.takeChanges()),
    transactionsRoot: orderedTrieRoot(executed.map(({ transaction }) => transaction.raw)),
    receiptsRoot: orderedTrieRoot(receipts.map(encodeReceipt)),
    logsBloom: logsBloom(logs),
    gasUsed,
    ...(withdrawals !== undefined && { withdrawalsRoot: withdrawalsRoot(withdrawals) }),
    ...(draft.excessBlobGas !== undefined && { blobGasUsed }),
    ...closing,
  }
  const transactions = executed.map(({ transaction }) => transaction)
  const body = { transactions: transactions.map(({ raw }) => raw), ommers: [] }
  const size = encodeBlock({ header, ...body, ...(withdrawals && { withdrawals }) }).length
  return {
    type: 'simulated',
    returnBytes,
    block: {
      ...{ hash: headerHash(header), header, size, transactions },
      ...(withdrawals && { withdrawals }),
      calls: executed.map(({ call }) => call),
    },
  }
}

type Executed = {
  readonly transaction: SimulatedTransaction
  readonly result: MessageResult
  readonly receipt: Receipt
  readonly call: SimulatedCall
  readonly blobGas: bigint
}

async function simulateCall(
  { execution, state, simulation, draft, gasMax }: BlockInput,
  context: RunContext,
  request: CallRequest,
  before: {
    readonly gasUsed: bigint
    readonly transfers: TransferWatch | undefined
    /** Logs in the block so far. */
    readonly logCount: number
  },
): Promise<
  | { readonly type: 'executed'; readonly executed: Executed }
  | { readonly type: 'refused'; readonly refusal: SimulationRefusal }
> {
  const { info } = context
  const { validates } = simulation
  const sender = request.from ?? ZERO_ADDRESS
  const gasLeft = draft.gasLimit - before.gasUsed
  const wanted = request.gas ?? gasLeft
  if (gasLeft < wanted)
    return refused('blockGasLimit', `block gas limit reached: remaining: ${gasLeft}, required: ${wanted}`)
  const gas = minBigint(wanted, gasMax - before.gasUsed)
  const account = await state.getAccount(new EvmAddress(hexToBytes(sender)))
  const nonce = request.nonce ?? account?.nonce ?? 0n
  const call = { ...request, gas, nonce }
  const fees = callFees(call, info.baseFeePerGas)
  const message = callMessageOf(call, fees, info.blobBaseFee)
  const checks = { ...(validates && { nonce }), allowsFree: !validates }
  const refusal = await refuseCall(context, message, fees, checks)
  if (refusal !== null) return { type: 'refused', refusal }

  const isFree = !validates && fees.maxFeePerGas === 0n && fees.maxPriorityFeePerGas === 0n
  const creditsOf = createCredits({ execution, info, basefeeSharingPctg: sharingOf(execution, draft) })
  const credits = (used: bigint): Credits => (isFree ? [] : creditsOf(used, fees.gasPrice))
  before.transfers?.take()
  const result = await runMessage(context, message, credits)

  const raw = encodeUnsigned(call, context.chainId, draft.baseFeePerGas === undefined)
  const logs = result.logs.map(toLog)
  const shown = before.transfers?.take() ?? logs.map((log, i) => ({ ...log, index: before.logCount + i }))
  const receipt: Receipt = {
    type: (raw[0] ?? 0) >= 0xc0 ? 0 : (raw[0] ?? 0),
    succeeded: result.succeeded,
    cumulativeGasUsed: before.gasUsed + result.gasUsed,
    logs,
  }
  return {
    type: 'executed',
    executed: {
      transaction: { raw, hash: keccak256Hex(raw), sender },
      result,
      receipt,
      call: describeCall(result, shown, gas < wanted),
      blobGas: GAS_PER_BLOB * BigInt(call.blobVersionedHashes?.length ?? 0),
    },
  }
}

/** Percent of the base fee that the coinbase has: the first byte of a Shasta header's extra data. Derivation.md §Metadata. */
function sharingOf(execution: ExecutionSpec, { extraData }: BlockHeader): number {
  return execution.type === 'rollup' ? Math.min(extraData[0] ?? 0, 100) : 0
}

function describeCall(
  { gasUsed, gasUsedAtMost, succeeded, returnData, error = '' }: MessageResult,
  logs: readonly SimulatedLog[],
  isGasCapped: boolean,
): SimulatedCall {
  const used = { gasUsed, gasUsedAtMost }
  if (succeeded) return { ...used, outcome: { type: 'succeeded', returnData }, logs }
  const outcome =
    error === 'revert'
      ? ({ type: 'reverted', returnData } as const)
      : ({ type: 'failed', error: wordsFor(error), isGasCapped } as const)
  return { ...used, outcome, logs: [] }
}

function toLog([address, topics, data]: MessageResult['logs'][number]): Log {
  return { address: bytesToHex(address), topics: topics.map(bytesToHex), data: data ?? EMPTY_BYTES }
}

function refused(
  reason: SimulationRefusal['reason'],
  message: string,
): { readonly type: 'refused'; readonly refusal: SimulationRefusal } {
  return { type: 'refused', refusal: { reason, message } }
}
