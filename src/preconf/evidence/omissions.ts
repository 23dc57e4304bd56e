/**
 * Violated inclusion lists, made evidence as soon as a slasher would take it: L1 is final, and has a checkpoint behind the window. Until
 * then it is tried whenever L1 has a newer checkpoint, and no longer than a checkpoint can show the window's last block.
 */
import type { ChainReader } from '../../chain/chain.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Lists } from '../lists/lists.ts'
import { HEADERS_MAX } from '../lists/omission.ts'
import type { ListRecord } from '../lists/record.ts'
import type { EvidenceStore } from './store.ts'

export async function watchOmissions(deps: {
  readonly lists: Pick<Lists, 'onVerdict' | 'violated' | 'omission'>
  readonly evidence: Pick<EvidenceStore, 'add'>
  readonly chain: Pick<ChainReader, 'heads' | 'onChange'>
  readonly logger: Logger
}): Promise<{ close(): Promise<void> }> {
  const { lists, evidence, chain, logger } = deps
  /** Violated for good, and not written yet. */
  const unwritten = new Set<ListRecord>()
  let executable = chain.heads().executable.number
  let tail: Promise<void> = Promise.resolve()

  async function write(record: ListRecord): Promise<void> {
    const { committer, registrationRoot, windowEnd, verdict } = record
    const [list] = record.lists
    const omission = await lists.omission(record)
    if (verdict.type === 'violated' && list !== undefined && omission !== undefined) {
      const { transaction, evidence: proven } = omission
      const blockNumber = verdict.lastBlock.number
      if (proven !== null)
        await evidence.add({
          kind: 'listViolation',
          ...{ committer, windowEnd, blockNumber, transaction },
          ...(registrationRoot !== undefined && { registrationRoot }),
          first: list.signed,
          evidence: proven,
        })
      else if (chain.heads().executable.number - blockNumber < HEADERS_MAX) return
    }
    unwritten.delete(record)
  }

  async function writeAll(): Promise<void> {
    for (const record of unwritten) {
      try {
        await write(record)
      } catch (error) {
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

  for (const record of await lists.violated()) unwritten.add(record)
  refresh()
  const stops = [
    lists.onVerdict((record) => {
      if (record.verdict.type !== 'violated' || record.verdict.finality !== 'final') return
      unwritten.add(record)
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
      for (const stop of stops) stop()
      await tail
    },
  }
}
