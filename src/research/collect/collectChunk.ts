/** All rows of one range of L1 blocks, gathered block by block. */
import type { StoredBlock } from '../../chain/chain.ts'
import { type PreparedProposal, prepareEvents } from '../../derive/prepare.ts'
import { BlobUnavailableError } from '../../l1/blobs.ts'
import type { L1Header } from '../../l1/l1.ts'
import { slotOf } from '../../l1/slot.ts'
import { defined } from '../../primitives/assert.ts'
import { retryTemporary } from '../../primitives/async.ts'
import { CriticalError, type TemporaryError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import type { Proposal } from '../../protocol/protocol.ts'
import { decodeProposal } from '../../protocol/protocols.ts'
import { FORCED_INCLUSION_SAVED_TOPIC } from '../../protocol/shasta/inboxEvents.ts'
import { isOfInbox, type RollupSpec } from '../../spec/rollupSpec.ts'
import type { Row, TableName } from '../dataset/column.ts'
import type { Facts } from './facts.ts'
import { forcedInclusionRow, l1BlockRow } from './l1Rows.ts'
import type { L1BlockEvent, L1Source } from './l1Source.ts'
import { type L2Input, l2BlockRow, logRows, transactionRows } from './l2Rows.ts'
import type { NodeData, NodeView } from './nodeData.ts'
import { finalizedAt, firstSeen, preconfirmedAt, preconfirmedRows, promiseRows } from './promiseRows.ts'
import { proposalRow, sourceRow } from './proposalRows.ts'
import { measureSource } from './sourceBytes.ts'

export type CollectDeps = {
  readonly spec: RollupSpec
  readonly source: L1Source
  readonly node: NodeData
  readonly facts: Facts
  /** Seconds; null where it is not known. */
  readonly forcedInclusionDelay: number | null
  readonly signal: AbortSignal
  readonly onRetry: (error: TemporaryError) => void
}

export type ChunkCollector = {
  /** In order. Throws CriticalError where the node has derived another chain, or not so far. */
  add(event: L1BlockEvent): Promise<void>
  /** Rows of the tables that are written by chunks. */
  finish(): Promise<(table: TableName) => readonly Row[]>
}

/** Attempts for the blobs of one L1 block before they count as not at hand: sources pause between them. */
const BLOB_ATTEMPTS = 3
/** Of what L1 does not answer at once. */
export const RETRY = { delayMs: 500, delayMaxMs: 12_000 }

export function createChunkCollector(
  deps: CollectDeps,
  range: { readonly from: number; readonly to: number },
): ChunkCollector {
  const { spec, source, node, facts, signal } = deps
  const tables = new Map<TableName, Row[]>()
  const push = (table: TableName, rows: readonly Row[]) => {
    const held = tables.get(table) ?? []
    tables.set(table, held)
    for (const row of rows) held.push(row)
  }
  const before = facts.ends.get(range.from - 1)
  let parentSlot = before && slotOf(spec.l1, before.timestamp)
  let firstSlot: bigint | undefined
  let lastTimestamp = 0n
  /** Hashes of the L2 blocks, by number. */
  const derived = new Map<bigint, Hash>()

  async function addProposal(
    view: NodeView,
    block: L1Header,
    proposal: Proposal,
    found: Found | undefined,
    proposing: Awaited<ReturnType<L1Source['transactions']>>,
  ): Promise<void> {
    const stored = await view.proposal(proposal.id, proposal.hash)
    if (stored === undefined || stored.l1.blockHash !== block.hash)
      throw new CriticalError(
        `the node has not derived proposal ${proposal.id} of L1 block ${block.number}: it follows another L1, or began with a snapshot; ` +
          'export without --datadir, or another range',
      )
    const proven = isOfInbox(proposal.fork) ? facts.proven.get(proposal.id) : undefined
    const ofSource = proposal.sources.map(() => ({ blocks: 0, listed: 0 }))
    let transactions = 0
    for (let number = stored.firstBlock; number <= stored.lastBlock; number++) {
      const l2 = defined(await view.chain.blockByNumber(number), `L2 block ${number}`)
      const origin = defined(await view.chain.origin(number), `the origin of L2 block ${number}`)
      const counts = defined(ofSource[origin.sourceIndex], 'the source of a block')
      counts.blocks++
      counts.listed += origin.listed.length
      transactions += l2.transactions.filter(({ listedIndex }) => listedIndex !== undefined).length
      derived.set(number, l2.hash)
      const listed =
        found?.prepared.sources[origin.sourceIndex]?.blocks[origin.indexInSource]?.transactions ?? undefined
      const input: L2Input = {
        ...{ spec, block: l2, origin, proposal: stored },
        ...(listed && { listed }),
        times: await timesOf(view, l2, listed, proven ? Number(proven.timestamp) : null),
      }
      push('l2_blocks', [l2BlockRow(input)])
      push('transactions', transactionRows(input))
      push('logs', logRows(input))
    }
    for (const [sourceIndex, { blocks, listed }] of ofSource.entries())
      push('sources', [
        sourceRow({
          ...{ spec, proposal, stored, sourceIndex, blocks },
          listedInBlocks: listed,
          ...(found && measured(found, sourceIndex)),
        }),
      ])
    const own = proposing.get(proposal.l1.transactionHash)
    push('proposals', [proposalRow({ spec, block, proposal, stored, transactions, proposing: own, proven })])
  }

  return {
    async add(event) {
      const { block, logs } = event
      const proposals = logs.flatMap((log) => decodeProposal({ spec, log, l1Block: block }) ?? [])
      const saved = logs.filter(
        ({ address, topics }) => address === spec.l1.inbox && topics[0] === FORCED_INCLUSION_SAVED_TOPIC,
      )
      const retry = { ...RETRY, signal, onRetry: deps.onRetry }
      const [prepared, proposing] =
        proposals.length === 0
          ? [undefined, new Map()]
          : await retryTemporary(
              async () => [await prepare(deps, event), await source.transactions(block, signal)] as const,
              retry,
            )
      const counts = { parentSlot, proposals: proposals.length, forcedInclusions: saved.length }
      push('l1_blocks', [l1BlockRow(spec, block, counts)])
      parentSlot = slotOf(spec.l1, block.timestamp)
      firstSlot ??= parentSlot
      lastTimestamp = block.timestamp
      if (proposals.length === 0) return
      await node.read(async (view) => {
        for (const proposal of proposals) {
          const found = prepared?.find((each) => each.prepared.proposal.hash === proposal.hash)
          await addProposal(view, block, proposal, found, proposing)
        }
      })
    },
    async finish() {
      await node.read(async (view) => {
        for (const entry of facts.forced) {
          const { outcome, saved } = entry
          const home = saved?.at.number ?? (outcome.type === 'included' ? outcome.at.number : 0n)
          if (home < BigInt(range.from) || home > BigInt(range.to)) continue
          const taken =
            outcome.type === 'included'
              ? await view.proposal(outcome.proposal.id, outcome.proposal.hash)
              : undefined
          push('forced_inclusions', [forcedInclusionRow(spec, entry, taken, deps.forcedInclusionDelay)])
        }
        const { promises } = view
        if (promises === undefined || firstSlot === undefined) return
        const after = before ? slotOf(spec.l1, before.timestamp) : firstSlot - 1n
        push('promises', await promiseRows(promises, spec, { after, upTo: slotOf(spec.l1, lastTimestamp) }))
        const numbers = [...derived.keys()]
        const [from] = numbers
        const to = numbers.at(-1)
        if (from !== undefined && to !== undefined)
          push(
            'preconfirmed_blocks',
            await preconfirmedRows(promises, spec, { from, to }, (number) => derived.get(number)),
          )
      })
      return (table) => tables.get(table) ?? []
    },
  }
}

async function timesOf(
  { promises }: NodeView,
  block: StoredBlock,
  listed: readonly { readonly raw: Uint8Array }[] | undefined,
  executableAt: number | null,
): Promise<L2Input['times']> {
  if (promises === undefined)
    return { preconfirmedAt: null, finalizedAt: null, executableAt, firstSeen: new Map() }
  const hashes = listed?.map(({ raw }) => keccak256Hex(raw)) ?? block.transactions.map(({ hash }) => hash)
  return {
    preconfirmedAt: await preconfirmedAt(promises, block),
    finalizedAt: await finalizedAt(promises, block.header.number),
    executableAt,
    firstSeen: await firstSeen(promises, hashes),
  }
}

/** A proposal with its decoded sources and the blobs they came from. */
type Found = {
  readonly prepared: PreparedProposal
  readonly blobs: ReadonlyMap<string, readonly Uint8Array[]>
}

const keyOf = (hashes: readonly Hash[]) => hashes.join()

function measured({ prepared: { proposal, sources }, blobs }: Found, sourceIndex: number) {
  const source = defined(proposal.sources[sourceIndex], 'a source')
  return {
    decoded: defined(sources[sourceIndex], 'a decoded source'),
    bytes: measureSource(proposal, source, blobs.get(keyOf(source.blobSlice.blobHashes)) ?? []),
  }
}

/** Undefined where no source has the blobs: then only what the node has kept of the block is told. */
async function prepare(
  { spec, source: { l1 }, signal }: CollectDeps,
  event: L1BlockEvent,
): Promise<readonly Found[] | undefined> {
  const blobs = new Map<string, readonly Uint8Array[]>()
  const remembering = {
    ...l1,
    blobs: async (...[slice, until]: Parameters<typeof l1.blobs>) => {
      const found = await l1.blobs(slice, until)
      blobs.set(keyOf(slice.blobHashes), found)
      return found
    },
  }
  // Senders are execution's business.
  const engine = { recoverSenders: async () => [] }
  for (let attempt = 1; ; attempt++) {
    try {
      const [prepared] = await toArray(prepareEvents({ spec, l1: remembering, engine, signal }, just(event)))
      if (prepared?.type !== 'block') return undefined
      return prepared.items.flatMap((item) => (item.type === 'proposal' ? [{ prepared: item, blobs }] : []))
    } catch (error) {
      if (!isMissingBlob(error)) throw error
      if (attempt === BLOB_ATTEMPTS) return undefined
    }
  }
}

/** An archive says it with an error of its own. */
function isMissingBlob(error: unknown): boolean {
  return (
    error instanceof BlobUnavailableError ||
    (error instanceof Error && error.cause instanceof BlobUnavailableError)
  )
}

async function* just(event: L1BlockEvent): AsyncGenerator<L1BlockEvent> {
  yield event
}

async function toArray<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
