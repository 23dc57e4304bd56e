/** `eth_getStorageValues`: slots of many accounts at once. https://github.com/ethereum/execution-apis, src/eth/state.yaml. */
import { z } from 'zod'
import type { RpcDeps } from '../deps.ts'
import { invalidParams, RpcError } from '../errors.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { addressParam, blockParam, slotParam } from '../params.ts'
import { readState } from '../resolve.ts'
import { hash } from '../schemas/words.ts'

/** As geth's. */
const SLOTS_MAX = 1024

export function storageValuesMethods(deps: Pick<RpcDeps, 'chain' | 'state' | 'pending'>): Methods {
  return {
    eth_getStorageValues: defineMethod({
      cost: COST.logs,
      summary: 'The words in the given slots of the given accounts.',
      params: { requests: z.record(addressParam, z.array(slotParam)), block: blockParam },
      result: z.record(z.string(), z.array(hash)),
      handle: ({ requests, block }) => {
        const asked = Object.entries(requests)
        const count = asked.reduce((sum, [, slots]) => sum + slots.length, 0)
        if (count > SLOTS_MAX)
          throw new RpcError({ code: 'clientLimit', message: `too many slots (max ${SLOTS_MAX})` })
        if (count === 0) throw invalidParams('empty request')
        return readState(deps, block, async (state) => {
          const found: Record<string, readonly string[]> = {}
          for (const [address, slots] of asked) {
            const words: string[] = []
            for (const slot of slots) {
              const value = await state.storage(address as `0x${string}`, slot)
              words.push(`0x${Buffer.from(value).toString('hex').padStart(64, '0')}`)
            }
            found[address] = words
          }
          return found
        })
      },
    }),
  }
}
