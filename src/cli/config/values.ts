/** What values of options may be, as the text of a flag or variable and as a file has them. */
import { z } from 'zod'

export const textList = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value),
  z.array(z.string().min(1)),
)
/** In lower case. */
export const addressList = textList.pipe(
  z.array(
    z
      .string()
      .regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address: 20 bytes in hex')
      .transform((text) => text.toLowerCase()),
  ),
)
/** Not coerced: an empty variable or a `true` would become a number too. */
export const count = (min: number, max: number) =>
  z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^[0-9]+$/)
          .transform(Number),
      ],
      { error: 'must be a whole number' },
    )
    .pipe(z.number().int().min(min).max(max))
/** 0: any free one. */
export const port: z.ZodType<number> = count(0, 65_535)
export const flag = z.union([
  z.boolean(),
  z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1'),
])
