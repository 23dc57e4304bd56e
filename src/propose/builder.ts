/**
 * From pooled transactions to the blocks of a batch. Forced inclusions that could fall due before the batch lands are derived
 * first, since they execute before ours; then block after block takes what the pool pays best for and execution keeps.
 * Every block is made by derivation's own functions, so what is built here is what everyone will derive.
 */
import { buildBlock, readParentContext } from '../derive/blocks.ts'
import { ZK_GAS_RULE } from '../engine/blockRun.ts'
import type { Engine, ExecutedBlock } from '../engine/engine.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import { PAYLOAD_BYTES_PER_BLOB } from '../protocol/blobCodec.ts'
import type { ManifestBlock, Proposal } from '../protocol/protocol.ts'
import { nextBaseFee } from '../protocol/shasta/baseFee.ts'
import { encodeManifest, type ManifestBlockInput } from '../protocol/shasta/encodeManifest.ts'
import { blocksMax } from '../protocol/shasta/manifest.ts'
import { gasLimitWithoutAnchor } from '../protocol/shasta/rules.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import {
  assumeProposal,
  type BuildBase,
  createDraft,
  type Draft,
  decodeForced,
  deriveOnDraft,
} from './draft.ts'
import { chooseGasLimit, createWindow, type InclusionWindow, planBlocks } from './plan.ts'
import type { PooledTransaction } from './pool/transaction.ts'

export type BuilderOptions = {
  /** Account that will call the inbox. */
  readonly proposer: Address
  /** Receives tips and its share of base fees. */
  readonly coinbase: Address
  /** Seconds between blocks when a batch has several. */
  readonly blockTime: bigint
  /** Blocks a batch may have; the protocol's own limit holds as well. */
  readonly blocksMax: number
  /** Blobs a batch may fill. */
  readonly blobsMax: number
  /** L1 slots after the next one in which the batch may still land. */
  readonly inclusionSlots: bigint
  /** L1 blocks by which anchors stay behind the L1 head: a reorg up to this depth leaves our blocks as they are. */
  readonly anchorLag: bigint
  /** Gas limit to move towards, without the anchor's. */
  readonly gasLimitTarget: bigint
  /** Transactions tried for one block. */
  readonly candidatesMax: number
}

export type Batch = {
  readonly window: InclusionWindow
  /** Our own source. */
  readonly manifest: readonly ManifestBlockInput[]
  /** Everything the proposal will make, forced blocks first. */
  readonly blocks: readonly ExecutedBlock[]
  /** Candidates that no block can take: one of them alone has more zk gas than that (D-92). */
  readonly fittingNoBlock: readonly Hash[]
}

export type BuildResult =
  | { readonly type: 'batch'; readonly batch: Batch }
  | { readonly type: 'wait'; readonly reason: string }

export type BuilderDeps = { readonly spec: RollupSpec; readonly engine: Engine }

export async function buildBatch(
  deps: BuilderDeps,
  base: BuildBase,
  input: {
    readonly options: BuilderOptions
    /** Executable pooled transactions, best first. */
    readonly candidates: (baseFeePerGas: bigint) => Iterable<PooledTransaction>
  },
): Promise<BuildResult> {
  const { spec } = deps
  const { options } = input
  const window = createWindow(spec, base.l1Head.timestamp, options.inclusionSlots)
  const proposal = assumeProposal({ base, window, at: 'earliest', proposer: options.proposer, blobCount: 0 })
  const draft = createDraft(deps, base)
  const before = await readParentContext(draft.context, proposal, base.parent, undefined)
  const forced = await deriveOnDraft(draft, proposal, decodeForced(spec, proposal, base))
  const gasLimit = gasLimitWithoutAnchor(draft.parent().header)
  const demand = input.candidates(nextBaseFee(before, spec.shasta.baseFeeMin))
  const plan = planBlocks({
    spec,
    window,
    l1HeadNumber: base.l1Head.number,
    parent: before,
    forcedBlocks: forced.blocks.length,
    wantedBlocks: countBlocks(
      demand,
      gasLimit,
      Math.min(options.blocksMax, blocksMax(spec, window.earliest)),
    ),
    blockTime: options.blockTime,
    anchorLag: options.anchorLag,
  })
  if (plan.type === 'wait') return plan
  const own = await fillBlocks(deps, { ...input, draft, proposal, plan, forcedBlocks: forced.blocks.length })
  return {
    type: 'batch',
    batch: {
      window,
      manifest: own.manifest,
      blocks: [...forced.blocks.map(({ executed }) => executed), ...own.blocks],
      fittingNoBlock: own.fittingNoBlock,
    },
  }
}

/** Blocks that the gas limits of all executable transactions would fill, from 1 to `max`. */
function countBlocks(transactions: Iterable<PooledTransaction>, gasLimit: bigint, max: number): number {
  const gasMax = gasLimit * BigInt(max)
  let gas = 1n
  for (const transaction of transactions) {
    gas += transaction.gas
    if (gas >= gasMax) return max
  }
  return Number((gas + gasLimit - 1n) / gasLimit) // rounds up
}

type FillInput = {
  readonly options: BuilderOptions
  readonly candidates: (baseFeePerGas: bigint) => Iterable<PooledTransaction>
  readonly draft: Draft
  readonly proposal: Proposal
  readonly plan: { readonly timestamps: readonly bigint[]; readonly anchorBlockNumber: bigint }
  readonly forcedBlocks: number
}

async function fillBlocks(deps: BuilderDeps, input: FillInput) {
  const { draft, proposal, plan, options } = input
  const payloadMax = options.blobsMax * PAYLOAD_BYTES_PER_BLOB
  const manifest: ManifestBlockInput[] = []
  const blocks: ExecutedBlock[] = []
  const taken = new Set<string>()
  const fittingNoBlock: Hash[] = []
  for (const [index, timestamp] of plan.timestamps.entries()) {
    const parent = draft.parent()
    const anchor = index === 0 ? undefined : plan.anchorBlockNumber
    const parentContext = await readParentContext(draft.context, proposal, parent, anchor)
    const metadata = {
      timestamp,
      coinbase: options.coinbase,
      anchorBlockNumber: plan.anchorBlockNumber,
      gasLimit: chooseGasLimit(gasLimitWithoutAnchor(parentContext), options.gasLimitTarget),
    }
    const execute = async (transactions: readonly Uint8Array[]) => {
      const block: ManifestBlock = {
        ...metadata,
        transactions: transactions.map((raw) => ({ raw, offset: 0 })),
      }
      const blockIndex = input.forcedBlocks + index
      return (
        await buildBlock(draft.context, { proposal, manifest: block, blockIndex, parent, parentContext })
      ).executed
    }
    const baseFeePerGas = nextBaseFee(parentContext, deps.spec.shasta.baseFeeMin)
    const tried = takeCandidates(input.candidates(baseFeePerGas), taken, options.candidatesMax)
    await deps.engine.recoverSenders(tried)
    const filled = await executeFitting(execute, tried)
    for (const hash of filled.fittingNoBlock) taken.add(hash)
    fittingNoBlock.push(...filled.fittingNoBlock)
    let { executed } = filled
    let kept = listedOf(executed)
    const fitting = countFitting(manifest, metadata, kept, payloadMax)
    const isFull = fitting < kept.length
    if (isFull) {
      // The last block of a full batch; without a transaction it would be worth nothing, unless it is the only one.
      if (fitting === 0 && index > 0) break
      kept = kept.slice(0, fitting)
      executed = await execute(kept)
    }
    // The pool has nothing left for the blocks that were planned by gas limits.
    if (kept.length === 0 && index > 0) break
    manifest.push({ ...metadata, transactions: kept })
    blocks.push(executed)
    for (const { hash } of executed.transactions) taken.add(hash)
    draft.append(executed)
    if (isFull) break
  }
  return { manifest, blocks, fittingNoBlock }
}

function takeCandidates(
  candidates: Iterable<PooledTransaction>,
  taken: ReadonlySet<string>,
  max: number,
): readonly Uint8Array[] {
  const raws: Uint8Array[] = []
  for (const { hash, raw } of candidates) {
    if (raws.length === max) break
    if (!taken.has(hash)) raws.push(raw)
  }
  return raws
}

/**
 * Without those of `tried` that no block can take. One that merely does not fit behind others ends the block, as derivation has it, and comes
 * first sooner or later; but one that never fits would end every block, and never pay for it.
 */
async function executeFitting(
  execute: (transactions: readonly Uint8Array[]) => Promise<ExecutedBlock>,
  tried: readonly Uint8Array[],
): Promise<{ readonly executed: ExecutedBlock; readonly fittingNoBlock: readonly Hash[] }> {
  const fittingNoBlock: Hash[] = []
  let left = tried
  for (;;) {
    const executed = await execute(left)
    const last = left[findStopper(executed) ?? left.length]
    if (last === undefined) return { executed, fittingNoBlock }
    const isFirst = listedOf(executed).length === 0
    if (!isFirst && findStopper(await execute([last])) === undefined) return { executed, fittingNoBlock }
    fittingNoBlock.push(keccak256Hex(last))
    left = left.filter((raw) => raw !== last)
  }
}

/** Index of the transaction before which the block ended for its zk gas. */
function findStopper({ dropped }: ExecutedBlock): number | undefined {
  return dropped.find(({ rule }) => rule === ZK_GAS_RULE)?.listedIndex
}

/** What execution kept. Dropped ones leave no trace in the block, so they are not listed at all. */
function listedOf(executed: ExecutedBlock): readonly Uint8Array[] {
  return executed.transactions.filter(({ listedIndex }) => listedIndex !== undefined).map(({ raw }) => raw)
}

/** How many of `transactions` the batch can hold in one more block; found by halving, since only compressing tells the size. */
function countFitting(
  before: readonly ManifestBlockInput[],
  metadata: Omit<ManifestBlockInput, 'transactions'>,
  transactions: readonly Uint8Array[],
  payloadMax: number,
): number {
  const fits = (count: number) =>
    encodeManifest([...before, { ...metadata, transactions: transactions.slice(0, count) }]).length <=
    payloadMax
  if (fits(transactions.length)) return transactions.length
  let low = 0
  let high = transactions.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (fits(middle)) low = middle
    else high = middle
  }
  return low
}
