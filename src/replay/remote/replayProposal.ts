/** One proposal of L1, derived and executed on the state that an L2 node proves, and held against the canonical blocks. */
import {
  type DerivationContext,
  type DerivedBlock,
  deriveBlocks,
  type ParentBlock,
} from '../../derive/blocks.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { DecodedSource, L1BlockRef, Proposal, SourceFault } from '../../protocol/protocol.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { type Ancestors, createAncestors, type HeaderCache } from './ancestors.ts'
import { type Canonical, type NearProposal, type ProvenEnd, readCanonical, type Trust } from './canonical.ts'
import { type Difference, explainDifference } from './explain.ts'
import type { L2Node } from './l2Node.ts'
import { createRemoteState, type RemoteState } from './remoteState.ts'

/** How state is asked for: by witnesses where the node gives them, with proofs of what they lack, or by proofs alone. */
export const STATE_WAYS = ['auto', 'proof'] as const
export type StateWay = (typeof STATE_WAYS)[number]

/** Survives a structured clone. */
export type ProposalJob = {
  readonly proposal: Proposal
  readonly sources: readonly DecodedSource[]
  readonly proven?: ProvenEnd
}

export type ReplayedBlock = {
  readonly number: bigint
  readonly hash: Hash
  readonly expected: Hash
  readonly txs: number
  readonly dropped: number
  readonly gasUsed: bigint
}

export type ReplayedProposal = {
  readonly id: bigint
  readonly blocks: readonly ReplayedBlock[]
  readonly faults: readonly { readonly sourceIndex: number; readonly fault: SourceFault }[]
  readonly trust: Trust
  /** Whether every block had a witness. */
  readonly state: 'witness' | 'proof'
  /** Of the first block that differs; nothing after it was executed. */
  readonly difference?: Difference
}

export type ReplayDeps = {
  readonly spec: RollupSpec
  readonly engine: Engine
  readonly nodes: readonly [L2Node, ...L2Node[]]
  readonly way: StateWay
  readonly headers: HeaderCache
  /** The L1 block with `number`, at or before the proposal's origin, verified. */
  readonly anchorBlock: (proposal: Proposal, number: bigint) => Promise<L1BlockRef>
}

/** Throws LyingNodeError, NodeLacksError or NodesDisagreeError where the nodes are not good enough: then nothing is said of the proposal. */
export async function replayProposal(
  deps: ReplayDeps,
  job: ProposalJob,
  near?: NearProposal,
): Promise<ReplayedProposal> {
  const { proposal, sources, proven } = job
  const canonical = await readCanonical({
    ...{ nodes: deps.nodes, proposal },
    ...(proven && { proven }),
    ...(near && { near }),
  })
  const states = createStates(deps, canonical, sources)
  const blocks: ReplayedBlock[] = []
  const faults: { sourceIndex: number; fault: SourceFault }[] = []
  const context: DerivationContext = {
    spec: deps.spec,
    engine: deps.engine,
    stateAfter: states.after,
    anchorBlock: deps.anchorBlock,
    ancestorHash: states.ancestors.hashOf,
  }
  const answer = (difference?: Difference): ReplayedProposal => ({
    ...{ id: proposal.id, blocks, faults, trust: canonical.trust, state: states.way() },
    ...(difference && { difference }),
  })
  let parent = canonical.parent
  for await (const step of deriveBlocks(context, { proposal, sources, parent: canonical.parent })) {
    if (step.type === 'source') {
      if (step.fault) faults.push({ sourceIndex: step.sourceIndex, fault: step.fault })
      continue
    }
    const { executed } = step.block
    const expected = canonical.blocks[blocks.length]
    blocks.push(summaryOf(step.block, expected?.hash ?? '0x'))
    if (executed.hash !== expected?.hash) {
      const state = await states.after(parent)
      const found = { deps, context, state, block: step.block, expected, canonical, faults }
      return answer(await explainDifference(found))
    }
    states.ancestors.push(executed)
    parent = { header: executed.header, hash: executed.hash, grandparentTimestamp: parent.header.timestamp }
  }
  const missing = canonical.blocks[blocks.length]
  if (missing === undefined) return answer()
  const made = blocks.length
  return answer({
    block: missing.header.number,
    expected: missing.hash,
    fields: [],
    ...(faults[0] && { rule: faults[0].fault.rule }),
    sentence: `the proposal makes ${made} blocks here, the chain has ${canonical.blocks.length} of it`,
  })
}

function createStates(deps: ReplayDeps, canonical: Canonical, sources: readonly DecodedSource[]) {
  const [node] = deps.nodes
  const opened = new Map<bigint, Promise<RemoteState>>()
  const ancestors = followAncestors(createAncestors(node, canonical.parent, deps.headers))
  const lists = sources.flatMap((source) => source.blocks.map(({ transactions }) => transactions))
  let hasAll = true

  async function open({ header }: ParentBlock): Promise<RemoteState> {
    const index = Number(header.number - canonical.parent.header.number)
    const next = canonical.blocks[index]?.header
    const isThere = next !== undefined && deps.way !== 'proof'
    const witness = isThere ? await node.witness(next.number) : null
    if (witness === null) hasAll = false
    else ancestors.add(witness.headers)
    const state = createRemoteState({
      ...{ node, block: header },
      ...(next && { next }),
      ...(witness && { witness }),
    })
    // By its list alone it is not certain which block of a source this is; what is asked for in vain harms nobody.
    const listed = lists[index]?.map(({ raw }) => raw) ?? []
    await state.prefetch(await deps.engine.recoverSenders(listed))
    return state
  }

  return {
    ancestors,
    way: () => (hasAll ? ('witness' as const) : ('proof' as const)),
    after(parent: ParentBlock): Promise<RemoteState> {
      const known = opened.get(parent.header.number) ?? open(parent)
      opened.set(parent.header.number, known)
      return known
    },
  }
}

/** With the blocks that were made on top. */
function followAncestors(below: Ancestors) {
  const made = new Map<bigint, Hash>()
  return {
    add: below.add,
    push: ({ header, hash }: DerivedBlock['executed']) => void made.set(header.number, hash),
    hashOf: (number: bigint) => made.get(number) ?? below.hashOf(number),
  }
}

function summaryOf({ executed }: DerivedBlock, expected: Hash): ReplayedBlock {
  const { header, hash, transactions, dropped } = executed
  return {
    ...{ number: header.number, hash, expected, gasUsed: header.gasUsed },
    txs: transactions.length,
    dropped: dropped.length,
  }
}
