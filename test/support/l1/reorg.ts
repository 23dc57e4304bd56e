/** A reorg: other blocks take the place of the last ones, and their transactions come back or do not. */
import type { Hash } from '../../../src/primitives/hex.ts'
import type { L1Block } from './block.ts'
import type { Branch, MineOptions } from './branch.ts'
import type { L1Transaction } from './calls.ts'
import type { Random } from './random.ts'
import { numberOf, type View } from './tree.ts'

export type ReorgOptions = {
  /** Blocks that go. */
  readonly depth: number
  /** Blocks that come; default one more, so that the new branch is the longer one. */
  readonly length?: number
  /**
   * What becomes of their transactions, default `keep`: each in the block of the same number (what does not fit goes into the
   * last one); `delay`: one block later; `shuffle`: anywhere in any order; `drop`: gone.
   */
  readonly transactions?: 'keep' | 'delay' | 'shuffle' | 'drop'
  /** The pool loses them as well: what was sent over RPC does not come back into it. */
  readonly forgets?: boolean
  /** Empty slots before the first new block. */
  readonly missedSlots?: number
  /** The new blocks themselves, instead of `length`, `transactions` and `missedSlots`. */
  readonly blocks?: readonly MineOptions[]
  /** Allows to undo the finalized block, as no honest chain does. */
  readonly force?: boolean
}

export type ReorgResult = {
  readonly ancestor: L1Block
  /** Oldest first; still reachable by hash. */
  readonly removed: readonly L1Block[]
  readonly added: readonly L1Block[]
}

export function reorganize(input: {
  readonly view: View
  readonly fork: (atNumber: number) => Branch
  readonly setHead: (hash: Hash, options: { readonly force?: boolean }) => void
  readonly random: Random
  readonly options: ReorgOptions
}): ReorgResult {
  const { view, options } = input
  const { depth, force = false } = options
  const headNumber = numberOf(view.head())
  if (depth < 0 || depth > headNumber) throw new RangeError(`no ${depth} blocks to remove`)
  const ancestor = view.at(headNumber - depth)!
  const removed = Array.from({ length: depth }, (_, i) => view.at(headNumber - depth + 1 + i)!)
  const branch = input.fork(headNumber - depth)
  const added = (options.blocks ?? arrange(removed, options, input.random)).map((block) => branch.mine(block))
  input.setHead(branch.tip().hash, { force })
  return { ancestor, removed, added }
}

function arrange(removed: readonly L1Block[], options: ReorgOptions, random: Random): readonly MineOptions[] {
  const { length = removed.length + 1, transactions: fate = 'keep', missedSlots = 0 } = options
  const blocks: L1Transaction[][] = Array.from({ length }, () => [])
  const put = (index: number, transaction: L1Transaction) =>
    blocks[Math.min(index, length - 1)]?.push(transaction)
  if (fate === 'shuffle') {
    for (const transaction of random.shuffle(removed.flatMap((block) => block.transactions)))
      put(random.below(length), transaction)
  } else if (fate !== 'drop') {
    for (const [index, block] of removed.entries())
      for (const transaction of block.transactions) put(fate === 'delay' ? index + 1 : index, transaction)
  }
  return blocks.map((transactions, index) => ({ transactions, missedSlots: index === 0 ? missedSlots : 0 }))
}
