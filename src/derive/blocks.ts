/**
 * From a proposal with decoded sources to executed blocks: the one path of derivation. The driver walks it with the flat
 * state, replay with witnesses, a proposer to check its own batch. Each block's rules need its executed parent, so it is
 * a generator: the consumer puts a block where `stateAfter` finds it before it asks for the next.
 */
import {
  readAnchorBlockNumber,
  readAnchorNonce,
  readContractBaseFee,
  readFeeSlot,
} from '../engine/anchorState.ts'
import type { AncestorHashes, Engine, ExecutedBlock } from '../engine/engine.ts'
import type { StateSource } from '../engine/state/source.ts'
import { defined } from '../primitives/assert.ts'
import { ResetError } from '../primitives/errors.ts'
import type { BlockHeader } from '../primitives/header.ts'
import type { Hash } from '../primitives/hex.ts'
import type {
  DecodedSource,
  L1BlockRef,
  ManifestBlock,
  ParentContext,
  PayloadAttributes,
  Proposal,
  SourceFault,
} from '../protocol/protocol.ts'
import { protocolOf } from '../protocol/protocols.ts'
import { forkAt, type RollupSpec } from '../spec/rollupSpec.ts'

/** An executed L2 block that another one is built on. */
export type ParentBlock = {
  readonly header: BlockHeader
  readonly hash: Hash
  /** Seconds; 0 for genesis, which has no parent. */
  readonly grandparentTimestamp: bigint
}

export type DerivationContext = {
  readonly spec: RollupSpec
  readonly engine: Engine
  /** State after `parent`. */
  readonly stateAfter: (parent: ParentBlock) => StateSource | Promise<StateSource>
  /** The canonical L1 block with `number` at or before the proposal's origin. */
  readonly anchorBlock: (proposal: Proposal, number: bigint) => Promise<L1BlockRef>
  /** Hashes of L2 blocks up to the parent, for BLOCKHASH. */
  readonly ancestorHash: AncestorHashes
  /** The block that these attributes describe, if it is there already. Whatever else stood at its number is gone then. */
  readonly reuse?: (attributes: PayloadAttributes) => Promise<ExecutedBlock | undefined>
}

export type DerivedBlock = {
  readonly sourceIndex: number
  readonly indexInSource: number
  readonly manifest: ManifestBlock
  readonly anchorBlock: L1BlockRef
  readonly attributes: PayloadAttributes
  readonly executed: ExecutedBlock
  /** It was there already; `executed.changes` are part of the state. */
  readonly isReused: boolean
}

export type DerivationStep =
  /** The verdict on a source, before its blocks. */
  | { readonly type: 'source'; readonly sourceIndex: number; readonly fault?: SourceFault }
  | { readonly type: 'block'; readonly block: DerivedBlock }

export async function* deriveBlocks(
  context: DerivationContext,
  input: {
    readonly proposal: Proposal
    /** One for each source of the proposal, in order. */
    readonly sources: readonly DecodedSource[]
    readonly parent: ParentBlock
  },
): AsyncGenerator<DerivationStep> {
  const { proposal, sources } = input
  const { spec } = context
  let parent = input.parent
  let anchorBlockNumber: bigint | undefined
  let blockIndex = 0
  for (const [sourceIndex, decoded] of sources.entries()) {
    const parentContext = await readParentContext(context, proposal, parent, anchorBlockNumber)
    const checked = protocolOf(proposal.fork).checkSource({
      spec,
      proposal,
      sourceIndex,
      decoded,
      parent: parentContext,
    })
    yield { type: 'source', sourceIndex, ...(checked.fault && { fault: checked.fault }) }
    for (const [indexInSource, manifest] of checked.blocks.entries()) {
      const block = await buildBlock(context, {
        proposal,
        manifest,
        blockIndex: blockIndex++,
        parent,
        parentContext:
          indexInSource === 0
            ? parentContext
            : await readParentContext(context, proposal, parent, anchorBlockNumber),
      })
      yield { type: 'block', block: { ...block, sourceIndex, indexInSource, manifest } }
      anchorBlockNumber = manifest.anchorBlockNumber
      parent = {
        header: block.executed.header,
        hash: block.executed.hash,
        grandparentTimestamp: parent.header.timestamp,
      }
    }
  }
}

export async function buildBlock(
  context: DerivationContext,
  input: {
    readonly proposal: Proposal
    readonly manifest: ManifestBlock
    readonly blockIndex: number
    readonly parent: ParentBlock
    readonly parentContext: ParentContext
  },
): Promise<Pick<DerivedBlock, 'anchorBlock' | 'attributes' | 'executed' | 'isReused'>> {
  const { proposal, manifest, parent } = input
  const { spec, engine } = context
  const fork = defined(
    forkAt(spec, { number: parent.header.number + 1n, timestamp: manifest.timestamp }),
    `a fork for L2 block ${parent.header.number + 1n}`,
  )
  const anchorBlock = await context.anchorBlock(proposal, manifest.anchorBlockNumber)
  const attributes = protocolOf(fork).buildAttributes({
    spec,
    proposal,
    blockIndex: input.blockIndex,
    block: manifest,
    parent: input.parentContext,
    anchorBlock,
  })
  const reused = await context.reuse?.(attributes)
  if (reused !== undefined) return { anchorBlock, attributes, executed: reused, isReused: true }
  const state = await context.stateAfter(parent)
  const executed = await engine.execute({ attributes, state, ancestorHash: context.ancestorHash })
  return { anchorBlock, attributes, executed, isReused: false }
}

/** What the rules may know of the parent. The anchor number is read from state once; inside a proposal it rolls on. */
export async function readParentContext(
  context: DerivationContext,
  proposal: Proposal,
  parent: ParentBlock,
  knownAnchorBlockNumber: bigint | undefined,
): Promise<ParentContext> {
  const { spec, ancestorHash } = context
  const { header, hash, grandparentTimestamp } = parent
  const state = await context.stateAfter(parent)
  if (state.stateRoot !== header.stateRoot) {
    throw new ResetError(`the state at hand is not that of L2 block ${header.number}`)
  }
  const hasFeeSlot = proposal.fork === 'ontake' || proposal.fork === 'pacaya'
  const asksBaseFee = proposal.fork === 'genesis'
  const question = { spec, engine: context.engine, state, header, ancestorHash }
  return {
    number: header.number,
    hash,
    timestamp: header.timestamp,
    gasLimit: header.gasLimit,
    gasUsed: header.gasUsed,
    baseFeePerGas: defined(header.baseFeePerGas, 'the base fee of an L2 header'),
    difficulty: header.difficulty,
    grandparentTimestamp,
    anchorNonce: await readAnchorNonce(state),
    anchorBlockNumber:
      hasFeeSlot || asksBaseFee
        ? proposal.originBlockNumber
        : (knownAnchorBlockNumber ?? (await readAnchorBlockNumber(question))),
    ...(hasFeeSlot && { feeSlot: await readFeeSlot(spec, state) }),
    ...(asksBaseFee && {
      contractBaseFee: await readContractBaseFee({
        ...question,
        anchorBlockNumber: proposal.originBlockNumber,
      }),
    }),
  }
}
