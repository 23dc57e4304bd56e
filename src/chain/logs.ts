/** Searching logs: block blooms decide which bodies are read. */
import { defined } from '../primitives/assert.ts'
import { toSafeNumber } from '../primitives/bigint.ts'
import { type Hash, hexToBytes } from '../primitives/hex.ts'
import { bloomMayContain, type Log } from '../primitives/receipt.ts'
import type { StoreReader } from '../store/store.ts'
import type { FoundLog, LogFilter, StoredBlock } from './chain.ts'

/** Blooms read at once: 1,024 × 256 bytes. */
const BLOOMS_PER_READ = 1024

/** More logs match than the caller wants to hold. */
export class LogLimitError extends Error {
  override readonly name = 'LogLimitError'

  constructor(limit: number) {
    super(`query returns more than ${limit} logs; narrow the block range`)
  }
}

export async function findLogs(
  store: StoreReader,
  blockByNumber: (number: bigint) => Promise<StoredBlock | undefined>,
  filter: LogFilter,
  limit: number,
): Promise<readonly FoundLog[]> {
  const found: FoundLog[] = []
  const to = toSafeNumber(filter.toBlock)
  for (let from = toSafeNumber(filter.fromBlock); from <= to; from += BLOOMS_PER_READ) {
    const rows = await store.all('SELECT number, bloom FROM blocks WHERE number BETWEEN ? AND ?', [
      from,
      Math.min(to, from + BLOOMS_PER_READ - 1),
    ])
    for (const row of rows) {
      if (!bloomMayMatch(row.bloom as Uint8Array, filter)) continue
      const block = defined(await blockByNumber(BigInt(row.number as number)), 'a block with a bloom')
      found.push(...logsOf(block).filter((log) => matches(log, filter)))
      if (found.length > limit) throw new LogLimitError(limit)
    }
  }
  return found
}

/** Every log of a block with its place, in order. */
export function logsOf(block: StoredBlock): readonly FoundLog[] {
  let logIndex = 0
  return block.transactions.flatMap((transaction, transactionIndex) =>
    transaction.receipt.logs.map((log) => ({
      blockNumber: block.header.number,
      blockHash: block.hash,
      blockTimestamp: block.header.timestamp,
      transactionHash: transaction.hash,
      transactionIndex,
      logIndex: logIndex++,
      ...log,
    })),
  )
}

export function matches(log: Log, filter: Pick<LogFilter, 'addresses' | 'topics'>): boolean {
  if (filter.addresses && filter.addresses.length > 0 && !filter.addresses.includes(log.address)) return false
  const topics = filter.topics ?? []
  if (topics.length > log.topics.length) return false
  return topics.every((wanted, position) => !wanted || wanted.includes(log.topics[position] as Hash))
}

function bloomMayMatch(bloom: Uint8Array, filter: LogFilter): boolean {
  const mayHaveAny = (items: readonly Hash[]) =>
    items.some((item) => bloomMayContain(bloom, hexToBytes(item)))
  if (filter.addresses && filter.addresses.length > 0 && !mayHaveAny(filter.addresses)) return false
  return (filter.topics ?? []).every((wanted) => !wanted || mayHaveAny(wanted))
}
