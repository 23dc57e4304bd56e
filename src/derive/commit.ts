/** One L1 step, one transaction: blocks, state, undo records, origins, heads and the L1 cursor, all or nothing. */
import type {
  BlockOrigin,
  BlockRef,
  Chain,
  Heads,
  StoredBlock,
  StoredProposal,
  UnsafeOrigin,
} from '../chain/chain.ts'
import { advanceSafe, rewindHeads } from '../chain/heads.ts'
import type { FlatState } from '../engine/state/flatState.ts'
import type { L1Position } from '../l1/l1.ts'
import { assert } from '../primitives/assert.ts'
import type { Store, StoreTransaction } from '../store/store.ts'
import { deleteStepsAbove, pruneSteps, readStepAt, writeStep } from './steps.ts'

/** What an L1 block came to. */
export type StepResult = {
  readonly l1: L1Position
  readonly blocks: readonly {
    readonly block: StoredBlock
    readonly origin: BlockOrigin
    /** It is in the chain already, as an unsafe block. */
    readonly isReused: boolean
  }[]
  readonly proposals: readonly StoredProposal[]
  /** Last L2 block proven on L1 after this step. */
  readonly executable: BlockRef
}

export type CommitDeps = { readonly store: Store; readonly chain: Chain; readonly state: FlatState }

/** `finalizedL1` is the newest L1 block known to be final. Throws whatever the store throws; nothing is kept then. */
export async function commitStep(deps: CommitDeps, step: StepResult, finalizedL1: bigint): Promise<void> {
  const { chain, state } = deps
  await inOneTransaction(deps, async (transaction) => {
    const reused = step.blocks.filter(({ isReused }) => isReused)
    await chain.settleUnsafe(transaction, reused)
    const added = step.blocks.filter(({ isReused }) => !isReused)
    await chain.append(transaction, added)
    for (const proposal of step.proposals) await chain.writeProposal(transaction, proposal)
    await state.write(transaction)
    const last = step.blocks.at(-1)?.block
    const current = chain.heads()
    const advanced = last ? advanceSafe(current, { number: last.header.number, hash: last.hash }) : current
    await writeStep(transaction, { ...step.l1, safe: advanced.safe, executable: step.executable })
    await setHeads(deps, transaction, { ...advanced, executable: step.executable }, finalizedL1)
  })
}

/** A preconfirmed block on top of the latest. */
export async function commitUnsafe(
  deps: CommitDeps,
  block: StoredBlock,
  origin: UnsafeOrigin,
): Promise<void> {
  const { chain, state } = deps
  await inOneTransaction(deps, async (transaction) => {
    await chain.appendUnsafe(transaction, block, origin)
    // Somebody waits for this block; branches can wait for the next step of L1.
    await state.write(transaction, { mayFlush: false })
    const latest = { number: block.header.number, hash: block.hash }
    await chain.setHeads(transaction, { ...chain.heads(), latest })
  })
}

/** Forgets the unsafe blocks after `parent`, which is safe or unsafe itself. */
export async function commitDrop(deps: CommitDeps, parent: BlockRef): Promise<void> {
  const { chain, state } = deps
  await inOneTransaction(deps, async (transaction) => {
    await chain.truncate(transaction, parent.number)
    await state.rewind(transaction, parent.number)
    await chain.setHeads(transaction, { ...chain.heads(), latest: parent })
  })
}

/** What of the state was only in memory: before the end of the process, so that the next one has nothing to compute again. */
export async function commitFlush(deps: CommitDeps): Promise<void> {
  await inOneTransaction(deps, (transaction) => deps.state.flush(transaction))
}

/** The consensus layer has finalized an L1 block: the finalized head follows, and older steps are forgotten. */
export async function commitFinality(deps: CommitDeps, finalizedL1: bigint): Promise<void> {
  await inOneTransaction(deps, (transaction) => setHeads(deps, transaction, deps.chain.heads(), finalizedL1))
}

async function setHeads(
  { chain }: CommitDeps,
  transaction: StoreTransaction,
  heads: Heads,
  finalizedL1: bigint,
): Promise<void> {
  const step = await readStepAt(transaction, finalizedL1)
  // Finality never moves back: an older step only says that we are still catching up.
  const isNewer = step !== undefined && step.safe.number > heads.finalized.number
  const finalized = isNewer ? step.safe : heads.finalized
  await chain.setHeads(transaction, { ...heads, finalized })
  await pruneSteps(transaction, finalizedL1)
}

async function inOneTransaction(
  { store, chain, state }: CommitDeps,
  work: (transaction: StoreTransaction) => Promise<void>,
): Promise<void> {
  try {
    await store.transaction(work)
  } catch (error) {
    state.discard()
    chain.discard()
    throw error
  }
  state.settle()
  chain.settle()
}

/** The L1 chain left us at `ancestor`: everything derived from later L1 blocks goes, in one transaction. */
export async function commitRewind(deps: CommitDeps, ancestor: L1Position): Promise<void> {
  const { store, chain, state } = deps
  const step = await readStepAt(store, ancestor.number)
  assert(step?.hash === ancestor.hash, `L1 block ${ancestor.number} is no step of ours to rewind to`)
  await inOneTransaction(deps, async (transaction) => {
    await chain.truncate(transaction, step.safe.number)
    await state.rewind(transaction, step.safe.number)
    await deleteStepsAbove(transaction, step.number)
    await chain.setHeads(transaction, rewindHeads(chain.heads(), step.safe, step.executable))
  })
}
