/** A search for logs over many blocks, whose bodies are decoded and written as JSON where nothing waits for it. */
import type { ChainReader, LogFilter } from '../../chain/chain.ts'
import { LogLimitError } from '../../chain/logs.ts'
import { logJson } from '../logJson.ts'

export type LogSearch = {
  readonly filter: LogFilter
  readonly logsMax: number
  /** Of the JSON. */
  readonly bytesMax: number
}
export type LogSearchResult =
  | { readonly type: 'found'; readonly json: string }
  | { readonly type: 'tooMany'; readonly reason: string }

export async function searchLogs(
  chain: Pick<ChainReader, 'logs'>,
  { filter, logsMax, bytesMax }: LogSearch,
): Promise<LogSearchResult> {
  try {
    const parts: string[] = []
    let bytes = 2
    for (const log of await chain.logs(filter, logsMax)) {
      const json = JSON.stringify(logJson(log))
      bytes += json.length + 1
      if (bytes > bytesMax)
        return { type: 'tooMany', reason: 'the response is too large; narrow the block range' }
      parts.push(json)
    }
    return { type: 'found', json: `[${parts.join(',')}]` }
  } catch (error) {
    if (!(error instanceof LogLimitError)) throw error
    return { type: 'tooMany', reason: error.message }
  }
}
