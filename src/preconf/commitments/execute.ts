/** Has a transaction executed in the block under way, and waits for the next block when this one has no place for it. */
import type { IncludeResult, SequencerFace } from '../../propose/sequencer/events.ts'
import { CommitmentRefusedError } from './errors.ts'
import { pendingReceiptJson } from './receipt.ts'

type Taken = Extract<IncludeResult, { type: 'included' }>

export type Included = Taken & {
  /** As `eth_getTransactionReceipt` answers it, for a block without a hash so far. */
  readonly receiptJson: Readonly<Record<string, unknown>>
}

/** Blocks that a request is tried in. */
const BLOCKS_MAX = 4

/** Said to nobody. Without a reason each would be an exception with a stack. */
const ANSWERED = 'answered'

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
  const asked: Promise<IncludeResult>[] = []
  for (let block = 1; ; block++) {
    const opened = nextOpened(sequencer)
    const waits = new AbortController()
    try {
      const earlier = takenBy(asked)
      const last = sequencer.include(raw)
      asked.push(last)
      // A signer may take its time with the block before: who waits longer than a block hears so.
      const isUp = wait(blockMs, waits.signal).then(() => NOT_SIGNED)
      let result = await Promise.race([last, earlier.catch(() => last), isUp])
      if (result.type === 'refused') result = await Promise.race([earlier.catch(() => last), isUp])
      if (result.type === 'included') return toIncluded(result)
      if (result.type === 'refused') throw new CommitmentRefusedError('notExecutable', result.reason)
      if (block === BLOCKS_MAX || !isInTime())
        throw new CommitmentRefusedError('notEnoughTime', result.reason)
      const late = takenBy(asked).catch(() => new Promise<never>(() => {}))
      const taken = await Promise.race([opened.event, wait(blockMs, waits.signal), late])
      if (taken) return toIncluded(taken)
    } finally {
      opened.stop()
      waits.abort(ANSWERED)
    }
  }
}

function toIncluded(taken: Taken): Included {
  const { transaction, number: blockNumber, index, firstLogIndex } = taken
  return {
    ...taken,
    receiptJson: pendingReceiptJson({ transaction, blockNumber, index, firstLogIndex }),
  }
}

/** Rejects once all have answered that they do not: a block that took long may have it, and the one after it refuses its nonce then. */
function takenBy(asked: readonly Promise<IncludeResult>[]): Promise<Taken> {
  return Promise.any(
    asked.map(async (answer) => {
      const result = await answer
      if (result.type === 'included') return result
      throw new Error(result.reason)
    }),
  )
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
