/** Looks, time and again, whether probes have come to a clock, and writes down between which two looks they did. */
import { readObject, readQuantity } from '../../l1/rpcJson.ts'
import { WrongDataError } from '../../l1/wrongData.ts'
import { sleep } from '../../primitives/async.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import { type Hash, type Hex, toQuantity } from '../../primitives/hex.ts'
import { watchedClocks } from './cells.ts'
import type { ProbeDeps } from './deps.ts'
import type { Clock, Plan } from './plan.ts'
import type { ProbeRecord } from './records.ts'
import type { ProbeState } from './state.ts'

/** Between two looks. */
const POLL_MS = 250
/** Between two looks at L1, whose blocks are further apart. */
const L1_POLL_MS = 1_000
/** Without a look that came to its end. */
const SILENT_MS = 30_000

type Head = { readonly number: number; readonly hash: unknown }
type Receipt = { readonly block: number; readonly succeeded: boolean }

export type WatchInput = {
  readonly plan: Plan
  readonly state: ProbeState
  /** Nothing else will be sent. */
  readonly isAllSent: () => boolean
  readonly onLook: () => void
  /** Takes a sentence, when looks have failed for long. */
  readonly warn: (sentence: string) => void
}

/** Ends when all is sent, and each probe is at the last clock or past its cut-off. */
export async function watchProbes(
  deps: Pick<ProbeDeps, 'observer' | 'l1' | 'now'>,
  input: WatchInput,
  signal: AbortSignal,
): Promise<void> {
  const look = createLook(deps, input, signal)
  let lastAnswer = deps.now()
  let isTold = false
  for (;;) {
    const isLast = input.isAllSent()
    try {
      await look()
      lastAnswer = deps.now()
      isTold = false
    } catch (error) {
      ignoreTemporary(error)
      if (!isTold && deps.now() - lastAnswer > SILENT_MS) {
        isTold = true
        input.warn(
          `${deps.observer.name}: ${(error as Error).message}; probes cannot be looked for, trying again`,
        )
      }
    }
    signal.throwIfAborted()
    input.onLook()
    if (isLast && input.state.records().every(({ isEnded }) => isEnded)) return
    await sleep(POLL_MS, signal)
  }
}

function createLook(
  { observer, l1, now }: Pick<ProbeDeps, 'observer' | 'l1' | 'now'>,
  { plan, state }: Pick<WatchInput, 'plan' | 'state'>,
  signal: AbortSignal,
): () => Promise<void> {
  const { write } = state
  const clocks = watchedClocks(plan)
  /** Block of a probe that is in the chain, as it was last seen. */
  const blocks = new Map<Hash, number>()
  for (const { hash, seen } of state.records())
    if (seen.latest !== undefined) blocks.set(hash, seen.latest.block)
  /** When those that are in no block were last looked for in vain. */
  const lookedFor = new Map<Hash, number>()
  let lastHead: Head['hash']
  let lastLook = 0
  let lastL1Look = 0

  const receiptsOf = async (hashes: readonly Hash[]) => {
    const answers = await observer.call(
      hashes.map((hash) => ({ method: 'eth_getTransactionReceipt', params: [hash] })),
      signal,
    )
    return answers.map(readReceipt)
  }

  async function readHeads(): Promise<Readonly<Record<Clock, Head | undefined>>> {
    const answers = await observer.call(
      clocks.map((tag) => ({ method: 'eth_getBlockByNumber', params: [tag, false] })),
      signal,
    )
    const [latest, safe, finalized] = answers.map((answer) => {
      if (answer === null) return undefined
      const { number, hash } = readObject(answer, 'a block')
      return { number: Number(readQuantity(number, 'the number of a block')), hash }
    })
    return { latest, safe, finalized }
  }

  /** A time after which it came, given the last look without it. */
  const since = ({ group, answer }: ProbeRecord, look: number | undefined): number =>
    Math.max(look ?? 0, answer?.sentAt ?? answer?.at ?? state.begunAt(group) ?? 0)

  async function lookForNew(live: readonly ProbeRecord[], head: Head | undefined, startedAt: number) {
    const waiting = live.filter(({ hash }) => !blocks.has(hash))
    const isNewHead = head?.hash !== lastHead
    const asked = isNewHead ? waiting : waiting.filter(({ hash }) => !lookedFor.has(hash))
    const receipts = await receiptsOf(asked.map(({ hash }) => hash))
    const at = now()
    for (const [index, record] of asked.entries()) {
      const receipt = receipts[index]
      if (!receipt) continue
      const { block } = receipt
      if (record.seen.latest === undefined)
        write({
          type: 'seen',
          hash: record.hash,
          clock: 'latest',
          after: since(record, lookedFor.get(record.hash)),
          ...{ at, block },
        })
      blocks.set(record.hash, block)
      lookedFor.delete(record.hash)
    }
    for (const { hash } of waiting) if (!blocks.has(hash)) lookedFor.set(hash, startedAt)
    lastHead = head?.hash
  }

  /** Those whose block is not above the head of a clock, asked for once more, since it may be another block by now. */
  async function lookAt(clock: Clock, live: readonly ProbeRecord[], head: Head | undefined) {
    const due = live.filter((record) => {
      const block = blocks.get(record.hash)
      return head !== undefined && block !== undefined && block <= head.number && !record.seen[clock]
    })
    if (due.length === 0 || head === undefined) return
    const receipts = await receiptsOf(due.map(({ hash }) => hash))
    const at = now()
    for (const [index, record] of due.entries()) {
      const { hash } = record
      const receipt = receipts[index]
      if (!receipt) {
        blocks.delete(hash)
        write({ type: 'displaced', hash, at })
        continue
      }
      const { block } = receipt
      blocks.set(hash, block)
      if (block > head.number) continue
      const seen = { type: 'seen', hash, clock, after: since(record, lastLook), at, block } as const
      write(clock === 'safe' ? { ...seen, l1: await l1BlockOf(hash) } : seen)
    }
  }

  /** Of the proposal that brought it; null where the node does not say. */
  async function l1BlockOf(hash: Hash): Promise<{ block: number; time: number } | null> {
    try {
      const [answer] = await observer.call(
        [{ method: 'based_getTransactionProvenance', params: [hash] }],
        signal,
      )
      const l1Block = answer === null ? null : readObject(answer, 'a provenance').l1Block
      if (l1Block == null || l1 === undefined) return null
      const number = readQuantity(readObject(l1Block, 'an L1 block').number, 'the number of an L1 block')
      return { block: Number(number), time: await l1TimeOf(toQuantity(number)) }
    } catch (error) {
      ignoreTemporary(error)
      return null
    }
  }

  /** Throws WrongDataError where L1 does not have it: one of several servers may be behind. */
  async function l1TimeOf(number: Hex): Promise<number> {
    const block = await l1?.('eth_getBlockByNumber', [number, false], signal)
    return Number(readQuantity(readObject(block, `L1 block ${number}`).timestamp, 'the time of an L1 block'))
  }

  async function lookAtQueue(live: readonly ProbeRecord[], startedAt: number) {
    if (l1 === undefined || startedAt - lastL1Look < L1_POLL_MS) return
    for (const record of live) {
      const transaction = state.probe(record.hash)?.l1
      if (transaction === undefined || record.queued !== undefined) continue
      const receipt = readReceipt(await l1('eth_getTransactionReceipt', [transaction.hash], signal))
      if (receipt === null) continue
      const { block, succeeded } = receipt
      write({
        type: 'queued',
        hash: record.hash,
        ...{ after: since(record, lastL1Look), at: now(), succeeded, l1Block: block },
        l1Time: await l1TimeOf(toQuantity(block)),
      })
    }
    lastL1Look = startedAt
  }

  return async () => {
    // Also those that are being sent: an entry point may take its time to answer.
    const live = state
      .records()
      .filter(({ group, answer, isEnded }) => !isEnded && (answer ?? state.begunAt(group)) !== undefined)
    const startedAt = now()
    const heads = await readHeads()
    await lookForNew(live, heads.latest, startedAt)
    for (const clock of clocks) if (clock !== 'latest') await lookAt(clock, live, heads[clock])
    lastLook = startedAt
    await lookAtQueue(live, startedAt).catch(ignoreTemporary)
    for (const record of live) {
      if (record.answer === undefined) continue
      const sentAt = record.answer.sentAt ?? record.answer.at
      const isOver = startedAt >= sentAt + plan.cutoffMs || record.queued?.succeeded === false
      if (isOver || record.seen[plan.until] !== undefined)
        write({ type: 'ended', hash: record.hash, at: startedAt })
    }
  }
}

/** Null while it is in no block. */
function readReceipt(answer: unknown): Receipt | null {
  if (answer === null) return null
  const { blockNumber, status } = readObject(answer, 'a receipt')
  return {
    block: Number(readQuantity(blockNumber, 'the block of a receipt')),
    succeeded: readQuantity(status, 'the status of a receipt') === 1n,
  }
}

/** A node that does not answer now, or nothing that could be read: the gap between two looks tells of it. */
function ignoreTemporary(error: unknown): void {
  if (!(error instanceof TemporaryError || error instanceof WrongDataError)) throw error
}
