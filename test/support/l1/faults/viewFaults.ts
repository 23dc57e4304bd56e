/** Providers that are behind, undecided, or on another branch. Their data is true; it is their head that is not. */
import type { L1Block } from '../block.ts'
import { buildBlock } from '../block.ts'
import { createView, numberOf, type View } from '../tree.ts'
import type { FaultTools, ViewFault } from './fault.ts'

const STALE_BLOCKS = 5
const SPLIT_BLOCKS = 3
const BACKWARDS_BLOCKS_MAX = 8
const BRANCH_DEPTH = 3

export const VIEW_FAULTS: readonly ViewFault[] = [
  behind('head-stale', () => STALE_BLOCKS),
  behind('head-goes-backwards', ({ random }) => random.below(BACKWARDS_BLOCKS_MAX + 1)),
  behind('head-split-between-two', ({ random }) => (random.chance(0.5) ? 0 : SPLIT_BLOCKS)),
  {
    type: 'view',
    name: 'head-frozen',
    remedy: 'wait',
    create: (truth, { tree }) => {
      const view = createView(tree)
      view.setHead(truth.head())
      view.setFinalized(truth.finalized())
      return () => view
    },
  },
  {
    type: 'view',
    name: 'other-branch',
    remedy: 'outvote',
    create: (truth, tools) => otherBranch(truth, tools, false),
  },
  {
    type: 'view',
    name: 'other-branch-half-of-the-time',
    remedy: 'outvote',
    create: (truth, tools) => {
      const other = otherBranch(truth, tools, false)
      return () => (tools.random.chance(0.5) ? truth : other())
    },
  },
  {
    type: 'view',
    name: 'other-branch-called-final',
    remedy: 'outvote',
    create: (truth, tools) => otherBranch(truth, tools, true),
  },
  {
    type: 'view',
    name: 'finalized-ahead-of-head',
    remedy: 'outvote',
    create: (truth) => () => ({ ...truth, head: truth.finalized, finalized: truth.head, safe: truth.head }),
  },
  {
    type: 'view',
    name: 'finalized-goes-backwards',
    remedy: 'wait',
    create:
      (truth, { random }) =>
      () => {
        const number = random.below(numberOf(truth.finalized()) + 1)
        return { ...truth, finalized: () => truth.at(number) ?? truth.finalized() }
      },
  },
]

/** Some blocks behind the truth, anew for each call; younger blocks are unknown even by hash. */
function behind(name: string, distance: (tools: FaultTools) => number): ViewFault {
  return {
    type: 'view',
    name,
    remedy: 'wait',
    create: (truth, tools) => {
      const view = createView(tools.tree)
      return () => {
        const head = numberOf(truth.head())
        view.setHead(truth.at(Math.max(0, head - distance(tools)))!)
        view.setFinalized(older(truth.finalized(), view.head()))
        return upToHead(view)
      }
    },
  }
}

function older(a: L1Block, b: L1Block): L1Block {
  return numberOf(a) < numberOf(b) ? a : b
}

function upToHead(view: View): View {
  const head = view.head()
  const known = (block: L1Block | undefined) =>
    block !== undefined && numberOf(block) <= numberOf(head) ? block : undefined
  return {
    ...view,
    block: (hash) => known(view.block(hash)),
    blockByBeaconRoot: (root) => known(view.blockByBeaconRoot(root)),
  }
}

/** Empty blocks from a few below the head of the first call, kept one block longer than the truth. */
function otherBranch(truth: View, tools: FaultTools, calledFinal: boolean): () => View {
  const view = createView(tools.tree)
  view.setHead(truth.at(Math.max(0, numberOf(truth.head()) - BRANCH_DEPTH))!)
  return () => {
    while (numberOf(view.head()) <= numberOf(truth.head())) {
      const block = buildBlock(tools.config, view.head(), [], 0, tools.random)
      tools.tree.add(block)
      view.setHead(block)
    }
    view.setFinalized(calledFinal ? view.head() : lowest(view, truth))
    return view
  }
}

/** What is final in truth, unless the branch left before it. */
function lowest(view: View, truth: View): L1Block {
  return view.isCanonical(truth.finalized()) ? truth.finalized() : view.finalized()
}
