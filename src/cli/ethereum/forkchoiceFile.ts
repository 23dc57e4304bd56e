/** What a consensus layer says of a chain, from a recorded `engine_forkchoiceUpdated` request: hive's `headfcu.json`. */
import { z } from 'zod'
import { CriticalError } from '../../primitives/errors.ts'
import { type Hash, ZERO_HASH } from '../../primitives/hex.ts'

const hash = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, 'a 32-byte hash wanted')
  .transform((text) => text.toLowerCase() as Hash)
const requestSchema = z.object({
  params: z.tuple(
    [z.object({ headBlockHash: hash, safeBlockHash: hash, finalizedBlockHash: hash })],
    z.unknown(),
  ),
})

/** Throws a CriticalError for a file of another form, or one that knows no safe or finalized block. */
export function readForkchoice(json: unknown): { readonly safe: Hash; readonly finalized: Hash } {
  const parsed = requestSchema.safeParse(json)
  if (!parsed.success)
    throw new CriticalError(`this is no engine_forkchoiceUpdated request: ${z.prettifyError(parsed.error)}`)
  const { safeBlockHash: safe, finalizedBlockHash: finalized } = parsed.data.params[0]
  if (safe === ZERO_HASH || finalized === ZERO_HASH)
    throw new CriticalError('the request names no safe or no finalized block')
  return { safe, finalized }
}
