/** History in ranges, several loaded at once and handed over in order: linked headers with proven logs. */
import type { Hash } from '../primitives/hex.ts'
import type { L1Log } from '../protocol/protocol.ts'
import { SourcesFailedError } from './failover.ts'
import { HttpSizeError } from './http.ts'
import type { L1Header } from './l1.ts'
import { type ProvenRange, proveRange, type RangeProofDeps } from './rangeProof.ts'
import type { L1Reader } from './reader.ts'
import { RpcError } from './rpcEndpoint.ts'

/** Blocks of one range: a handful of header batches and one eth_getLogs. */
export const RANGE_BLOCKS = 128n
const RANGES_AHEAD = 4

export type HistoryDeps = RangeProofDeps & { readonly reader: L1Reader }

/**
 * Ranges from `from` to `to`, both included; ends early when the servers do not have the blocks (any more).
 * Inside a range headers are linked; the caller checks that each range links to the one before.
 */
export async function* readHistory(
  deps: HistoryDeps,
  input: { readonly from: bigint; readonly to: bigint; readonly signal: AbortSignal },
): AsyncGenerator<ProvenRange> {
  const loading: Promise<ProvenRange | null>[] = []
  let next = input.from
  let newest: Promise<ProvenRange | null> = Promise.resolve(null)
  const fill = () => {
    while (loading.length < RANGES_AHEAD && next <= input.to) {
      const last = next + RANGE_BLOCKS - 1n
      newest = loadRange(deps, {
        from: next,
        to: last < input.to ? last : input.to,
        previous: newest,
        signal: input.signal,
      })
      // Delivered when its turn comes; until then nobody waits for it.
      newest.catch(() => {})
      loading.push(newest)
      next = last + 1n
    }
  }
  for (fill(); loading.length > 0; fill()) {
    const range = await loading.shift()
    if (!range) return
    yield range
  }
}

async function loadRange(
  deps: HistoryDeps,
  input: {
    readonly from: bigint
    readonly to: bigint
    readonly previous: Promise<ProvenRange | null>
    readonly signal: AbortSignal
  },
): Promise<ProvenRange | null> {
  const headers = await deps.reader.headersByNumber(input.from, input.to, input.signal)
  if (headers === null) return null
  return readLogs(deps, headers, input.previous, input.signal)
}

/** Halves the range when servers find it or its answer too large: their limits differ and are not announced. */
async function readLogs(
  deps: HistoryDeps,
  headers: readonly L1Header[],
  previous: Promise<ProvenRange | null>,
  signal: AbortSignal,
): Promise<ProvenRange | null> {
  const accept = async (given: ReadonlyMap<Hash, readonly L1Log[]>) => {
    const lastProposalHash = (await previous)?.lastProposalHash
    return proveRange(deps, { headers, given, lastProposalHash, signal })
  }
  try {
    return await deps.reader.logsOfRange(headers, accept, signal)
  } catch (error) {
    if (headers.length === 1 || !isRefusal(error)) throw error
  }
  const middle = headers.length >> 1
  const lower = await readLogs(deps, headers.slice(0, middle), previous, signal)
  if (lower === null) return null
  const upper = await readLogs(deps, headers.slice(middle), Promise.resolve(lower), signal)
  return upper && { ...upper, headers, logs: new Map([...lower.logs, ...upper.logs]) }
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof SourcesFailedError &&
    error.failures.some(({ error: each }) => each instanceof RpcError || each instanceof HttpSizeError)
  )
}
