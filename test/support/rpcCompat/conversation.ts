/** The recorded conversations of https://github.com/ethereum/execution-apis (tests/): comments, requests and responses, line by line. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

export type Exchange = { readonly request: string; readonly response: unknown }

export type Conversation = {
  /** Of another client, only the shape of an answer is known. */
  readonly isSpecOnly: boolean
  readonly exchanges: readonly Exchange[]
}

/** Files below `folder`, relative to it, in the order of their names. */
export function listConversations(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.io') || path.endsWith('.io.gz'))
    .sort()
}

export function readConversation(folder: string, path: string): Conversation {
  const bytes = readFileSync(join(folder, path))
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  const exchanges: Exchange[] = []
  let request: string | undefined
  let isSpecOnly = false
  for (const line of text.split('\n')) {
    if (line.startsWith('//')) isSpecOnly ||= line.startsWith('// speconly:')
    else if (line.startsWith('>> ')) {
      if (request !== undefined) throw new Error(`${path}: a request without a response`)
      request = line.slice(3)
    } else if (line.startsWith('<< ')) {
      if (request === undefined) throw new Error(`${path}: a response without a request`)
      exchanges.push({ request, response: JSON.parse(line.slice(3)) })
      request = undefined
    } else if (line.trim() !== '') throw new Error(`${path}: a line of no known kind`)
  }
  if (request !== undefined || exchanges.length === 0) throw new Error(`${path}: incomplete`)
  return { isSpecOnly, exchanges }
}
