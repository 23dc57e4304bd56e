/**
 * A batch as blobs, checked before anyone sees it: decoded from the very bytes, validated and executed again by derivation,
 * it must give the blocks that were built. A proposer that skipped this has lost whole batches to a limit it did not know.
 */
import { type DerivedBlock, deriveBlocks } from '../derive/blocks.ts'
import type { Address } from '../primitives/hex.ts'
import { encodeBlobs } from '../protocol/blobCodec.ts'
import type { Proposal } from '../protocol/protocol.ts'
import { protocolOf } from '../protocol/protocols.ts'
import { encodeManifest } from '../protocol/shasta/encodeManifest.ts'
import type { Batch, BuilderDeps } from './builder.ts'
import { assumeProposal, type BuildBase, createDraft, decodeForced, deriveOnDraft } from './draft.ts'

/** Our own derivation does not confirm the batch. It is not sent; the message says where they differ. */
export class BatchRefusedError extends Error {
  override readonly name = 'BatchRefusedError'
  constructor(detail: string) {
    super(`this batch is not sent, because our own derivation does not confirm it: ${detail}`)
  }
}

/** The blobs of our own source. Throws BatchRefusedError. */
export async function encodeBatch(
  deps: BuilderDeps,
  base: BuildBase,
  input: { readonly batch: Batch; readonly proposer: Address; readonly blobsMax: number },
): Promise<readonly Uint8Array[]> {
  const { batch, proposer } = input
  const blobs = encodeBlobs(encodeManifest(batch.manifest))
  if (blobs.length > input.blobsMax)
    throw new BatchRefusedError(`it fills ${blobs.length} blobs of at most ${input.blobsMax}`)
  const { window } = batch
  const assume = (at: 'earliest' | 'latest') =>
    assumeProposal({ base, window, at, proposer, blobCount: blobs.length })
  await checkBlocks(deps, base, { batch, proposal: assume('earliest'), blobs })
  // Every bound on time and anchor is monotone in the slot of inclusion: what holds at both ends holds in between.
  await checkVerdict(deps, base, { proposal: assume('latest'), blobs })
  return blobs
}

async function checkBlocks(
  deps: BuilderDeps,
  base: BuildBase,
  input: { readonly batch: Batch; readonly proposal: Proposal; readonly blobs: readonly Uint8Array[] },
): Promise<void> {
  const { batch, proposal } = input
  const derived = await deriveOnDraft(createDraft(deps, base), proposal, decodeSources(deps, base, input))
  const fault = derived.faults.get(proposal.sources.length - 1)
  if (fault !== undefined) throw new BatchRefusedError(`${fault.name} (${fault.rule}): ${fault.detail}`)
  if (derived.blocks.length !== batch.blocks.length)
    throw new BatchRefusedError(`it makes ${derived.blocks.length} blocks, ${batch.blocks.length} were built`)
  for (const [i, { hash, header }] of batch.blocks.entries()) {
    const other = derived.blocks[i]?.executed.hash
    if (hash === other) continue
    await reviewUpTo(deps, base, derived.blocks.slice(0, i + 1))
    throw new BatchRefusedError(
      `block ${header.number} derives to ${other} by both interpreters, built was ${hash}`,
    )
  }
}

/** Throws an EngineDisagreementError where it is an interpreter that made another block. */
async function reviewUpTo(
  deps: BuilderDeps,
  base: BuildBase,
  blocks: readonly Pick<DerivedBlock, 'attributes'>[],
): Promise<void> {
  const { context, parent, append } = createDraft(deps, base)
  const { ancestorHash } = context
  for (const { attributes } of blocks)
    append(await deps.engine.review({ attributes, state: await context.stateAfter(parent()), ancestorHash }))
}

/** Landing as late as it may, our source must still be accepted; forced blocks before it may look different then. */
async function checkVerdict(
  deps: BuilderDeps,
  base: BuildBase,
  input: { readonly proposal: Proposal; readonly blobs: readonly Uint8Array[] },
): Promise<void> {
  const { proposal } = input
  const draft = createDraft(deps, base)
  const sources = decodeSources(deps, base, input)
  for await (const step of deriveBlocks(draft.context, { proposal, sources, parent: base.parent })) {
    if (step.type === 'block') {
      draft.append(step.block.executed)
      continue
    }
    if (step.sourceIndex < proposal.sources.length - 1) continue
    if (step.fault === undefined) return
    const { name, rule, detail } = step.fault
    throw new BatchRefusedError(`landing at ${proposal.timestamp}, ${name} (${rule}): ${detail}`)
  }
}

function decodeSources(
  { spec }: BuilderDeps,
  base: BuildBase,
  { proposal, blobs }: { readonly proposal: Proposal; readonly blobs: readonly Uint8Array[] },
) {
  const sourceIndex = proposal.sources.length - 1
  const own = protocolOf(proposal.fork).decodeSource({ spec, proposal, sourceIndex, blobs })
  return [...decodeForced(spec, proposal, base), own]
}
