/** Has a transaction executed in the block under way, and waits for the next block when this one has no place for it. */
import type { IncludeResult, SequencerFace } from '../../propose/sequencer/events.ts'
import { CommitmentRefusedError } from './errors.ts'
import { pendingReceiptJson } from './receipt.ts'

export type Included = Extract<IncludeResult, { type: 'included' }> & {
  /** As `eth_getTransactionReceipt` answers it, for a block without a hash so far. */
  readonly receiptJson: Readonly<Record<string, unknown>>
}

/** Blocks that a request is tried in. */
const BLOCKS_MAX = 4

const NOT_SIGNED = { type: 'later', reason: 'the block before is not signed yet' } as const

/**
 * Throws CommitmentRefusedError when the transaction is not valid, or no block takes it in time.
 * @param isInTime Whether it is worth while to wait for another block.
 */
export async function executeNow(
  deps: {
    readonly sequencer: SequencerFace
    /** Rejects when it is aborted: what is answered sooner leaves no timer behind. */
    readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>
    readonly blockMs: number
  },
  raw: Uint8Array,
  isInTime: () => boolean,
): Promise<Included> {
  const { sequencer, wait, blockMs } = deps
  for (let block = 1; ; block++) {
    const opened = nextOpened(sequencer)
    const waits = new AbortController()
    try {
      // A signer may take its time with the block before: who waits longer than a block hears so.
      const result = await Promise.race([
        sequencer.include(raw),
        wait(blockMs, waits.signal).then(() => NOT_SIGNED),
      ])
      if (result.type === 'included') {
        const { transaction, number: blockNumber, index, firstLogIndex } = result
        return {
          ...result,
          receiptJson: pendingReceiptJson({ transaction, blockNumber, index, firstLogIndex }),
        }
      }
      if (result.type === 'refused') throw new CommitmentRefusedError('notExecutable', result.reason)
      if (block === BLOCKS_MAX || !isInTime())
        throw new CommitmentRefusedError('notEnoughTime', result.reason)
      await Promise.race([opened.event, wait(blockMs, waits.signal)])
    } finally {
      opened.stop()
      waits.abort()
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
