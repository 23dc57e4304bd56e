/**
 * Shasta's proposals are a hash chain: each event names the hash of the proposal before it, and a proposal's hash covers its
 * event, its L1 block's time and that block's parent. Events that link, and end in a verified one, are authentic and complete.
 */
import type { Address, Hash } from '../primitives/hex.ts'
import type { L1Log } from '../protocol/protocol.ts'
import type { L1Header } from './l1.ts'

export type ProposalLink = { readonly id: bigint; readonly hash: Hash; readonly parentHash: Hash }

export type HashChain = {
  /** Where the linked events come from, and their first topic. */
  readonly address: Address
  readonly topic: Hash
  /** The proposal in a log; null if the log is another event. May throw for bytes that are none. */
  readonly linkOf: (log: L1Log, block: L1Header) => ProposalLink | null
}

export type PlacedLink = { readonly blockIndex: number; readonly log: L1Log; readonly link: ProposalLink }

/**
 * The links among the given logs, in order; null if they do not follow each other without a gap.
 * A log that is no link, such as the activation's or one that cannot be decoded, is left out and proves nothing.
 */
export function readLinks(
  chain: HashChain,
  headers: readonly L1Header[],
  logs: ReadonlyMap<Hash, readonly L1Log[]>,
): readonly PlacedLink[] | null {
  const links: PlacedLink[] = []
  for (const [blockIndex, header] of headers.entries()) {
    for (const log of logs.get(header.hash) ?? []) {
      const link = decodeLink(chain, log, header)
      if (link === null) continue
      const previous = links.at(-1)?.link
      if (previous && (link.parentHash !== previous.hash || link.id !== previous.id + 1n)) return null
      links.push({ blockIndex, log, link })
    }
  }
  return links
}

/** An unproven log may hold anything, and decoding it may fail in any way; only for a proven one is that our concern. */
function decodeLink(chain: HashChain, log: L1Log, block: L1Header): ProposalLink | null {
  if (log.address !== chain.address || log.topics[0] !== chain.topic) return null
  try {
    return chain.linkOf(log, block)
  } catch {
    return null
  }
}
