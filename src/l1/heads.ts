/**
 * The head to follow: the preferred provider's latest block, or the newest one on which enough providers agree.
 * A preferred provider that has fallen behind is overruled by whoever is ahead.
 */
import { toQuantity } from '../primitives/hex.ts'
import type { Logger } from '../telemetry/log.ts'
import type { L1Header } from './l1.ts'
import type { L1Provider } from './provider.ts'
import type { L1Reader } from './reader.ts'
import { verifyHeader } from './rpcHeader.ts'

/** A head older than this, by the clock, may be a provider's that has fallen behind; two missed slots in a row are rare. */
const STALE_SLOTS = 4n

export type Heads = {
  /** Null: no news. */
  read(signal?: AbortSignal): Promise<L1Header | null>
}

export function createHeads(deps: {
  readonly provider: L1Provider
  readonly reader: L1Reader
  /** Providers that must name the same block; 1: the preferred one's word is enough. */
  readonly quorum: number
  readonly secondsPerSlot: bigint
  readonly log: Logger
}): Heads {
  const { provider, reader, quorum, log } = deps
  const eachAt = (block: string, signal?: AbortSignal) =>
    provider.askEach(
      [{ method: 'eth_getBlockByNumber', params: [block, false] }],
      ([json]) => (json === null ? null : verifyHeader(json, {})),
      signal,
    )
  const findAgreed = async (number: bigint, signal?: AbortSignal): Promise<L1Header | undefined> => {
    const votes = new Map<string, L1Header[]>()
    for (const { answer } of await eachAt(toQuantity(number), signal)) {
      if (answer?.number === number) votes.set(answer.hash, [...(votes.get(answer.hash) ?? []), answer])
    }
    return [...votes.values()].find((each) => each.length >= quorum)?.[0]
  }
  const isStale = ({ timestamp }: L1Header) =>
    Date.now() / 1000 > Number(timestamp + STALE_SLOTS * deps.secondsPerSlot)

  if (quorum <= 1)
    return {
      async read(signal) {
        const preferred = await reader.headerByTag('latest', signal)
        if (preferred === null || provider.names.length === 1 || !isStale(preferred)) return preferred
        const others = (await eachAt('latest', signal)).flatMap(({ answer, demoted }) =>
          answer && !demoted ? [answer] : [],
        )
        return others.reduce((a, b) => (b.number > a.number ? b : a), preferred)
      },
    }
  return {
    async read(signal) {
      const heads = (await eachAt('latest', signal)).flatMap(({ answer }) => answer ?? [])
      // Enough providers have reached the quorum-th highest number; if they differ there, they may agree further down.
      const numbers = heads.map(({ number }) => number).sort((a, b) => (a < b ? 1 : a > b ? -1 : 0))
      for (const number of new Set(numbers.slice(quorum - 1))) {
        const agreed = await findAgreed(number, signal)
        if (agreed) return agreed
      }
      log.warn(
        { heads: heads.map(({ number, hash }) => ({ number, hash })), quorum },
        'no quorum about the L1 head',
      )
      return null
    },
  }
}
