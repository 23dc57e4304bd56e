/** `eth_simulateV1`. https://github.com/ethereum/execution-apis, src/eth/execute.yaml and docs-api/docs/ethsimulatev1-notes.mdx. */
import { z } from 'zod'
import { SIMULATED_BLOCKS_MAX } from '../../engine/simulate/plan.ts'
import type { AskedBlock, SimulationRefusal } from '../../engine/simulate/simulated.ts'
import { chainIdOf } from '../../spec/executionSpec.ts'
import { withinTime } from '../caller/withinTime.ts'
import { toCallRequest } from '../callRequest.ts'
import { type ERROR_CODES, invalidParams, RpcError } from '../errors.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import {
  blockOverridesParam,
  blockParam,
  callParam,
  stateOverridesParam,
  toStateOverrides,
} from '../params.ts'
import { runAt } from '../resolve.ts'
import { simulatedBlock } from '../schemas/simulated.ts'
import type { ExecuteDeps } from './execute.ts'
import { simulatedBlockJson } from './simulatedJson.ts'

/** As geth's. */
const CALLS_PER_BLOCK_MAX = 5_000
const CALLS_MAX = 10_000

const askedBlockParam = z
  .object({
    blockOverrides: blockOverridesParam.nullish(),
    stateOverrides: stateOverridesParam.nullish(),
    calls: z.array(callParam).nullish(),
  })
  .meta({ id: 'BlockStateCalls' })

const payloadParam = z
  .object({
    blockStateCalls: z.array(askedBlockParam),
    traceTransfers: z.boolean().nullish(),
    validation: z.boolean().nullish(),
    returnFullTransactions: z.boolean().nullish(),
  })
  .meta({ id: 'SimulatePayload' })

export function simulateMethods(deps: ExecuteDeps): Methods {
  const { chain, limits } = deps
  return {
    eth_simulateV1: defineMethod({
      cost: COST.logs,
      summary:
        'Blocks of unsigned calls, each built on the one before and the first on a block of the chain.',
      params: { payload: payloadParam, block: blockParam },
      result: z.array(simulatedBlock),
      handle: ({ payload, block }, { client }) => {
        const blocks = toBlocks(payload.blockStateCalls, chainIdOf(deps.execution))
        return runAt(deps, block, async ({ header: base, place }) => {
          const before = base.number === 0n ? undefined : await chain.headerByNumber(base.number - 1n)
          const runJob = withinTime(deps.caller, limits.callTimeoutMs, client?.address)
          const simulation = {
            ...{ base, blocks, gasMax: limits.callGasMax },
            // Two digits a byte.
            returnBytesMax: limits.responseBytesMax / 2,
            timestampBefore: before?.header.timestamp ?? 0n,
            validates: payload.validation ?? false,
            tracesTransfers: payload.traceTransfers ?? false,
          }
          const result = await runJob('simulate', simulation, place)
          if (result.type === 'refused') throw refused(result.refusal)
          const isFull = payload.returnFullTransactions ?? false
          return result.blocks.map((simulated) => simulatedBlockJson(simulated, isFull))
        })
      },
    }),
  }
}

function toBlocks(given: z.output<typeof payloadParam>['blockStateCalls'], chainId: bigint): AskedBlock[] {
  if (given.length === 0) throw invalidParams('empty input')
  if (given.length > SIMULATED_BLOCKS_MAX) throw tooMany('too many blocks')
  let total = 0
  for (const { calls } of given) {
    const count = calls?.length ?? 0
    if (count > CALLS_PER_BLOCK_MAX)
      throw tooMany(`too many calls in block: ${count} > ${CALLS_PER_BLOCK_MAX}`)
    total += count
    if (total > CALLS_MAX) throw tooMany(`too many calls: ${total} > ${CALLS_MAX}`)
  }
  return given.map(({ blockOverrides, stateOverrides, calls }) => ({
    overrides: blockOverrides ?? {},
    state: toStateOverrides(stateOverrides ?? {}),
    calls: (calls ?? []).map((call) => toCallRequest(call, chainId)),
  }))
}

function tooMany(message: string): RpcError {
  return new RpcError({ code: 'clientLimit', message })
}

/** geth's codes; what none was made for is an internal error there, and here for who compares. */
const CODES: Readonly<Record<SimulationRefusal['reason'], keyof typeof ERROR_CODES>> = {
  nonceTooHigh: 'nonceTooHigh',
  nonceTooLow: 'nonceTooLow',
  tipAboveFeeCap: 'invalidParams',
  feeCapTooLow: 'baseFeeTooLow',
  insufficientFunds: 'insufficientFunds',
  intrinsicGas: 'intrinsicGas',
  initcodeTooLarge: 'initcodeTooLarge',
  invalid: 'internal',
  blockNumber: 'blockNumber',
  blockTimestamp: 'blockTimestamp',
  blockGasLimit: 'blockGasLimit',
  tooManyBlocks: 'clientLimit',
  tooLarge: 'limitExceeded',
  override: 'invalidInput',
}

function refused({ reason, message }: SimulationRefusal): RpcError {
  return new RpcError({ code: CODES[reason], message })
}
