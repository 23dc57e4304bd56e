/** `eth_getLogs`, and the log query it shares with filters. */
import type { ChainReader, FoundLog, LogFilter } from '../../chain/chain.ts'
import { LogLimitError } from '../../chain/logs.ts'
import { invalidParams, limitExceeded, RpcError } from '../errors.ts'
import { logJson } from '../json.ts'
import { COST, type RpcLimits } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { type LogFilterParameter, logFilterParam } from '../params.ts'
import { resolveNumber } from '../resolve.ts'
import { logs } from '../schemas/receipt.ts'

export type LogDeps = { readonly chain: ChainReader; readonly limits: RpcLimits }

export function logMethods(deps: LogDeps): Methods {
  return {
    eth_getLogs: defineMethod({
      cost: COST.logs,
      summary: 'The logs of a range of blocks, or of one block, that match.',
      params: { filter: logFilterParam },
      result: logs,
      handle: async ({ filter }) => (await queryLogs(deps, filter)).map((log) => logJson(log)),
    }),
  }
}

/** Addresses and topics as the chain takes them: an empty list matches anything. */
export function logSelection(filter: LogFilterParameter): Pick<LogFilter, 'addresses' | 'topics'> {
  const topics = (filter.topics ?? []).map((topic) => (topic === null || topic.length === 0 ? null : topic))
  return { ...(filter.address == null ? {} : { addresses: filter.address }), topics }
}

export async function queryLogs(deps: LogDeps, filter: LogFilterParameter): Promise<readonly FoundLog[]> {
  const range = await resolveRange(deps, filter)
  try {
    return await deps.chain.logs({ ...range, ...logSelection(filter) }, deps.limits.logsMax)
  } catch (error) {
    if (error instanceof LogLimitError) throw limitExceeded(error.message)
    throw error
  }
}

async function resolveRange(
  { chain, limits }: LogDeps,
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
