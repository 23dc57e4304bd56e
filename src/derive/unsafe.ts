/**
 * Blocks after `safe`: preconfirmed, executed and part of the chain, until L1 says the same or something else. They are made by
 * derivation's own functions from a proposal as it is expected, so what lands unchanged is found to be the same block.
 */
import type { BlockRef, ChainReader, UnsafeOrigin } from '../chain/chain.ts'
import type { Engine, ExecutedBlock, OpenBlock } from '../engine/engine.ts'
import { type FlatState, StaleStateError } from '../engine/state/flatState.ts'
import { overlayState, overlayUntilSettled } from '../engine/state/laidOver.ts'
import type { StateSource } from '../engine/state/source.ts'
import type { L1 } from '../l1/l1.ts'
import { defined } from '../primitives/assert.ts'
import { TemporaryError } from '../primitives/errors.ts'
import { type Address, ZERO_ADDRESS, ZERO_HASH } from '../primitives/hex.ts'
import type { L1BlockRef, ParentContext, Proposal } from '../protocol/protocol.ts'
import { protocolOf } from '../protocol/protocols.ts'
import { nextBaseFee } from '../protocol/shasta/baseFee.ts'
import { checkUnsafe } from '../protocol/shasta/rules.ts'
import { forkAt, isOfInbox, type RollupSpec } from '../spec/rollupSpec.ts'
import { type DerivationContext, type ParentBlock, readParentContext } from './blocks.ts'
import { createRecentHashes } from './recentHashes.ts'

/** All that derivation would be told of a block, except its transactions. */
export type UnsafeMetadata = {
  /** Of the proposal that is to bring it. */
  readonly proposalId: bigint
  /** Percent. */
  readonly basefeeSharingPctg: number
  readonly isForcedInclusion: boolean
  /** Seconds. */
  readonly timestamp: bigint
  readonly coinbase: Address
  /** Without the anchor's gas. */
  readonly gasLimit: bigint
  readonly anchorBlockNumber: bigint
}

/** The latest block as a parent. */
export type LatestBlock = {
  readonly parent: ParentBlock
  readonly context: ParentContext
  /** Wei per gas of a block on it. */
  readonly baseFeePerGas: bigint
}

/** A block that is executed, and will be the latest if nothing comes in between. */
export type NextLatest = LatestBlock & {
  /** After it, before and after it is part of the chain. */
  readonly state: StateSource
}

export type OpenedBlock = {
  readonly parent: ParentBlock
  readonly block: OpenBlock
  readonly origin: UnsafeOrigin
}

export type OpenResult =
  | ({ readonly type: 'opened' } & OpenedBlock)
  /** Derivation would not take such a block whatever it held: the sentence names the rule. */
  | { readonly type: 'refused'; readonly reason: string }

/** Builds on the latest block, or on the one that is about to be; changes nothing. */
export type UnsafeBuilder = {
  latest(): Promise<LatestBlock>
  /**
   * A block on the latest as what it will be once it is part of the chain, with what its anchor transaction told. What is read of it
   * throws StaleStateError once another block is. StaleStateError, too, where its parent is not the latest.
   */
  ahead(input: {
    readonly executed: ExecutedBlock
    readonly parent: ParentBlock
    readonly anchorBlockNumber: bigint
  }): Promise<NextLatest>
  /**
   * The block after the latest, or after `on`, its anchor transaction run. TemporaryError while its anchor block is not known here.
   * One on `on` can be sealed once that is the latest.
   */
  open(metadata: UnsafeMetadata, on?: NextLatest): Promise<OpenResult>
}

/** The driver's half. */
export type UnsafeChain = {
  /** Makes an executed block the latest. `otherParent`: L1, or another block, came first. */
  extend(input: {
    readonly executed: ExecutedBlock
    readonly origin: UnsafeOrigin
  }): Promise<'extended' | 'otherParent'>
  /** Forgets an unsafe block and all that is built on it. `otherBlock`: it is not there any more, or L1 has brought it, and all stays. */
  drop(block: BlockRef): Promise<'dropped' | 'otherBlock'>
  /** Runs `read` while neither chain nor state changes. */
  between<T>(read: () => Promise<T>): Promise<T>
}

export function createUnsafeBuilder(deps: {
  readonly spec: RollupSpec
  readonly chain: ChainReader
  readonly state: FlatState
  readonly engine: Engine
  readonly l1: Pick<L1, 'ancestor' | 'status'>
  readonly between: UnsafeChain['between']
}): UnsafeBuilder {
  const { spec, chain, state, engine, l1, between } = deps
  const hashes = createRecentHashes(chain)

  /** By the newest L1 block that a provider has shown; a preconfirmed block may not be anchored past it. */
  const readL1Block = async (number: bigint): Promise<L1BlockRef> => {
    const { head } = l1.status()
    if (head === undefined || number > head.number)
      throw new TemporaryError(`L1 block ${number} is not known here yet`)
    const { hash, parentHash, timestamp, stateRoot } = await l1.ancestor(head, number)
    return { number, hash, parentHash, timestamp, stateRoot }
  }

  const describe = async (
    parent: ParentBlock,
    source: StateSource,
    anchorBlockNumber: bigint | undefined,
  ): Promise<LatestBlock> => {
    const derivation: DerivationContext = {
      spec,
      engine,
      stateAfter: () => source,
      anchorBlock: (_, number) => readL1Block(number),
      ancestorHash: hashes.get,
    }
    const context = await readParentContext(derivation, expectProposal(), parent, anchorBlockNumber)
    return { parent, context, baseFeePerGas: nextBaseFee(context, spec.shasta.baseFeeMin) }
  }

  const readLatestBlock = async (): Promise<LatestBlock> => {
    const parent = await readLatest(chain)
    const { number, parentHash } = parent.header
    await hashes.load(number, parent.hash, parentHash)
    return describe(parent, state.source(), await readAnchorNumber(chain, number))
  }

  const ahead: UnsafeBuilder['ahead'] = async ({ executed, parent, anchorBlockNumber }) => {
    const { header, hash, changes } = executed
    const isCurrent = state.head.stateRoot === parent.header.stateRoot
    if (chain.heads().latest.hash !== parent.hash || !isCurrent) throw new StaleStateError()
    const laidOver = overlayState(state.source(), changes, header.stateRoot)
    const settled = () => {
      const { blockNumber, stateRoot } = state.head
      return blockNumber === header.number && stateRoot === header.stateRoot ? state.source() : undefined
    }
    const source = overlayUntilSettled(laidOver, settled)
    await hashes.load(parent.header.number, parent.hash, parent.header.parentHash)
    await hashes.load(header.number, hash, parent.hash)
    const block = { header, hash, grandparentTimestamp: parent.header.timestamp }
    return { ...(await describe(block, source, anchorBlockNumber)), state: source }
  }

  const begin = async (
    metadata: UnsafeMetadata,
    anchorBlock: L1BlockRef,
    { parent, context }: LatestBlock,
    source: StateSource,
  ): Promise<OpenedBlock> => {
    const attributes = protocolOf('shasta').buildAttributes({
      spec,
      proposal: expectProposal(metadata),
      blockIndex: 0,
      block: { ...metadata, transactions: [] },
      parent: context,
      anchorBlock,
    })
    const block = await engine.open({ attributes, state: source, ancestorHash: hashes.get })
    const { proposalId, isForcedInclusion } = metadata
    const { fork } = attributes
    return { parent, block, origin: { fork, proposalId, isForcedInclusion, anchorBlock } }
  }

  return {
    latest: () => between(readLatestBlock),
    ahead,
    async open(metadata, on) {
      const { parent, context } = on ?? (await between(readLatestBlock))
      const fault = checkUnsafe({ spec, parent: context, block: metadata })
      if (fault !== undefined) return { type: 'refused', reason: `${fault.detail} (${fault.rule})` }
      const fork = forkAt(spec, { number: context.number + 1n, timestamp: metadata.timestamp })
      if (fork === undefined || !isOfInbox(fork))
        return { type: 'refused', reason: `preconfirmed blocks of ${fork} are not supported` }
      // May ask a provider, so not while the driver waits.
      const anchorBlock = await readL1Block(metadata.anchorBlockNumber)
      if (on !== undefined) return { type: 'opened', ...(await begin(metadata, anchorBlock, on, on.state)) }
      return between(async () => {
        if (chain.heads().latest.hash !== parent.hash)
          throw new TemporaryError('another block is the latest by now; ask again')
        return {
          type: 'opened',
          ...(await begin(metadata, anchorBlock, await readLatestBlock(), state.source())),
        }
      })
    },
  }
}

async function readLatest(chain: ChainReader): Promise<ParentBlock> {
  const { latest } = chain.heads()
  const { header, hash } = defined(await chain.headerByNumber(latest.number), 'the latest block')
  const grandparent = header.number === 0n ? undefined : await chain.headerByNumber(header.number - 1n)
  return { header, hash, grandparentTimestamp: grandparent?.header.timestamp ?? 0n }
}

/** Undefined for genesis, where the contract has to be asked. */
async function readAnchorNumber(chain: ChainReader, number: bigint): Promise<bigint | undefined> {
  const origin = (await chain.unsafeOrigin(number)) ?? (await chain.origin(number))
  return origin?.anchorBlock.number
}

/** As much of a proposal as a block's attributes say; it is not written yet. */
function expectProposal(
  expected: Pick<UnsafeMetadata, 'proposalId' | 'basefeeSharingPctg'> = {
    proposalId: 0n,
    basefeeSharingPctg: 0,
  },
): Proposal {
  return {
    fork: 'shasta',
    id: expected.proposalId,
    proposer: ZERO_ADDRESS,
    timestamp: 0n,
    originBlockNumber: 0n,
    originBlockHash: ZERO_HASH,
    basefeeSharingPctg: expected.basefeeSharingPctg,
    sources: [],
    hash: ZERO_HASH,
    l1: { blockNumber: 0n, blockHash: ZERO_HASH, transactionHash: ZERO_HASH, logIndex: 0 },
    details: undefined,
  }
}
