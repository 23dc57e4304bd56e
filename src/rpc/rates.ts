/** How much work an address may ask for. What this machine's own programs ask is not counted. */
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import type { Client } from './client.ts'

/** Seconds over which the rate is an average, so that a page may load all it shows at once. */
const WINDOW_SECONDS = 5

export type Rates = {
  /** Undefined: go on. Else the seconds after which to ask again. At once where nothing is counted. */
  take(client: Client | undefined, cost: number): undefined | Promise<number | undefined>
  /** For work that is done already. */
  charge(client: Client | undefined, cost: number): void
}

/** `costPerSecond` 0: as much as anybody likes. */
export function createRates(costPerSecond: number): Rates {
  if (costPerSecond === 0) return { take: () => undefined, charge: () => {} }
  const limiter = new RateLimiterMemory({ points: costPerSecond * WINDOW_SECONDS, duration: WINDOW_SECONDS })
  const isCounted = (client: Client | undefined, cost: number): client is Client =>
    client !== undefined && !client.isLocal && cost > 0
  return {
    take(client, cost) {
      if (!isCounted(client, cost)) return undefined
      return limiter.consume(client.address, cost).then(
        () => undefined,
        (refused: RateLimiterRes) => Math.max(1, Math.ceil(refused.msBeforeNext / 1000)),
      )
    },
    charge(client, cost) {
      // In memory there is nothing that can fail.
      if (isCounted(client, cost)) void limiter.penalty(client.address, cost)
    },
  }
}
