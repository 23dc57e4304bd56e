/** One L1 block to what its step commits: every proposal derived and staged, and how far L2 is proven. */
import type { BlockRef, ChainReader, StoredProposal } from '../chain/chain.ts'
import type { Engine } from '../engine/engine.ts'
import type { FlatState } from '../engine/state/flatState.ts'
import type { L1 } from '../l1/l1.ts'
import { assert, defined } from '../primitives/assert.ts'
import { blockSize } from '../primitives/blockSize.ts'
import type { L1BlockRef, Proposal, SourceFault } from '../protocol/protocol.ts'
import { windowEndOf } from '../protocol/shasta/proposals.ts'
import { isOfInbox, type RollupSpec } from '../spec/rollupSpec.ts'
import type { Logger } from '../telemetry/log.ts'
import { type DerivationContext, type DerivedBlock, deriveBlocks, type ParentBlock } from './blocks.ts'
import type { StepResult } from './commit.ts'
import type { InboxItem } from './inboxItems.ts'
import type { PreparedBlock, PreparedProposal } from './prepare.ts'
import { applyInboxItem, type Disagreement, type ProofDeps } from './proofs.ts'
import { assertFollows } from './proposalChain.ts'
import { touchedBy } from './readAhead.ts'
import type { RecentHashes } from './recentHashes.ts'
import { createReuse } from './reuse.ts'

export type DeriveDeps = {
  readonly spec: RollupSpec
  readonly engine: Engine
  readonly state: FlatState
  readonly chain: ChainReader
  readonly recentHashes: RecentHashes
  readonly l1: Pick<L1, 'ancestor'>
  /** Forgets the unsafe blocks after a block, in a transaction of its own. */
  readonly drop: (parent: BlockRef) => Promise<void>
  readonly logger: Logger
  /** Asked before the node stops over a proof: what a second look at these blocks says, as a sentence. */
  readonly onDisagreement?: (disagreement: Disagreement) => Promise<string>
}

/** What an inbox said in this step, and how many proposals a proof of it was compared for. */
export type InboxNote = { readonly item: InboxItem; readonly compared?: number }

export type DerivedStep = StepResult & { readonly notes: readonly InboxNote[] }

/** Throws a ProvenOtherwiseError or an UnknownForkError where L1 says that the chain is another one. */
export async function deriveStep(deps: DeriveDeps, prepared: PreparedBlock): Promise<DerivedStep> {
  const blocks: StepResult['blocks'][number][] = []
  const proposals: StoredProposal[] = []
  const notes: InboxNote[] = []
  let executable = deps.chain.heads().executable
  let parent = await readParent(deps)
  await deps.recentHashes.load(parent.header.number, parent.hash)
  /** Of the block last derived: what inherits it needs no look-up, however long the chain was silent. */
  let anchor = (await deps.chain.origin(parent.header.number))?.anchorBlock
  const context = createContext(deps, () => anchor)

  for (const item of prepared.items) {
    if (item.type !== 'proposal') {
      const outcome = await applyInboxItem(lookUpIn(deps, proposals, blocks), item)
      executable = outcome.executable ?? executable
      notes.push({ item, ...(outcome.compared !== undefined && { compared: outcome.compared }) })
      continue
    }
    assertFollows(await newestProposal(deps, proposals, parent.header.number), item.proposal)
    const firstBlock = parent.header.number + 1n
    await deps.state.readAhead(touchedBy(deps.spec, item, parent.header.number))
    const faults = new Map<number, SourceFault>()
    for await (const step of deriveBlocks(context, { ...item, parent })) {
      if (step.type === 'source') {
        if (step.fault) faults.set(step.sourceIndex, step.fault)
        continue
      }
      const { executed } = step.block
      const { header, hash } = executed
      if (!step.block.isReused) await stage(deps.state, executed)
      deps.recentHashes.add(header.number, hash)
      blocks.push(toStored(item.proposal, step.block))
      parent = { header, hash, grandparentTimestamp: parent.header.timestamp }
      anchor = step.block.anchorBlock
    }
    proposals.push(toStoredProposal(item, faults, firstBlock, parent.header.number))
    logProposal(deps.logger, item.proposal, faults, parent)
  }
  return {
    l1: { number: prepared.block.number, hash: prepared.block.hash },
    ...{ blocks, proposals, executable, notes },
  }
}

async function stage(state: FlatState, { header, changes }: DerivedBlock['executed']): Promise<void> {
  const stateRoot = await state.stage(header.number, changes)
  assert(stateRoot === header.stateRoot, `the staged state of block ${header.number} has another root`)
}

function createContext(deps: DeriveDeps, parentAnchor: () => L1BlockRef | undefined): DerivationContext {
  return {
    spec: deps.spec,
    engine: deps.engine,
    // Unsafe blocks may have moved the state past the parent; then only what the rules ask of it is read.
    stateAfter: ({ header }) =>
      deps.state.head.blockNumber === header.number ? deps.state.source() : deps.state.at(header.number),
    async anchorBlock(proposal, number) {
      const inherited = parentAnchor()
      if (inherited?.number === number) return inherited
      const origin = { number: proposal.originBlockNumber, hash: proposal.originBlockHash }
      const { hash, parentHash, timestamp, stateRoot } = await deps.l1.ancestor(origin, number)
      return { number, hash, parentHash, timestamp, stateRoot }
    },
    ancestorHash: deps.recentHashes.get,
    reuse: createReuse({ ...deps, ancestorHash: deps.recentHashes.get }),
  }
}

async function readParent({ chain }: DeriveDeps): Promise<ParentBlock> {
  const { safe } = chain.heads()
  const { header, hash } = defined(await chain.headerByNumber(safe.number), 'the safe block')
  const grandparent = header.number === 0n ? undefined : await chain.headerByNumber(header.number - 1n)
  return { header, hash, grandparentTimestamp: grandparent?.header.timestamp ?? 0n }
}

function toStored(proposal: Proposal, derived: DerivedBlock): StepResult['blocks'][number] {
  const { executed, manifest } = derived
  const { hash, header, transactions } = executed
  return {
    isReused: derived.isReused,
    block: {
      hash,
      header,
      transactions,
      size: blockSize(
        header,
        transactions.map(({ raw }) => raw),
      ),
    },
    origin: {
      fork: proposal.fork,
      proposalId: proposal.id,
      sourceIndex: derived.sourceIndex,
      isForcedInclusion: defined(proposal.sources[derived.sourceIndex], 'the source of a block')
        .isForcedInclusion,
      indexInSource: derived.indexInSource,
      anchorBlock: derived.anchorBlock,
      listed: manifest.transactions.map(({ offset, raw }) => ({ offset, length: raw.length })),
      dropped: executed.dropped,
    },
  }
}

function toStoredProposal(
  { proposal, sources }: PreparedProposal,
  faults: ReadonlyMap<number, SourceFault>,
  firstBlock: bigint,
  lastBlock: bigint,
): StoredProposal {
  assert(firstBlock <= lastBlock, `proposal ${proposal.id} made no block`)
  assert(sources.length === proposal.sources.length, `proposal ${proposal.id} lost a source`)
  const windowEnd = windowEndOf(proposal)
  return {
    id: proposal.id,
    fork: proposal.fork,
    hash: proposal.hash,
    proposer: proposal.proposer,
    timestamp: proposal.timestamp,
    ...(windowEnd !== undefined && { windowEnd }),
    l1: proposal.l1,
    firstBlock,
    lastBlock,
    sources: proposal.sources.map(({ isForcedInclusion, blobSlice }, index) => {
      const fault = faults.get(index)
      return {
        isForcedInclusion,
        ...(isForcedInclusion && { savedAt: blobSlice.timestamp }),
        blobHashes: blobSlice.blobHashes,
        offset: blobSlice.offset,
        ...(blobSlice.size !== undefined && { size: blobSlice.size }),
        ...(fault && { fault }),
      }
    }),
  }
}

/** Proposals and blocks as they will be after this step. */
function lookUpIn(
  { chain, logger, onDisagreement }: DeriveDeps,
  proposals: readonly StoredProposal[],
  blocks: StepResult['blocks'],
): ProofDeps {
  return {
    logger,
    ...(onDisagreement && { onDisagreement }),
    proposal: async (id) => {
      const found = proposals.find((here) => here.id === id) ?? (await chain.proposal(id))
      // Ids began anew with the inbox: what an older fork numbered so is another proposal.
      return found !== undefined && isOfInbox(found.fork) ? found : undefined
    },
    blockOf: async (number) => {
      const staged = blocks.find(({ block }) => block.header.number === number)?.block
      const { hash, header } = staged ?? defined(await chain.headerByNumber(number), `L2 block ${number}`)
      return { number, hash, stateRoot: header.stateRoot }
    },
  }
}

/** The newest proposal so far, in this step or the one that made its parent; undefined at the beginning. */
async function newestProposal(
  { chain }: DeriveDeps,
  proposals: readonly StoredProposal[],
  parentNumber: bigint,
): Promise<StoredProposal | undefined> {
  const inStep = proposals.at(-1)
  if (inStep !== undefined) return inStep
  const origin = await chain.origin(parentNumber)
  return origin && chain.proposal(origin.proposalId, parentNumber)
}

function logProposal(
  logger: Logger,
  proposal: Proposal,
  faults: ReadonlyMap<number, SourceFault>,
  last: ParentBlock,
): void {
  const fields = { proposal: proposal.id, l1Block: proposal.l1.blockNumber, lastBlock: last.header.number }
  logger.info(fields, 'derived a proposal')
  for (const [sourceIndex, fault] of faults) {
    logger.info({ ...fields, sourceIndex, ...fault }, 'a source was replaced by the default')
  }
}
