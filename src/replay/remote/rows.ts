/** What a replay of a range says of each proposal, and the file it says it in: what is there is not replayed again. */
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs'
import { z } from 'zod'
import { CriticalError } from '../../primitives/errors.ts'
import type { ReplayedInRange } from './replayRange.ts'

const row = z.looseObject({
  chainId: z.string(),
  proposal: z.int().nonnegative(),
  firstBlock: z.int(),
  lastBlock: z.int(),
  match: z.boolean(),
  trust: z.enum(['proven', 'nodes']),
})
/** The fields are a contract with whoever reads them; numbers are JSON numbers, hashes hex. */
export type ReplayRow = z.infer<typeof row>

/** The same for the same chain, whenever and however fast it is replayed. */
export function rowOf(chainId: bigint, { proposal, replayed }: ReplayedInRange): ReplayRow {
  const { blocks, trust, faults, difference } = replayed
  const sum = (count: (block: (typeof blocks)[number]) => number) =>
    blocks.reduce((total, block) => total + count(block), 0)
  return {
    chainId: String(chainId),
    proposal: Number(proposal.id),
    l1Block: Number(proposal.l1.blockNumber),
    firstBlock: Number(blocks[0]?.number ?? 0n),
    lastBlock: Number(blocks.at(-1)?.number ?? 0n),
    hash: blocks.at(-1)?.hash,
    expected: blocks.at(-1)?.expected,
    match: difference === undefined,
    trust: trust.type,
    trusted:
      trust.type === 'proven'
        ? { l1Block: Number(trust.l1Block), transaction: trust.transactionHash }
        : trust.nodes,
    state: replayed.state,
    txs: sum(({ txs }) => txs),
    dropped: sum(({ dropped }) => dropped),
    gasUsed: sum(({ gasUsed }) => Number(gasUsed)),
    faults: faults.map(({ sourceIndex, fault }) => ({ source: sourceIndex, ...fault })),
    ...(difference && { difference: { ...difference, block: Number(difference.block) } }),
  }
}

export type RowFile = {
  readonly rows: readonly ReplayRow[]
  append(row: ReplayRow): void
}

/**
 * A line that was cut off when its writer was killed goes, and so does the difference that an earlier run ended with, which is looked at
 * again. Throws a CriticalError for a file of something else.
 */
export function openRows(path: string, chainId: bigint): RowFile {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const rows: ReplayRow[] = []
  let kept = 0
  for (const line of text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)) {
    const read = parseRow(line, path)
    if (read.chainId !== String(chainId))
      throw new CriticalError(
        `${path} is of chain ${read.chainId}, not of ${chainId}; name another file with --out`,
      )
    if (!read.match) break
    rows.push(read)
    kept += Buffer.byteLength(line) + 1
  }
  if (kept < Buffer.byteLength(text)) truncateSync(path, kept)
  return { rows, append: (each) => appendFileSync(path, `${JSON.stringify(each)}\n`) }
}

function parseRow(line: string, path: string): ReplayRow {
  try {
    return row.parse(JSON.parse(line))
  } catch (cause) {
    throw new CriticalError(`${path} holds a line that no replay wrote; name another file with --out`, {
      cause,
    })
  }
}
