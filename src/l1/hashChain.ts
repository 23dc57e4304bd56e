/**
 * Shasta's proposals are a hash chain: each event names the hash of the proposal before it, and a proposal's hash covers its
 * event, its L1 block's time and that block's parent. Events that link, and end in a verified one, are authentic and complete.
 */
import { CriticalError } from '../primitives/errors.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { L1Log } from '../protocol/protocol.ts'
import type { L1Header } from './l1.ts'

export type ProposalLink = { readonly id: bigint; readonly hash: Hash; readonly parentHash: Hash }

export type HashChain = {
  /** Where the linked events come from, and their first topic. */
  readonly address: Address
  readonly topic: Hash
  /** The proposal in a log; null if the log is another event. May throw CriticalError for bytes that are none. */
  readonly linkOf: (log: L1Log, block: L1Header) => ProposalLink | null
}

/** Links by block index; null if the given events do not link to each other, or cannot be decoded. */
export function readLinks(
  chain: HashChain,
  headers: readonly L1Header[],
  logs: ReadonlyMap<Hash, readonly L1Log[]>,
): readonly { readonly index: number; readonly link: ProposalLink }[] | null {
  const links: { index: number; link: ProposalLink }[] = []
  for (const [index, header] of headers.entries()) {
    for (const log of logs.get(header.hash) ?? []) {
      if (!isLinked(chain, log)) continue
      const link = decodeLink(chain, log, header)
      if (link === null) return null
      const previous = links.at(-1)?.link
      if (previous && (link.parentHash !== previous.hash || link.id !== previous.id + 1n)) return null
      links.push({ index, link })
    }
  }
  return links
}

export function isLinked(chain: HashChain, log: L1Log): boolean {
  return log.address === chain.address && log.topics[0] === chain.topic
}

/** An unproven log may hold anything; only for a proven one would undecodable bytes be the operator's concern. */
function decodeLink(chain: HashChain, log: L1Log, block: L1Header): ProposalLink | null {
  try {
    return chain.linkOf(log, block)
  } catch (error) {
    if (error instanceof CriticalError) return null
    throw error
  }
}
