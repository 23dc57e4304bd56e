/** `debug_trace*`: transactions run once more in a call process, under geth's tracers. */
import { minBigint } from '../../primitives/bigint.ts'
import { chainIdOf } from '../../spec/executionSpec.ts'
import type { TraceResult } from '../caller/jobs.ts'
import { withinTime } from '../caller/withinTime.ts'
import { toCallRequest } from '../callRequest.ts'
import type { RpcDeps } from '../deps.ts'
import { limitExceeded, RpcError } from '../errors.ts'
import { JsonText } from '../jsonText.ts'
import { COST, type RpcLimits } from '../limits.ts'
import { type CallContext, defineMethod, type Methods } from '../method.ts'
import {
  type BlockParameter,
  blockNumberParam,
  blockParam,
  callParam,
  hashParam,
  toStateOverrides,
  withoutNulls,
} from '../params.ts'
import { readCurrent, unavailable } from '../resolve.ts'
import { blockTrace, trace } from '../schemas/trace.ts'
import { toRun, wantBlock, wantTransaction, withStoredBlock } from './find.ts'
import {
  type TraceConfigParameter,
  timeoutOf,
  toTraceConfig,
  traceCallConfigParam,
  traceConfigParam,
} from './traceConfig.ts'

export type TraceDeps = Pick<RpcDeps, 'chain' | 'caller' | 'execution'> & { readonly limits: RpcLimits }

export function traceMethods(deps: TraceDeps): Methods {
  const { chain, limits } = deps
  const bytesMax = limits.responseBytesMax

  const traceBlock = (block: BlockParameter, given: TraceConfigParameter, { client }: CallContext) => {
    refusePending(block)
    const config = toTraceConfig(given)
    const runJob = withinTime(deps.caller, blockTimeout(given), client?.address)
    return withStoredBlock(deps, block, async (stored, parent) =>
      answer(await runJob('traceBlock', { block: toRun(stored), config, bytesMax }, parent)),
    )
  }
  const callTimeout = (given: TraceConfigParameter) =>
    timeoutOf(given, limits.callTimeoutMs, limits.traceTimeoutMs)
  const blockTimeout = (given: TraceConfigParameter) =>
    timeoutOf(given, limits.traceTimeoutMs, limits.traceTimeoutMs)

  return {
    debug_traceTransaction: defineMethod({
      cost: COST.trace,
      summary:
        'What a transaction of the chain did: its steps, its calls, or the state it met, as the tracer says.',
      params: { hash: hashParam, config: traceConfigParam },
      result: trace,
      handle: async ({ hash, config: given }, { client }) => {
        const config = toTraceConfig(given)
        const runJob = withinTime(deps.caller, callTimeout(given), client?.address)
        const found = await wantTransaction(chain, hash)
        return withStoredBlock(deps, { type: 'hash', hash: found.block.hash }, async (stored, parent) => {
          const params = { block: toRun(stored), index: found.index, config, bytesMax }
          return answer(await runJob('traceBlock', params, parent))
        })
      },
    }),
    debug_traceBlockByNumber: defineMethod({
      cost: COST.trace,
      summary: 'The traces of all transactions of a block, in their order.',
      params: { block: blockNumberParam, config: traceConfigParam },
      result: blockTrace,
      handle: ({ block, config }, context) => traceBlock(block, config, context),
    }),
    debug_traceBlockByHash: defineMethod({
      cost: COST.trace,
      summary: 'The traces of all transactions of a block, in their order.',
      params: { hash: hashParam, config: traceConfigParam },
      result: blockTrace,
      handle: ({ hash, config }, context) => traceBlock({ type: 'hash', hash }, config, context),
    }),
    debug_traceCall: defineMethod({
      cost: COST.trace,
      summary: 'The trace of a message that is run on the state after a block; nothing is changed.',
      params: { call: callParam, block: blockParam, config: traceCallConfigParam },
      result: trace,
      handle: async ({ call, block, config: given }, { client }) => {
        refusePending(block)
        const config = toTraceConfig(given)
        const runJob = withinTime(deps.caller, callTimeout(given), client?.address)
        const request = toCallRequest(call, chainIdOf(deps.execution))
        const gas = minBigint(request.gas ?? limits.callGasMax, limits.callGasMax)
        const { stateOverrides, blockOverrides, txIndex } = withoutNulls(given ?? {})
        const params = {
          request: { ...request, gas },
          ...(stateOverrides && { overrides: toStateOverrides(stateOverrides) }),
          ...(blockOverrides && { blockOverrides }),
          ...{ config, bytesMax },
        }
        if (txIndex !== undefined)
          return withStoredBlock(deps, block, async (stored, parent) => {
            if (txIndex >= Math.max(1, stored.transactions.length))
              throw refused(`transaction index ${txIndex} out of range for block ${stored.hash}`)
            return answer(
              await runJob('traceCall', { ...params, block: toRun(stored), index: txIndex }, parent),
            )
          })
        const { number } = (await wantBlock(chain, block)).header
        const current: BlockParameter = block.type === 'hash' ? block : { type: 'number', number }
        return readCurrent(chain, current, async (at) => {
          const { header, hash } = at
          const unused = { ...{ header, hash }, transactions: [] }
          const place = { number: header.number, hash }
          const result = await runJob('traceCall', { ...params, block: unused }, place).catch((error) => {
            throw unavailable(error, at)
          })
          return answer(result)
        })
      },
    }),
  }
}

/** geth, too: what the block under way holds changes while it is traced. */
function refusePending(block: BlockParameter): void {
  if (block.type === 'tag' && block.tag === 'pending')
    throw refused('tracing on top of pending is not supported')
}

function answer(result: TraceResult): JsonText {
  switch (result.type) {
    case 'traced':
      return new JsonText(result.json)
    case 'refused':
      throw refused(result.reason)
    case 'tooLarge':
      throw limitExceeded(result.reason)
  }
}

function refused(message: string): RpcError {
  return new RpcError({ code: 'invalidInput', message })
}
