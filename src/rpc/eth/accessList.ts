/** `eth_createAccessList`: what a message touches, found by running it. */
import { z } from 'zod'
import { minBigint } from '../../primitives/bigint.ts'
import { toQuantity } from '../../primitives/hex.ts'
import { chainIdOf } from '../../spec/executionSpec.ts'
import { withinTime } from '../caller/withinTime.ts'
import { accessListJson, toCallRequest } from '../callRequest.ts'
import { RpcError } from '../errors.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { blockParam, callParam, overridesParam } from '../params.ts'
import { runAt } from '../resolve.ts'
import { accessList } from '../schemas/transaction.ts'
import { quantity } from '../schemas/words.ts'
import type { ExecuteDeps } from './execute.ts'

export function accessListMethods(deps: ExecuteDeps): Methods {
  const { limits } = deps
  return {
    eth_createAccessList: defineMethod({
      cost: COST.estimate,
      summary:
        'The accounts and slots that a message touches, as the access list it could have, and the gas it uses with it.',
      params: { call: callParam, block: blockParam, overrides: overridesParam },
      result: z
        .strictObject({ accessList, gasUsed: quantity, error: z.string().optional() })
        .meta({ id: 'AccessListResult' }),
      handle: ({ call, block, overrides }, { client }) =>
        runAt(deps, block, async ({ header, place }) => {
          const request = toCallRequest(call, chainIdOf(deps.execution))
          const gas = minBigint(request.gas ?? limits.callGasMax, limits.callGasMax)
          const runJob = withinTime(deps.caller, limits.callTimeoutMs, client?.address)
          const params = { request: { ...request, gas }, header, ...(overrides && { overrides }) }
          const result = await runJob('accessList', params, place)
          if (result.type === 'refused')
            throw new RpcError({
              code: 'invalidInput',
              message: `failed to apply transaction: ${result.reason}`,
            })
          return {
            accessList: accessListJson(result.list),
            gasUsed: toQuantity(result.gasUsed),
            ...(result.error !== undefined && { error: result.error }),
          }
        }),
    }),
  }
}
