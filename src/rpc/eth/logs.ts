/** `eth_getLogs`, and the log query it shares with filters. */
import type { LogFilter } from '../../chain/chain.ts'
import { type LogSearchResult, searchLogs } from '../caller/logsJob.ts'
import { withinTime } from '../caller/withinTime.ts'
import type { RpcDeps } from '../deps.ts'
import { invalidParams, limitExceeded, RpcError } from '../errors.ts'
import { JsonText } from '../jsonText.ts'
import { COST, type RpcLimits } from '../limits.ts'
import { type CallContext, defineMethod, type Methods } from '../method.ts'
import { type LogFilterParameter, logFilterParam } from '../params.ts'
import { readCurrent, resolveNumber } from '../resolve.ts'
import { logs } from '../schemas/receipt.ts'

export type LogDeps = Pick<RpcDeps, 'chain' | 'caller'> & { readonly limits: RpcLimits }

/** A wallet or an indexer at the head asks for less; so many take some tens of milliseconds. */
const BLOCKS_AT_ONCE = 100n

export function logMethods(deps: LogDeps): Methods {
  return {
    eth_getLogs: defineMethod({
      cost: COST.logs,
      summary: 'The logs of a range of blocks, or of one block, that match.',
      params: { filter: logFilterParam },
      result: logs,
      handle: ({ filter }, context) => queryLogs(deps, filter, context),
    }),
  }
}

/** Addresses and topics as the chain takes them: an empty list matches anything. */
export function logSelection(filter: LogFilterParameter): Pick<LogFilter, 'addresses' | 'topics'> {
  const topics = (filter.topics ?? []).map((topic) => (topic === null || topic.length === 0 ? null : topic))
  return { ...(filter.address == null ? {} : { addresses: filter.address }), topics }
}

/** JSON of the logs that match. Few blocks are read at once; many in a call process, under the same clock as a call. */
export async function queryLogs(
  deps: LogDeps,
  filter: LogFilterParameter,
  { client }: CallContext,
): Promise<unknown> {
  const { chain, limits } = deps
  const range = await resolveRange(deps, filter)
  const search = {
    filter: { ...range, ...logSelection(filter) },
    logsMax: limits.logsMax,
    bytesMax: limits.responseBytesMax,
  }
  if (range.toBlock - range.fromBlock < BLOCKS_AT_ONCE) return toAnswer(await searchLogs(chain, search))
  const runJob = withinTime(deps.caller, limits.callTimeoutMs, client?.address)
  return readCurrent(chain, { type: 'number', number: range.toBlock }, async ({ header, hash }) =>
    toAnswer(await runJob('logs', search, { number: header.number, hash })),
  )
}

function toAnswer(result: LogSearchResult): JsonText {
  if (result.type === 'tooMany') throw limitExceeded(result.reason)
  return new JsonText(result.json)
}

async function resolveRange(
  { chain, limits }: Pick<LogDeps, 'chain' | 'limits'>,
  filter: LogFilterParameter,
): Promise<{ fromBlock: bigint; toBlock: bigint }> {
  if (filter.blockHash != null) {
    const number = await chain.blockNumberOf(filter.blockHash)
    if (number === undefined) throw new RpcError({ code: 'invalidInput', message: 'unknown block' })
    return { fromBlock: number, toBlock: number }
  }
  const latest = { type: 'tag', tag: 'latest' } as const
  const fromBlock = await resolveNumber(chain, filter.fromBlock ?? latest)
  const toBlock = await resolveNumber(chain, filter.toBlock ?? latest)
  if (fromBlock === undefined || toBlock === undefined)
    throw invalidParams('parameter 0 (filter): the block range extends beyond the current head block')
  if (fromBlock > toBlock) throw invalidParams('parameter 0 (filter): fromBlock is after toBlock')
  if (toBlock - fromBlock >= limits.logBlocksMax)
    throw limitExceeded(`a range of at most ${limits.logBlocksMax} blocks wanted`)
  return { fromBlock, toBlock }
}
