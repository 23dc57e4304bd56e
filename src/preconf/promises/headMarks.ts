/** When the finalized and the executable head reached which L2 block, as this node saw it: blocks themselves do not say. */
import type { ChainReader, Heads } from '../../chain/chain.ts'
import type { Statement, Store } from '../../store/store.ts'
import type { Logger } from '../../telemetry/log.ts'

export type MarkedHead = 'finalized' | 'executable'

export type HeadMark = {
  readonly number: bigint
  /** Milliseconds since 1970. */
  readonly at: number
}

export type HeadMarks = {
  /** When the head first was at this block or past it; undefined before it was, and for what this node did not see. */
  reached(head: MarkedHead, number: bigint): Promise<HeadMark | undefined>
  latest(head: MarkedHead): Promise<HeadMark | undefined>
  close(): Promise<void>
}

/** Of each head: half a year of finalized ones. */
const MARKS_MAX = 40_000

export function createHeadMarks(deps: {
  /** With PROMISES_SCHEMA. */
  readonly store: Store
  readonly chain: Pick<ChainReader, 'heads' | 'onChange'>
  readonly logger: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
}): HeadMarks {
  const { store, chain, logger, now } = deps
  const seen: Partial<Record<MarkedHead, bigint>> = {}
  let last: Promise<void> = Promise.resolve()

  function note(heads: Heads): void {
    const at = Math.floor(now())
    for (const head of ['finalized', 'executable'] as const) {
      const { number } = heads[head]
      if (seen[head] === number) continue
      seen[head] = number
      last = last
        .then(() => store.write(() => writeMark(head, { number, at })))
        .catch((error: unknown) => logger.error({ error }, 'the time of a head cannot be written down'))
    }
  }
  note(chain.heads())
  const unsubscribe = chain.onChange(({ heads }) => note(heads))

  const read = async (where: string, parameters: readonly (string | bigint)[]) => {
    // What has happened is answered, whether or not it is written yet.
    await last
    const row = await store.get(`SELECT number, at FROM head_marks WHERE ${where} LIMIT 1`, parameters)
    return row && { number: BigInt(row.number as number), at: row.at as number }
  }

  return {
    reached: (head, number) => read('head = ? AND number >= ? ORDER BY number', [head, number]),
    latest: (head) => read('head = ? ORDER BY number DESC', [head]),
    async close() {
      unsubscribe()
      await last
    },
  }
}

/** A head that went back has not reached what it left. */
function writeMark(head: MarkedHead, mark: HeadMark): readonly Statement[] {
  return [
    ['DELETE FROM head_marks WHERE head = ? AND number > ?', [head, mark.number]],
    ['INSERT OR IGNORE INTO head_marks VALUES (?, ?, ?)', [head, mark.number, mark.at]],
    [
      `DELETE FROM head_marks WHERE head = ? AND number <
         (SELECT number FROM head_marks WHERE head = ? ORDER BY number DESC LIMIT 1 OFFSET ?)`,
      [head, head, MARKS_MAX],
    ],
  ]
}
