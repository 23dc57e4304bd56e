/**
 * What can be done of an L1 step before its parent is executed: decode the events, fetch the blobs, decode the sources,
 * recover the senders. It runs ahead of the driver and keeps no state.
 */
import type { Engine } from '../engine/engine.ts'
import type { L1, L1Event, L1Header } from '../l1/l1.ts'
import type { Address } from '../primitives/hex.ts'
import type { BlobSlice, DecodedSource, Proposal } from '../protocol/protocol.ts'
import { decodeProposal, protocolOf } from '../protocol/protocols.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { findCalldata } from './calldata.ts'
import { type InboxItem, readInboxItem } from './inboxItems.ts'

export type PreparedProposal = {
  readonly type: 'proposal'
  readonly proposal: Proposal
  readonly sources: readonly DecodedSource[]
  /** Accounts that their transactions name. */
  readonly parties: readonly Address[]
}

export type PreparedBlock = {
  readonly type: 'block'
  readonly block: L1Header
  /** In the order of the logs. */
  readonly items: readonly (PreparedProposal | InboxItem)[]
  /** Empty L1 slots before this block. */
  readonly missedSlots: number
}

export type PreparedEvent = PreparedBlock | Exclude<L1Event, { type: 'block' }>

export type PrepareDeps = {
  readonly spec: RollupSpec
  readonly l1: Pick<L1, 'ancestor' | 'blobs' | 'transaction'>
  readonly engine: Pick<Engine, 'recoverSenders'>
  readonly signal: AbortSignal
}

export async function* prepareEvents(
  deps: PrepareDeps,
  events: AsyncIterable<L1Event>,
): AsyncGenerator<PreparedEvent> {
  for await (const event of events) {
    yield event.type === 'block' ? await prepareBlock(deps, event) : event
  }
}

async function prepareBlock(
  deps: PrepareDeps,
  { block, logs, missedSlots = 0 }: Extract<L1Event, { type: 'block' }>,
): Promise<PreparedBlock> {
  const items: (PreparedProposal | InboxItem)[] = []
  for (const log of logs) {
    const proposal = decodeProposal({ spec: deps.spec, log, l1Block: block })
    if (proposal !== null) items.push(await prepareProposal(deps, await findCalldata(deps, proposal, logs)))
    else if (log.address === deps.spec.l1.inbox) {
      const item = await readInboxItem(deps, block, log)
      if (item !== undefined) items.push(item)
    }
  }
  return { type: 'block', block, items, missedSlots }
}

/** `proposal` with its lists found, where they came by calldata. */
export async function prepareProposal(deps: PrepareDeps, proposal: Proposal): Promise<PreparedProposal> {
  const { spec, engine } = deps
  const sources: DecodedSource[] = []
  for (const [sourceIndex, source] of proposal.sources.entries()) {
    const blobs = await fetchBlobs(deps, proposal, source.blobSlice)
    sources.push(protocolOf(proposal.fork).decodeSource({ spec, proposal, sourceIndex, blobs }))
  }
  const listed = sources.flatMap((source) => source.blocks.flatMap((block) => block.transactions))
  const parties = await engine.recoverSenders(listed.map((transaction) => transaction.raw))
  return { type: 'proposal', proposal, sources, parties }
}

/** Blobs of an earlier L1 block (a Pacaya forced inclusion) lie in that block's slot, which its time tells. */
async function fetchBlobs(
  { l1, signal }: PrepareDeps,
  proposal: Proposal,
  slice: BlobSlice,
): Promise<readonly Uint8Array[]> {
  if (slice.blobHashes.length === 0) return []
  if (slice.createdInBlock === undefined) return l1.blobs(slice, signal)
  const { blockNumber: number, blockHash: hash } = proposal.l1
  const { timestamp } = await l1.ancestor({ number, hash }, slice.createdInBlock, signal)
  return l1.blobs({ ...slice, timestamp }, signal)
}
