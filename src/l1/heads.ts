/** The head to follow: the first provider's latest block, or the newest one on which enough providers agree. */
import { toQuantity } from '../primitives/hex.ts'
import type { Logger } from '../telemetry/log.ts'
import type { L1Header } from './l1.ts'
import type { L1Provider } from './provider.ts'
import type { L1Reader } from './reader.ts'
import { verifyHeader } from './rpcHeader.ts'

export type Heads = {
  /** Null: no news. */
  read(signal?: AbortSignal): Promise<L1Header | null>
}

export function createHeads(deps: {
  readonly provider: L1Provider
  readonly reader: L1Reader
  /** Providers that must name the same block; 1: the preferred one's word is enough. */
  readonly quorum: number
  readonly log: Logger
}): Heads {
  const { provider, reader, quorum, log } = deps
  if (quorum <= 1) return { read: (signal) => reader.headerByTag('latest', signal) }

  const eachAt = (block: string, signal?: AbortSignal) =>
    provider.askEach(
      [{ method: 'eth_getBlockByNumber', params: [block, false] }],
      ([json]) => (json === null ? null : verifyHeader(json, {})),
      signal,
    )
  return {
    async read(signal) {
      const heads = (await eachAt('latest', signal)).flatMap(({ answer }) => answer ?? [])
      // The quorum-th highest number is one that enough providers have reached.
      const numbers = heads.map(({ number }) => number).sort((a, b) => (a < b ? 1 : a > b ? -1 : 0))
      const number = numbers[quorum - 1]
      if (number === undefined) {
        log.warn({ answered: heads.length, quorum }, 'too few L1 providers answer for a quorum')
        return null
      }
      const votes = new Map<string, L1Header[]>()
      for (const { answer } of await eachAt(toQuantity(number), signal)) {
        if (answer?.number !== number) continue
        votes.set(answer.hash, [...(votes.get(answer.hash) ?? []), answer])
      }
      const agreed = [...votes.values()].find((each) => each.length >= quorum)?.[0]
      if (agreed === undefined)
        log.warn({ number, hashes: [...votes.keys()], quorum }, 'L1 providers disagree about the head')
      return agreed ?? null
    },
  }
}
