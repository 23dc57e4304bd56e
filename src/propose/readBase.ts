/** The snapshot of both chains that the next batch is built on, or why there is none now. */
import { createAncestorHash } from '../chain/ancestorHash.ts'
import type { ChainReader } from '../chain/chain.ts'
import type { ParentBlock } from '../derive/blocks.ts'
import type { FlatState } from '../engine/state/flatState.ts'
import type { L1, L1Position } from '../l1/l1.ts'
import { defined } from '../primitives/assert.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { BuildBase, ForcedInclusion } from './draft.ts'
import type { InboxReader } from './inbox.ts'
import { createWindow } from './plan.ts'

export type BaseDeps = {
  readonly spec: RollupSpec
  readonly chain: ChainReader
  readonly state: Pick<FlatState, 'head' | 'source'>
  readonly l1: Pick<L1, 'ancestor' | 'blobs'>
  readonly inbox: InboxReader
}

export type BaseResult =
  | {
      readonly type: 'base'
      readonly base: BuildBase
      /** Forced inclusions that the next L1 block asks for: a proposal that takes fewer reverts. */
      readonly due: number
      /** Proposals on L1 that no proof covers yet. */
      readonly unproven: bigint
      /** False once the driver has moved on: what was built is then worthless. */
      readonly isCurrent: () => boolean
    }
  | { readonly type: 'wait'; readonly reason: string }

/** `l1Head` is the newest L1 block; `inclusionSlots` as in the builder's options. Missing blobs are a TemporaryError. */
export async function readBase(
  deps: BaseDeps,
  input: { readonly l1Head: L1Position; readonly inclusionSlots: bigint; readonly signal?: AbortSignal },
): Promise<BaseResult> {
  const { spec, chain, state, l1, inbox } = deps
  const { signal } = input
  const l1Head = await l1.ancestor(input.l1Head, input.l1Head.number, signal)
  const [config, core] = await Promise.all([inbox.config(signal), inbox.state(l1Head.hash, signal)])
  const { latest, safe } = chain.heads()
  if (latest.number > safe.number)
    return {
      type: 'wait',
      reason: `${latest.number - safe.number} preconfirmed blocks have not landed: only a sequencer posts them`,
    }
  const parent = await readParent(chain)
  const lastId = core.nextProposalId - 1n
  const derivedId = (await chain.origin(parent.header.number))?.proposalId ?? 0n
  if (derivedId !== lastId)
    return { type: 'wait', reason: `L1 has proposal ${lastId}, this node has derived up to ${derivedId}` }
  // After a reorg the same id may be another proposal, which this node has yet to see.
  const derived = await chain.proposal(derivedId)
  if (derived !== undefined && derived.hash !== (await inbox.proposalHash(lastId, l1Head.hash, signal)))
    return { type: 'wait', reason: `L1 has another proposal ${lastId} than the one this node has derived` }
  const window = createWindow(spec, l1Head.timestamp, input.inclusionSlots)
  const forcedInclusions: ForcedInclusion[] = []
  let due = 0
  for (const blobSlice of await inbox.forcedInclusions(l1Head.hash, signal)) {
    const dueAt = blobSlice.timestamp + config.forcedInclusionDelay
    // The queue is in order of time: what follows one that cannot fall due cannot either.
    if (dueAt > window.latest) break
    if (dueAt <= window.earliest) due++
    forcedInclusions.push({ blobSlice, blobs: await l1.blobs(blobSlice, signal) })
  }
  const isCurrent = () =>
    state.head.stateRoot === parent.header.stateRoot && chain.heads().safe.hash === parent.hash
  if (!isCurrent()) return { type: 'wait', reason: 'the driver is deriving a block' }
  return {
    type: 'base',
    due,
    unproven: lastId - core.lastFinalizedProposalId,
    isCurrent,
    base: {
      parent,
      state: state.source(),
      ancestorHash: createAncestorHash(chain),
      l1Head,
      anchorBlock: (number) => l1.ancestor(input.l1Head, number, signal),
      nextProposalId: core.nextProposalId,
      basefeeSharingPctg: config.basefeeSharingPctg,
      forcedInclusions,
    },
  }
}

async function readParent(chain: ChainReader): Promise<ParentBlock> {
  const { safe } = chain.heads()
  const { header, hash } = defined(await chain.headerByNumber(safe.number), 'the safe block')
  const grandparent = header.number === 0n ? undefined : await chain.headerByNumber(header.number - 1n)
  return { header, hash, grandparentTimestamp: grandparent?.header.timestamp ?? 0n }
}
