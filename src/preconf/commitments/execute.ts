/** Has a transaction executed in the block under way, and waits for the next block when this one has no place for it. */
import type { ExecutedTransaction } from '../../engine/engine.ts'
import type { IncludeResult, SequencerFace } from '../../propose/sequencer/events.ts'
import { CommitmentRefusedError } from './errors.ts'
import { pendingReceiptJson } from './receipt.ts'

export type Included = Extract<IncludeResult, { type: 'included' }> & {
  /** As `eth_getTransactionReceipt` answers it, for a block without a hash so far. */
  readonly receiptJson: Readonly<Record<string, unknown>>
}

/** Blocks that a request is tried in. */
const BLOCKS_MAX = 4

/**
 * Throws CommitmentRefusedError when the transaction is not valid, or no block takes it in time.
 * @param isInTime Whether it is worth while to wait for another block.
 */
export async function executeNow(
  deps: {
    readonly sequencer: SequencerFace
    readonly wait: (ms: number) => Promise<void>
    readonly blockMs: number
  },
  raw: Uint8Array,
  isInTime: () => boolean,
): Promise<Included> {
  const { sequencer, wait, blockMs } = deps
  for (let block = 1; ; block++) {
    const opened = nextOpened(sequencer)
    const before = sequencer.pending()
    try {
      const result = await sequencer.include(raw)
      if (result.type === 'included') {
        const firstLogIndex = countLogs([before, sequencer.pending()], result.index, result.transaction)
        const { transaction, number: blockNumber, index } = result
        return {
          ...result,
          receiptJson: pendingReceiptJson({ transaction, blockNumber, index, firstLogIndex }),
        }
      }
      if (result.type === 'refused') throw new CommitmentRefusedError('notExecutable', result.reason)
      if (block === BLOCKS_MAX || !isInTime())
        throw new CommitmentRefusedError('notEnoughTime', result.reason)
      await Promise.race([opened.event, wait(blockMs)])
    } finally {
      opened.stop()
    }
  }
}

function nextOpened(sequencer: Pick<SequencerFace, 'onEvent'>) {
  let stop = () => {}
  const event = new Promise<void>((resolve) => {
    stop = sequencer.onEvent(({ type }) => {
      if (type === 'opened') resolve()
    })
  })
  return { event, stop: () => stop() }
}

/** Of the transactions before `index`, in whichever of these blocks holds it; what has no logs itself needs no count. */
function countLogs(
  blocks: readonly ({ readonly transactions: readonly ExecutedTransaction[] } | undefined)[],
  index: number,
  { hash, receipt }: ExecutedTransaction,
): number {
  if (receipt.logs.length === 0) return 0
  const block = blocks.find((each) => each?.transactions[index]?.hash === hash)
  return (block?.transactions ?? [])
    .slice(0, index)
    .reduce((sum, earlier) => sum + earlier.receipt.logs.length, 0)
}
