/** What memory alone says of a request: a flood of those that are refused here never comes near the disk, the sequencer or the guard. */
import { EXECUTION_TYPE, L1_INCLUSION_TYPE } from '../../promise/transactionPromise.ts'
import type { PoolRules } from '../../propose/pool/admission.ts'
import type { PooledTransaction } from '../../propose/pool/transaction.ts'
import { admitRaw, type NextBlock } from './admit.ts'
import { CommitmentRefusedError } from './errors.ts'
import { admitL1 } from './l1Admit.ts'
import type { NextBlockReader } from './nextBlock.ts'
import type { OwnSlot, OwnWindows } from './ownWindows.ts'
import type { ReadRequest } from './readRequest.ts'
import type { TipPrice } from './tipPrice.ts'

export type Screened = { readonly slot: OwnSlot } & (
  | {
      readonly type: 'execution' | 'inclusion'
      readonly transaction: PooledTransaction
      readonly next: NextBlock
    }
  | { readonly type: 'l1Inclusion' }
)

/**
 * Throws CommitmentRefusedError.
 * @param checkEarlier Throws it for what is promised already.
 */
export type Screen = (read: ReadRequest, requestedAt: number, checkEarlier?: () => void) => Promise<Screened>

export function createScreen(
  deps: {
    readonly checkReady: () => void
    readonly windows: Pick<OwnWindows, 'find'>
    readonly nextBlock: Pick<NextBlockReader, 'read'>
    /** By the layer of the transaction. */
    readonly prices: Readonly<Record<'l1' | 'l2', Pick<TipPrice, 'honouredAt'>>>
    readonly rules: PoolRules
  },
  l1ChainId: bigint,
): Screen {
  const { checkReady, windows, nextBlock, prices, rules } = deps
  return async (read, requestedAt, checkEarlier) => {
    checkReady()
    const slot = await windows.find(read.slot)
    checkEarlier?.()
    const { commitmentType } = read.request
    if (commitmentType === L1_INCLUSION_TYPE) {
      checkOwnL1Block(slot)
      admitL1(read.transaction, l1ChainId, prices.l1.honouredAt(requestedAt))
      return { type: 'l1Inclusion', slot }
    }
    const isExecution = commitmentType === EXECUTION_TYPE
    if (isExecution && !slot.isRunning)
      throw new CommitmentRefusedError('windowNotOpen', `slot ${slot.window.firstSlot}`)
    const next = await nextBlock.read()
    const transaction = admitRaw(read.transaction, { rules, next, tip: prices.l2.honouredAt(requestedAt) })
    return { type: isExecution ? 'execution' : 'inclusion', slot, transaction, next }
  }
}

function checkOwnL1Block({ slot, window }: OwnSlot): void {
  if (slot !== window.lastSlot)
    throw new CommitmentRefusedError('notOurWindow', `our own L1 block is that of slot ${window.lastSlot}`)
}
