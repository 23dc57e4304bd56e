/**
 * Which logs of a range of history are true and complete. `eth_getLogs` proposes; then each block is settled by one of
 *  - its bloom: it cannot hold a log of ours;
 *  - the hash chain of proposals, where it lies between linked ones (hashChain.ts);
 *  - its receipts.
 */
import { TemporaryError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { L1Log } from '../protocol/protocol.ts'
import { type HashChain, type PlacedLink, readLinks } from './hashChain.ts'
import type { L1Header } from './l1.ts'
import type { L1Reader } from './reader.ts'
import type { Watch } from './watch.ts'
import { check } from './wrongData.ts'

export type ProvenRange = {
  readonly headers: readonly L1Header[]
  readonly logs: ReadonlyMap<Hash, readonly L1Log[]>
  /** Hash of the newest proposal up to the end of the range, where one has been seen. */
  readonly lastProposalHash?: Hash
}

export type RangeProofDeps = {
  readonly reader: Pick<L1Reader, 'logsOfBlock'>
  readonly watch: Watch
  readonly chain?: HashChain | undefined
  /** Whether events beside proposals are proven complete too; the hash chain does not cover them. */
  readonly proveAllEvents: boolean
}

/** Throws WrongDataError if the given logs are not the true ones. */
export async function proveRange(
  deps: RangeProofDeps,
  input: {
    readonly headers: readonly L1Header[]
    readonly given: ReadonlyMap<Hash, readonly L1Log[]>
    /** As of the block before the range; undefined if not known. */
    readonly lastProposalHash?: Hash | undefined
    readonly signal?: AbortSignal | undefined
  },
): Promise<ProvenRange> {
  const { headers, given } = input
  const links = (deps.chain && readLinks(deps.chain, headers, given)) ?? []
  const linked = new Set(links.map(({ log }) => log))
  const span = coveredSpan(links, input.lastProposalHash)
  const doubtful = headers.filter((header, index) => {
    if (index < span.from || index >= span.to) return deps.watch.mayHold(header.header)
    return (given.get(header.hash) ?? []).some((log) => !linked.has(log)) || mayHoldOther(deps, header)
  })
  await Promise.all(
    doubtful.map(async (header) => {
      const logs = await deps.reader.logsOfBlock(header, input.signal)
      if (logs === null) throw new TemporaryError(`no L1 provider has the receipts of block ${header.number}`)
      assertSameLogs(header, given.get(header.hash) ?? [], logs)
    }),
  )
  const lastProposalHash = links.at(-1)?.link.hash ?? input.lastProposalHash
  return { headers, logs: given, ...(lastProposalHash === undefined ? {} : { lastProposalHash }) }
}

/**
 * Block indexes whose proposals the chain proves: from the first link (from the start, if that one follows what came before)
 * to the last, exclusive. The last one is proven by its receipt, and with it all that it builds on.
 */
function coveredSpan(
  links: readonly PlacedLink[],
  lastProposalHash: Hash | undefined,
): { readonly from: number; readonly to: number } {
  const first = links[0]
  const last = links.at(-1)
  if (first === undefined || last === undefined) return { from: 0, to: 0 }
  const follows = lastProposalHash !== undefined && first.link.parentHash === lastProposalHash
  return { from: follows ? 0 : first.blockIndex, to: last.blockIndex }
}

/** Whether a block between linked proposals may hold an event that the chain says nothing of. */
function mayHoldOther({ chain, watch, proveAllEvents }: RangeProofDeps, { header }: L1Header): boolean {
  return chain !== undefined && proveAllEvents && watch.mayHoldOther(header, chain.address, chain.topic)
}

function assertSameLogs(header: L1Header, given: readonly L1Log[], proven: readonly L1Log[]): void {
  const of = `block ${header.number}`
  check(given.length >= proven.length, `eth_getLogs hides a log of ${of}`)
  check(given.length <= proven.length, `eth_getLogs adds a log to ${of}`)
  for (const [index, log] of proven.entries()) {
    check(
      JSON.stringify(comparable(log)) === JSON.stringify(comparable(given[index] as L1Log)),
      `eth_getLogs alters a log of ${of}`,
    )
  }
}

function comparable(log: L1Log): unknown {
  return [log.address, log.topics, log.data, log.transactionHash, log.logIndex]
}
