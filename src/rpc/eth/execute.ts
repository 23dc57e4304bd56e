/** `eth_call` and `eth_estimateGas`: a message run on a past state, under a gas cap and a wall clock. */
import type { BlockOverrides, CallRequest, CallResult, StateOverrides } from '../../engine/engine.ts'
import { overrideHeader } from '../../engine/overrides.ts'
import { rulesAt } from '../../engine/rules/rulesAt.ts'
import type { StateSource } from '../../engine/state/source.ts'
import { revertReason } from '../../engine/trace/revertReason.ts'
import { wordsFor } from '../../engine/trace/vmErrors.ts'
import { minBigint } from '../../primitives/bigint.ts'
import { bytesToHex, toQuantity, ZERO_ADDRESS } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH } from '../../primitives/keccak.ts'
import { chainIdOf, type ExecutionSpec } from '../../spec/executionSpec.ts'
import { withinTime } from '../caller/withinTime.ts'
import { toCallRequest } from '../callRequest.ts'
import type { RpcDeps } from '../deps.ts'
import { executionReverted, RpcError } from '../errors.ts'
import { COST, type RpcLimits } from '../limits.ts'
import { type CallContext, defineMethod, type Methods } from '../method.ts'
import { blockOverridesParam, blockParam, callParam, overridesParam, withoutNulls } from '../params.ts'
import { type ReadPlace, readState, runAt } from '../resolve.ts'
import { bytes, quantity } from '../schemas/words.ts'
import { type EstimateInput, estimateGas } from './estimate.ts'

export type ExecuteDeps = Pick<RpcDeps, 'execution' | 'chain' | 'state' | 'caller' | 'pending'> & {
  readonly limits: RpcLimits
}

const params = {
  call: callParam,
  block: blockParam,
  overrides: overridesParam,
  blockOverrides: blockOverridesParam.optional(),
}

export function executeMethods(deps: ExecuteDeps): Methods {
  const { limits, execution } = deps
  return {
    eth_call: defineMethod({
      cost: COST.call,
      summary: 'What a message returns when it is run on the state after a block; nothing is changed.',
      params,
      result: bytes,
      handle: ({ call, block, ...changes }, { client }) => {
        const request = toCallRequest(call, chainIdOf(execution))
        return runAt(deps, block, async (at) => {
          const run = prepare(deps, at, changes, client)
          const gas = minBigint(request.gas ?? limits.callGasMax, limits.callGasMax)
          const result = await run({ ...request, gas })
          if (!result.succeeded) throw callFailed(result)
          return bytesToHex(result.returnData)
        })
      },
    }),
    eth_estimateGas: defineMethod({
      cost: COST.estimate,
      summary: 'The least gas with which a message succeeds, at most 1.5 % too much.',
      params,
      result: quantity,
      handle: ({ call, block, ...changes }, { client }) => {
        const request = toCallRequest(call, chainIdOf(execution))
        return readState(deps, block, async (state, at) =>
          toQuantity(await estimate(deps, request, { state, at, changes, client })),
        )
      },
    }),
  }
}

/** Gas. Throws the RpcError of a message that fails with all it may have. */
export async function estimate(
  deps: ExecuteDeps,
  request: CallRequest,
  place: {
    readonly state: StateSource
    readonly at: ReadPlace
    readonly changes?: Changes
    readonly client: CallContext['client']
  },
): Promise<bigint> {
  const { state, at, client, changes = { overrides: undefined, blockOverrides: undefined } } = place
  const run = prepare(deps, at, changes, client)
  const { execution, limits } = deps
  const input = await estimateInput(request, { execution, state, at, changes, limits })
  const outcome = await estimateGas(input, run)
  if (outcome.type === 'failed') throw callFailed(outcome.result)
  return outcome.gas
}

/** What the caller wants otherwise than it is. */
type Changes = {
  readonly overrides: StateOverrides | undefined
  readonly blockOverrides: BlockOverrides | undefined
}

/** One clock for all runs of a request: an estimate gets no more time than a call. */
function prepare(
  { caller, limits }: ExecuteDeps,
  { header, place }: ReadPlace,
  changes: Changes,
  client: CallContext['client'],
): (request: CallRequest) => Promise<CallResult> {
  const { beaconRoot, withdrawals } = changes.blockOverrides ?? {}
  if (beaconRoot !== undefined || withdrawals !== undefined)
    throw new RpcError({
      code: 'invalidInput',
      message: 'block overrides "beaconRoot" and "withdrawals" are not supported for this method',
    })
  const runJob = withinTime(caller, limits.callTimeoutMs, client?.address)
  return (request) => runJob('call', { request, header, ...withoutNulls(changes) }, place)
}

async function estimateInput(
  request: CallRequest,
  context: {
    readonly execution: ExecutionSpec
    readonly state: StateSource
    readonly at: Pick<ReadPlace, 'header'>
    readonly changes: Changes
    readonly limits: RpcLimits
  },
): Promise<EstimateInput> {
  const { execution, state, at, changes, limits } = context
  const { overrides } = changes
  const header = overrideHeader(at.header, changes.blockOverrides)
  const from = request.from ?? ZERO_ADDRESS
  const balance = overrides?.get(from)?.balance ?? (await state.account(from))?.balance ?? 0n
  const to = request.to === undefined ? null : await state.account(request.to)
  const toOverride = request.to === undefined ? undefined : overrides?.get(request.to)?.code
  const hasCode =
    toOverride === undefined ? to !== null && to.codeHash !== EMPTY_CODE_HASH : toOverride.length > 0
  const isTransfer = request.to !== undefined && !hasCode && (request.data?.length ?? 0) === 0
  const { transactionGasMax = limits.callGasMax } = rulesAt(execution, header)
  const gasMax = minBigint(limits.callGasMax, transactionGasMax)
  return { request, balance, isTransfer, blockGasLimit: header.gasLimit, gasMax }
}

export function callFailed(result: CallResult): RpcError {
  const { error = 'execution failed', returnData } = result
  if (error !== 'revert') return new RpcError({ code: 'invalidInput', message: wordsFor(error) })
  const reason = revertReason(returnData)
  const message = reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`
  return executionReverted(message, bytesToHex(returnData))
}
