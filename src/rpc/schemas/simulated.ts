/** Blocks of `eth_simulateV1`, as https://github.com/ethereum/execution-apis (schemas/execute) has them. */
import { z } from 'zod'
import { block } from './block.ts'
import { log } from './receipt.ts'
import { bytes, quantity } from './words.ts'

const callResult = z
  .strictObject({
    returnData: bytes,
    logs: z.array(log),
    gasUsed: quantity,
    /** Before refunds. */
    maxUsedGas: quantity,
    status: z.enum(['0x0', '0x1']),
    error: z
      .strictObject({
        code: z.union([z.literal(3), z.literal(-32015)]),
        message: z.string(),
        data: bytes.optional(),
      })
      .optional(),
  })
  .meta({ id: 'SimulatedCall' })

export const simulatedBlock = z
  .strictObject({ ...block.shape, calls: z.array(callResult) })
  .meta({ id: 'SimulatedBlock' })
