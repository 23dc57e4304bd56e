/**
 * What a source must keep to, given its parent block; one breach and it is replaced by the default source. D-28, D-40..D-50.
 * https://github.com/taikoxyz/taiko-mono/blob/b9c5bb2a2000dc2db94c9dc6e621591e01c1fe7b/packages/protocol/docs/Derivation.md#metadata-validation-and-computation
 */
import { defined } from '../../primitives/assert.ts'
import { maxBigint, minBigint } from '../../primitives/bigint.ts'
import { ZERO_ADDRESS } from '../../primitives/hex.ts'
import { forkTimestamp, type RollupSpec } from '../../spec/rollupSpec.ts'
import { createFault } from '../faults.ts'
import type {
  CheckedSource,
  ManifestBlock,
  ParentContext,
  Proposal,
  Protocol,
  SourceFault,
} from '../protocol.ts'
import { ANCHOR_GAS_LIMIT } from './anchor.ts'
import { DEFAULT_BLOCK } from './manifest.ts'

/** Bounds of a block's gas limit without the anchor's gas. Derivation.md, MIN_ and MAX_BLOCK_GAS_LIMIT. */
const BLOCK_GAS_LIMIT_MIN = 10_000_000n
const BLOCK_GAS_LIMIT_MAX = 45_000_000n
/** A block's gas limit may differ from its parent's by 200 millionths. Derivation.md, BLOCK_GAS_LIMIT_MAX_CHANGE. */
const GAS_LIMIT_CHANGE_MAX = 200n
const GAS_LIMIT_CHANGE_UNIT = 1_000_000n

type Context = {
  readonly spec: RollupSpec
  readonly proposal: Proposal
  readonly parent: ParentContext
  readonly isForcedInclusion: boolean
}

export const checkSource: Protocol['checkSource'] = ({
  spec,
  proposal,
  sourceIndex,
  decoded,
  parent,
}): CheckedSource => {
  const source = defined(proposal.sources[sourceIndex], `source ${sourceIndex} of proposal ${proposal.id}`)
  const context: Context = { spec, proposal, parent, isForcedInclusion: source.isForcedInclusion }
  if (decoded.fault !== undefined)
    return { blocks: inheritMetadata([DEFAULT_BLOCK], context), fault: decoded.fault }
  const inherits = source.isForcedInclusion || isDefault(decoded.blocks)
  const blocks = inherits ? inheritMetadata(decoded.blocks, context) : decoded.blocks
  const fault =
    findTimestampFault(blocks, context) ??
    findAnchorFault(blocks, context) ??
    findGasLimitFault(blocks, context)
  if (fault === undefined) return { blocks }
  return { blocks: inheritMetadata([DEFAULT_BLOCK], context), fault }
}

/** A manifest that says what the default says, whoever wrote it. */
function isDefault(blocks: readonly ManifestBlock[]): boolean {
  const [block] = blocks
  return (
    block !== undefined &&
    blocks.length === 1 &&
    block.timestamp === 0n &&
    block.coinbase === ZERO_ADDRESS &&
    block.anchorBlockNumber === 0n &&
    block.gasLimit === 0n &&
    block.transactions.length === 0
  )
}

/** Metadata from the proposal and the parent, transactions kept. D-40. */
function inheritMetadata(
  blocks: readonly ManifestBlock[],
  { spec, proposal, parent }: Context,
): ManifestBlock[] {
  let parentTimestamp = parent.timestamp
  return blocks.map((block) => {
    const timestamp = timestampLowerBound({ spec, parentTimestamp, proposalTimestamp: proposal.timestamp })
    parentTimestamp = timestamp
    return {
      timestamp,
      coinbase: proposal.proposer,
      anchorBlockNumber: parent.anchorBlockNumber,
      gasLimit: gasLimitWithoutAnchor(parent),
      transactions: block.transactions,
    }
  })
}

/**
 * Lowest timestamp a block may carry, in seconds: max(parent + 1, proposal − TIMESTAMP_MAX_OFFSET, Shasta's activation). D-41.
 * May exceed the proposal's own timestamp, and a default block then carries it all the same.
 */
export function timestampLowerBound(input: {
  readonly spec: RollupSpec
  readonly parentTimestamp: bigint
  readonly proposalTimestamp: bigint
}): bigint {
  const { timestampMaxOffset } = input.spec.shasta
  let bound = maxBigint(input.parentTimestamp + 1n, forkTimestamp(input.spec, 'shasta') ?? 0n)
  if (input.proposalTimestamp > timestampMaxOffset)
    bound = maxBigint(bound, input.proposalTimestamp - timestampMaxOffset)
  return bound
}

function findTimestampFault(
  blocks: readonly ManifestBlock[],
  { spec, proposal, parent }: Context,
): SourceFault | undefined {
  let parentTimestamp = parent.timestamp
  for (const [i, { timestamp }] of blocks.entries()) {
    const lower = timestampLowerBound({ spec, parentTimestamp, proposalTimestamp: proposal.timestamp })
    const upper = proposal.timestamp
    if (lower > upper)
      return createFault('timestampBounds', `block ${i}: no timestamp between ${lower} and ${upper}`)
    if (timestamp < lower) return createFault('timestampTooLow', `block ${i}: ${timestamp} is below ${lower}`)
    if (timestamp > upper)
      return createFault('timestampTooHigh', `block ${i}: ${timestamp} is above ${upper}`)
    parentTimestamp = timestamp
  }
  return undefined
}

function findAnchorFault(
  blocks: readonly ManifestBlock[],
  { spec, proposal, parent, isForcedInclusion }: Context,
): SourceFault | undefined {
  const origin = proposal.originBlockNumber
  const lowest = maxBigint(origin - spec.shasta.anchorMaxOffset, 0n)
  let newest = parent.anchorBlockNumber
  for (const [i, { anchorBlockNumber: anchor }] of blocks.entries()) {
    if (anchor < newest) return createFault('anchorDecreases', `block ${i}: ${anchor} after ${newest}`)
    if (anchor > origin)
      return createFault('anchorTooNew', `block ${i}: ${anchor} is above the origin ${origin}`)
    if (anchor < lowest) return createFault('anchorTooOld', `block ${i}: ${anchor} is below ${lowest}`)
    newest = anchor
  }
  // A forced inclusion has no anchor of its own to bring, so it alone may stand still.
  if (!isForcedInclusion && newest <= parent.anchorBlockNumber)
    return createFault(
      'anchorStagnates',
      `no block is anchored above the parent's ${parent.anchorBlockNumber}`,
    )
  return undefined
}

/** A header's gas limit includes the anchor's, except genesis, which has no anchor. */
export function gasLimitWithoutAnchor(parent: {
  readonly number: bigint
  readonly gasLimit: bigint
}): bigint {
  if (parent.number === 0n) return parent.gasLimit
  return maxBigint(parent.gasLimit - ANCHOR_GAS_LIMIT, 0n)
}

/** Lowest and highest gas limit after a block with `parentGasLimit`, all without the anchor's gas. Divisions round down. */
export function gasLimitBounds(parentGasLimit: bigint): { readonly lower: bigint; readonly upper: bigint } {
  const scaled = (factor: bigint) => (parentGasLimit * factor) / GAS_LIMIT_CHANGE_UNIT
  const upper = minBigint(scaled(GAS_LIMIT_CHANGE_UNIT + GAS_LIMIT_CHANGE_MAX), BLOCK_GAS_LIMIT_MAX)
  const lower = maxBigint(scaled(GAS_LIMIT_CHANGE_UNIT - GAS_LIMIT_CHANGE_MAX), BLOCK_GAS_LIMIT_MIN)
  return { lower: minBigint(lower, upper), upper }
}

function findGasLimitFault(blocks: readonly ManifestBlock[], { parent }: Context): SourceFault | undefined {
  let parentGasLimit = gasLimitWithoutAnchor(parent)
  for (const [i, { gasLimit }] of blocks.entries()) {
    const { lower, upper } = gasLimitBounds(parentGasLimit)
    if (gasLimit < lower) return createFault('gasLimitTooLow', `block ${i}: ${gasLimit} is below ${lower}`)
    if (gasLimit > upper) return createFault('gasLimitTooHigh', `block ${i}: ${gasLimit} is above ${upper}`)
    parentGasLimit = gasLimit
  }
  return undefined
}

/** What can be said of a block before its proposal has landed: the bounds that its parent alone sets. D-41, D-43, D-48, D-49. */
export function checkUnsafe(input: {
  readonly spec: RollupSpec
  readonly parent: ParentContext
  readonly block: Omit<ManifestBlock, 'transactions'>
}): SourceFault | undefined {
  const { spec, parent, block } = input
  const lower = timestampLowerBound({ spec, parentTimestamp: parent.timestamp, proposalTimestamp: 0n })
  if (block.timestamp < lower)
    return createFault('timestampTooLow', `timestamp ${block.timestamp} is below ${lower}`)
  if (block.anchorBlockNumber < parent.anchorBlockNumber)
    return createFault(
      'anchorDecreases',
      `anchor ${block.anchorBlockNumber} after ${parent.anchorBlockNumber}`,
    )
  const bounds = gasLimitBounds(gasLimitWithoutAnchor(parent))
  if (block.gasLimit < bounds.lower)
    return createFault('gasLimitTooLow', `gas limit ${block.gasLimit} is below ${bounds.lower}`)
  if (block.gasLimit > bounds.upper)
    return createFault('gasLimitTooHigh', `gas limit ${block.gasLimit} is above ${bounds.upper}`)
  return undefined
}
