/**
 * Violated inclusion lists, made evidence as soon as a slasher would take it: L1 is final, and has a checkpoint behind the window. Until
 * then it is tried whenever L1 has a newer checkpoint, and no longer than a checkpoint can show the window's last block.
 */
import type { ChainReader } from '../../chain/chain.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import type { Logger } from '../../telemetry/log.ts'
import { REACH } from '../lists/headerChain.ts'
import type { Lists } from '../lists/lists.ts'
import type { ListRecord } from '../lists/record.ts'
import type { EvidenceStore } from './store.ts'

/** While L1 has no checkpoint; a window's bond pays once. */
const UNWRITTEN_MAX = 256

export async function watchOmissions(deps: {
  readonly lists: Pick<Lists, 'onVerdict' | 'violated' | 'omission' | 'ancestors'>
  readonly evidence: Pick<EvidenceStore, 'add' | 'has'>
  readonly chain: Pick<ChainReader, 'heads' | 'onChange'>
  readonly logger: Logger
}): Promise<{ close(): Promise<void> }> {
  const { lists, evidence, chain, logger } = deps
  /** Violated for good, and not written yet; oldest first. */
  const unwritten = new Set<ListRecord>()
  let executable = chain.heads().executable.number
  let tail: Promise<void> = Promise.resolve()
  let isClosed = false

  /** Whether there is nothing left to do for it. */
  async function write(record: ListRecord): Promise<boolean> {
    const { committer, registrationRoot, windowEnd, verdict } = record
    const [list] = record.lists
    if (verdict.type !== 'violated' || list === undefined) return true
    const blockNumber = verdict.lastBlock.number
    const about = { kind: 'listViolation', committer, windowEnd, blockNumber } as const
    if (await evidence.has(about)) return true
    const omission = await lists.omission(record)
    if (omission?.evidence === null) return chain.heads().executable.number - blockNumber > REACH
    if (omission?.evidence !== undefined)
      await evidence.add({
        ...about,
        ...(registrationRoot !== undefined && { registrationRoot }),
        first: list.signed,
        transaction: omission.transaction,
        evidence: omission.evidence,
        ancestors: await lists.ancestors(omission),
      })
    return true
  }

  async function writeAll(): Promise<void> {
    for (const record of unwritten) {
      if (isClosed) return
      try {
        if (await write(record)) unwritten.delete(record)
      } catch (error) {
        if (error instanceof TemporaryError) continue
        logger.error(
          { windowEnd: record.windowEnd, error },
          'evidence of an omission cannot be kept; it is tried again',
        )
      }
    }
  }
  const refresh = () => {
    if (unwritten.size > 0) tail = tail.then(writeAll)
  }

  const note = (record: ListRecord) => {
    unwritten.add(record)
    for (const oldest of unwritten) if (unwritten.size > UNWRITTEN_MAX) unwritten.delete(oldest)
  }

  for (const record of await lists.violated()) note(record)
  refresh()
  const stops = [
    lists.onVerdict((record) => {
      if (record.verdict.type !== 'violated' || record.verdict.finality !== 'final') return
      note(record)
      refresh()
    }),
    chain.onChange(({ heads }) => {
      if (heads.executable.number === executable) return
      executable = heads.executable.number
      refresh()
    }),
  ]
  return {
    async close() {
      isClosed = true
      for (const stop of stops) stop()
      await tail
    },
  }
}
