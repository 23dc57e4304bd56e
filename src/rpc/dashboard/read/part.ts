/** One part of the page that cannot be read is a sentence in its place; it takes nothing else with it. */
import { TemporaryError } from '../../../primitives/errors.ts'
import type { Logger } from '../../../telemetry/log.ts'
import type { Unavailable } from '../data.ts'

/** Milliseconds one part may take; a page that waits for a slow L1 tells nobody anything. */
const PART_TIMEOUT_MS = 2500

const SLOW = Symbol('slow')

export async function attempt<T>(
  logger: Logger,
  what: string,
  read: () => T | Promise<T>,
  timeoutMs = PART_TIMEOUT_MS,
): Promise<T | Unavailable> {
  let timer: NodeJS.Timeout | undefined
  try {
    const slow = new Promise<typeof SLOW>((resolve) => {
      timer = setTimeout(() => resolve(SLOW), timeoutMs)
    })
    const answer = await Promise.race([(async () => read())(), slow])
    return answer === SLOW ? { unavailable: `L1 is slow: ${what} will be here when it answers.` } : answer
  } catch (error) {
    // As over RPC: what a server said of itself is for the node's own warnings.
    if (error instanceof TemporaryError)
      return { unavailable: `L1 does not give ${what} now; the warnings under Health say why.` }
    logger.error({ what, error }, 'a part of the dashboard cannot be read')
    return { unavailable: `An internal error keeps ${what} away; the node has logged it.` }
  } finally {
    clearTimeout(timer)
  }
}
