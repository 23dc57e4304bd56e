/** `eth_call` and `eth_estimateGas`: a message run on a past state, under a gas cap and a wall clock. */
import { decodeErrorResult, parseAbi, type Hex as ViemHex } from 'viem'
import type { CallRequest, CallResult, StateOverrides } from '../../engine/engine.ts'
import type { StateSource } from '../../engine/state/source.ts'
import { minBigint } from '../../primitives/bigint.ts'
import { bytesToHex, toQuantity, ZERO_ADDRESS } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH } from '../../primitives/keccak.ts'
import { withinTime } from '../caller/withinTime.ts'
import type { RpcDeps } from '../deps.ts'
import { executionReverted, RpcError } from '../errors.ts'
import { COST, type RpcLimits } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { blockParam, type CallParameter, callParam, overridesParam } from '../params.ts'
import { type ReadPlace, readState } from '../resolve.ts'
import { bytes, quantity } from '../schemas/words.ts'
import { type EstimateInput, estimateGas } from './estimate.ts'

export type ExecuteDeps = Pick<RpcDeps, 'chain' | 'state' | 'caller' | 'pending'> & {
  readonly limits: RpcLimits
}

export function executeMethods(deps: ExecuteDeps): Methods {
  const { limits } = deps
  return {
    eth_call: defineMethod({
      cost: COST.call,
      summary: 'What a message returns when it is run on the state after a block; nothing is changed.',
      params: { call: callParam, block: blockParam, overrides: overridesParam },
      result: bytes,
      handle: ({ call, block, overrides }) =>
        readState(deps, block, async (_, at) => {
          const run = prepare(deps, at, overrides)
          const gas = minBigint(call.gas ?? limits.callGasMax, limits.callGasMax)
          const result = await run({ ...toRequest(call), gas })
          if (!result.succeeded) throw callFailed(result)
          return bytesToHex(result.returnData)
        }),
    }),
    eth_estimateGas: defineMethod({
      cost: COST.estimate,
      summary: 'The least gas with which a message succeeds, at most 1.5 % too much.',
      params: { call: callParam, block: blockParam, overrides: overridesParam },
      result: quantity,
      handle: ({ call, block, overrides }) =>
        readState(deps, block, async (state, at) => {
          const run = prepare(deps, at, overrides)
          const input = await estimateInput(toRequest(call), { state, at, overrides, limits })
          const outcome = await estimateGas(input, run)
          if (outcome.type === 'failed') throw callFailed(outcome.result)
          return toQuantity(outcome.gas)
        }),
    }),
  }
}

/** One clock for all runs of a request: an estimate gets no more time than a call. */
function prepare(
  { caller, limits }: ExecuteDeps,
  { header, place }: ReadPlace,
  overrides: StateOverrides | undefined,
): (request: CallRequest) => Promise<CallResult> {
  const runJob = withinTime(caller, limits.callTimeoutMs)
  return (request) =>
    runJob('call', { request, header, ...(overrides === undefined ? {} : { overrides }) }, place)
}

function toRequest(call: CallParameter): CallRequest {
  const data = call.input ?? call.data
  return {
    ...(call.from == null ? {} : { from: call.from }),
    ...(call.to == null ? {} : { to: call.to }),
    ...(call.gas == null ? {} : { gas: call.gas }),
    ...(call.gasPrice == null ? {} : { gasPrice: call.gasPrice }),
    ...(call.maxFeePerGas == null ? {} : { maxFeePerGas: call.maxFeePerGas }),
    ...(call.maxPriorityFeePerGas == null ? {} : { maxPriorityFeePerGas: call.maxPriorityFeePerGas }),
    ...(call.value == null ? {} : { value: call.value }),
    ...(data == null ? {} : { data }),
  }
}

async function estimateInput(
  request: CallRequest,
  context: {
    readonly state: StateSource
    readonly at: Pick<ReadPlace, 'header'>
    readonly overrides: StateOverrides | undefined
    readonly limits: RpcLimits
  },
): Promise<EstimateInput> {
  const { state, at, overrides, limits } = context
  const from = request.from ?? ZERO_ADDRESS
  const balance = overrides?.get(from)?.balance ?? (await state.account(from))?.balance ?? 0n
  const to = request.to === undefined ? null : await state.account(request.to)
  const toOverride = request.to === undefined ? undefined : overrides?.get(request.to)?.code
  const hasCode =
    toOverride === undefined ? to !== null && to.codeHash !== EMPTY_CODE_HASH : toOverride.length > 0
  const isTransfer = request.to !== undefined && !hasCode && (request.data?.length ?? 0) === 0
  const gasMax = minBigint(at.header.gasLimit, limits.callGasMax)
  return { request, balance, isTransfer, gasMax }
}

/** What Solidity encodes for `revert("…")` and for a failed assertion. */
const SOLIDITY_ERRORS = parseAbi(['error Error(string)', 'error Panic(uint256)'])

function callFailed(result: CallResult): RpcError {
  if (result.error !== 'revert')
    return new RpcError({ code: 'invalidInput', message: result.error ?? 'execution failed' })
  const data = bytesToHex(result.returnData)
  const reason = revertReason(data)
  return executionReverted(
    reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`,
    data,
  )
}

function revertReason(data: ViemHex): string | undefined {
  try {
    const decoded = decodeErrorResult({ abi: SOLIDITY_ERRORS, data })
    return decoded.errorName === 'Error' ? decoded.args[0] : `panic code ${toQuantity(decoded.args[0])}`
  } catch {
    return undefined
  }
}
