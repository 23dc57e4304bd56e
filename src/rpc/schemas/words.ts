/** The words of all answers, as https://github.com/ethereum/execution-apis (schemas/base-types) writes them. */
import { z } from 'zod'

export const hash = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .meta({ id: 'Hash', title: '32 bytes' })

export const address = z
  .string()
  .regex(/^0x[0-9a-f]{40}$/)
  .meta({ id: 'Address', title: '20 bytes' })

export const bytes = z
  .string()
  .regex(/^0x(?:[0-9a-f]{2})*$/)
  .meta({ id: 'Bytes', title: 'whole bytes, in hex' })

/** At most 256 bits, without leading zeros. */
export const quantity = z
  .string()
  .regex(/^0x(?:0|[1-9a-f][0-9a-f]{0,63})$/)
  .meta({ id: 'Quantity', title: 'a number in hex, without leading zeros' })

export const count = z.int().nonnegative()
