/**
 * A batch of blocks that are in the chain already, as blobs, checked before anyone sees it: decoded from the very bytes and validated
 * by derivation at both ends of the time in which it may land, it must ask for exactly these blocks.
 */
import { createAncestorHash } from '../../chain/ancestorHash.ts'
import type { BlockRef, ChainReader, StoredBlock } from '../../chain/chain.ts'
import { type DerivationContext, deriveBlocks, type ParentBlock } from '../../derive/blocks.ts'
import { createReuse } from '../../derive/reuse.ts'
import type { Engine } from '../../engine/engine.ts'
import type { FlatState } from '../../engine/state/flatState.ts'
import type { L1, L1Position } from '../../l1/l1.ts'
import { defined } from '../../primitives/assert.ts'
import { equalBytes } from '../../primitives/bytes.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import type { Address } from '../../primitives/hex.ts'
import { encodeBlobs } from '../../protocol/blobCodec.ts'
import type { L1BlockRef, PayloadAttributes } from '../../protocol/protocol.ts'
import { protocolOf } from '../../protocol/protocols.ts'
import { encodeManifest } from '../../protocol/shasta/encodeManifest.ts'
import type { PendingInclusion } from '../../schedule/forcedInclusions.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { expectProposal, sliceOf } from './forcedBlock.ts'
import {
  firstOf,
  forcedIn,
  type Group,
  lastOf,
  refOf,
  toManifestBlock,
  type UnlandedBlock,
} from './groups.ts'

export type CheckDeps = {
  readonly spec: RollupSpec
  readonly engine: Engine
  readonly chain: ChainReader
  readonly state: Pick<FlatState, 'at'>
  readonly l1: Pick<L1, 'ancestor' | 'blobs'>
}

export type CheckInput = {
  readonly group: Group
  readonly proposer: Address
  /** Percent. */
  readonly basefeeSharingPctg: number
  readonly blobsMax: number
  readonly l1Head: L1Position
  readonly secondsPerSlot: bigint
  /** Timestamps of the first and the last L1 block in which it may land. Seconds. */
  readonly earliest: bigint
  readonly latest: bigint
  /** Entries of the inbox's queue that come first in it. */
  readonly forced: readonly PendingInclusion[]
}

export type CheckResult =
  | { readonly type: 'batch'; readonly blobs: readonly Uint8Array[] }
  /** `block`: the first one that derivation would not make. */
  | { readonly type: 'refused'; readonly reason: string; readonly block: BlockRef }

class NotTheBlockError extends Error {
  override readonly name = 'NotTheBlockError'
  readonly block: bigint

  constructor(data: { block: bigint; what: string }) {
    super(`block ${data.block} ${data.what}`)
    this.block = data.block
  }
}

/** TemporaryError when the chain has lost the batch's blocks meanwhile. */
export async function checkBatch(
  deps: CheckDeps,
  input: CheckInput,
  signal?: AbortSignal,
): Promise<CheckResult> {
  try {
    return await check(deps, input, signal)
  } catch (cause) {
    const { hash, header } = lastOf(input.group)
    const [now] = await deps.chain.hashes(header.number, header.number)
    if (now?.hash === hash) throw cause
    throw new TemporaryError('the blocks of a batch were dropped while it was checked', { cause })
  }
}

async function check(deps: CheckDeps, input: CheckInput, signal?: AbortSignal): Promise<CheckResult> {
  const { group } = input
  const refuse = (reason: string, block = firstOf(group)): CheckResult => ({
    type: 'refused',
    reason,
    block: refOf(block),
  })
  const stored = await readStored(deps.chain, group.blocks)
  const own = group.blocks.filter(({ origin }) => !origin.isForcedInclusion)
  if (own.length === 0) return refuse('it has no block of its own yet')
  const manifest = own.map(({ header, origin }) =>
    toManifestBlock(defined(stored.get(header.number), `L2 block ${header.number}`), origin),
  )
  const blobs = encodeBlobs(encodeManifest(manifest))
  if (blobs.length > input.blobsMax)
    return refuse(`it fills ${blobs.length} blobs, and a batch may fill ${input.blobsMax}`)
  const forcedCount = forcedIn(group).length
  if (input.forced.length !== forcedCount)
    return refuse(`it takes ${forcedCount} forced inclusions, and the queue holds ${input.forced.length}`)
  try {
    for (const timestamp of new Set([input.earliest, input.latest])) {
      const refusal = await deriveAt(deps, input, { timestamp, stored, blobs }, signal)
      if (refusal !== undefined) return refuse(refusal)
    }
  } catch (error) {
    if (error instanceof NotTheBlockError)
      return refuse(
        error.message,
        group.blocks.find(({ header }) => header.number === error.block),
      )
    throw error
  }
  return { type: 'batch', blobs }
}

async function readStored(
  chain: ChainReader,
  blocks: readonly UnlandedBlock[],
): Promise<ReadonlyMap<bigint, StoredBlock>> {
  const stored = new Map<bigint, StoredBlock>()
  for (const { hash, header } of blocks)
    stored.set(header.number, defined(await chain.blockByHash(hash), `L2 block ${header.number}`))
  return stored
}

/** Why the batch does not come to its blocks if it lands in the L1 block of `timestamp`; undefined if it does. */
async function deriveAt(
  deps: CheckDeps,
  input: CheckInput,
  at: {
    readonly timestamp: bigint
    readonly stored: ReadonlyMap<bigint, StoredBlock>
    readonly blobs: readonly Uint8Array[]
  },
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { spec } = deps
  const { group, l1Head } = input
  const slotsLater = (at.timestamp - input.earliest) / input.secondsPerSlot
  const proposal = expectProposal({
    id: group.proposalId,
    proposer: input.proposer,
    basefeeSharingPctg: input.basefeeSharingPctg,
    timestamp: at.timestamp,
    originBlockNumber: l1Head.number + slotsLater,
    originBlockHash: l1Head.hash,
    forced: input.forced,
    blobCount: at.blobs.length,
  })
  const sources = []
  for (const [sourceIndex, entry] of input.forced.entries()) {
    const blobs = await deps.l1.blobs(sliceOf(entry), signal)
    sources.push(protocolOf(proposal.fork).decodeSource({ spec, proposal, sourceIndex, blobs }))
  }
  const sourceIndex = sources.length
  sources.push(protocolOf(proposal.fork).decodeSource({ spec, proposal, sourceIndex, blobs: at.blobs }))
  const parent = await readParent(deps.chain, group)
  const context = createContext(deps, input, at.stored, signal)
  let count = 0
  for await (const step of deriveBlocks(context, { proposal, sources, parent })) {
    if (step.type === 'block') count++
    else if (step.fault !== undefined && step.sourceIndex === sourceIndex) {
      const { name, rule, detail } = step.fault
      return `landing at ${at.timestamp}, ${name} (${rule}): ${detail}`
    }
  }
  if (count !== group.blocks.length) return `it makes ${count} blocks of ${group.blocks.length}`
  return undefined
}

function createContext(
  deps: CheckDeps,
  { l1Head }: CheckInput,
  stored: ReadonlyMap<bigint, StoredBlock>,
  signal?: AbortSignal,
): DerivationContext {
  const { spec, engine, chain, state, l1 } = deps
  const ancestorHash = createAncestorHash(chain)
  const anchors = new Map<bigint, L1BlockRef>()
  return {
    spec,
    engine,
    stateAfter: ({ header }) => state.at(header.number),
    async anchorBlock(_, number) {
      // A batch mostly has one.
      const anchor = anchors.get(number) ?? (await l1.ancestor(l1Head, number, signal))
      anchors.set(number, anchor)
      return anchor
    },
    ancestorHash,
    async reuse(attributes) {
      const { number } = attributes
      const known = { heads: chain.heads, blockByNumber: async () => stored.get(number) }
      const drop = async () => {}
      const block = await createReuse({ chain: known, state, engine, ancestorHash, drop })(attributes)
      if (block !== undefined) return block
      throw new NotTheBlockError({ block: number, what: findDifference(attributes, stored.get(number)) })
    },
  }
}

function findDifference(attributes: PayloadAttributes, block: StoredBlock | undefined): string {
  if (block === undefined) return 'would come on top of it'
  const { header, transactions } = block
  for (const field of [
    'parentHash',
    'coinbase',
    'gasLimit',
    'timestamp',
    'mixHash',
    'baseFeePerGas',
  ] as const)
    if (attributes[field] !== header[field])
      return `would have another ${field}: ${attributes[field]}, not ${header[field]}`
  if (!equalBytes(attributes.extraData, header.extraData))
    return 'would have another proposal id or share of the base fee in its extra data'
  if (attributes.transactions.length + 1 === transactions.length)
    return `would differ in content, or its anchor, L1 block ${attributes.anchorBlockNumber}, is another one now`
  return `would list ${attributes.transactions.length} transactions, not ${transactions.length - 1}`
}

async function readParent(chain: ChainReader, group: Group): Promise<ParentBlock> {
  const number = firstOf(group).header.number - 1n
  const { header, hash } = defined(await chain.headerByNumber(number), `L2 block ${number}`)
  const grandparent = number === 0n ? undefined : await chain.headerByNumber(number - 1n)
  return { header, hash, grandparentTimestamp: grandparent?.header.timestamp ?? 0n }
}
