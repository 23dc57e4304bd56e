/**
 * Two lists of one committer for one window, made evidence. They are told once, when the second comes: what cannot be written then is
 * tried again whenever the chain moves.
 */
import type { ChainReader } from '../../chain/chain.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Lists } from '../lists/lists.ts'
import type { EvidenceStore } from './store.ts'

export function watchEquivocations(deps: {
  readonly lists: Pick<Lists, 'onEquivocation'>
  readonly evidence: Pick<EvidenceStore, 'addLists'>
  readonly chain: Pick<ChainReader, 'onChange'>
  readonly logger: Logger
}): { close(): Promise<void> } {
  const { lists, evidence, chain, logger } = deps
  /** Found, and not written yet: one for each window and committer at most. */
  const unwritten = new Set<Parameters<EvidenceStore['addLists']>>()
  let tail: Promise<void> = Promise.resolve()

  async function writeAll(): Promise<void> {
    for (const found of unwritten) {
      try {
        await evidence.addLists(...found)
        unwritten.delete(found)
      } catch (error) {
        logger.error({ error }, 'evidence of two inclusion lists cannot be kept; it is tried again')
      }
    }
  }

  const stops = [
    lists.onEquivocation((...found) => {
      unwritten.add(found)
      tail = tail.then(writeAll)
    }),
    chain.onChange(() => {
      if (unwritten.size > 0) tail = tail.then(writeAll)
    }),
  ]
  return {
    async close() {
      for (const stop of stops) stop()
      await tail
    },
  }
}
