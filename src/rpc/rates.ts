/** How much work an address may ask for. What this machine's own programs ask is not counted. */
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import type { Client } from './client.ts'

/** Seconds over which the rate is an average, so that a page may load all it shows at once. */
const WINDOW_SECONDS = 10

/** Undefined: go on. Else the seconds after which to ask again. At once where nothing is counted. */
export type TakeRate = (client: Client | undefined, cost: number) => undefined | Promise<number | undefined>

/** `costPerSecond` 0: as much as anybody likes. */
export function createRates(costPerSecond: number): TakeRate {
  if (costPerSecond === 0) return () => undefined
  const limiter = new RateLimiterMemory({ points: costPerSecond * WINDOW_SECONDS, duration: WINDOW_SECONDS })
  return (client, cost) => {
    if (client === undefined || client.isLocal || cost === 0) return undefined
    return limiter.consume(client.address, cost).then(
      () => undefined,
      (refused: RateLimiterRes) => Math.max(1, Math.ceil(refused.msBeforeNext / 1000)),
    )
  }
}
