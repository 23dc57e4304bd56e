/** The conversations recorded by https://github.com/ethereum/execution-apis, replayed over HTTP against the chain they were recorded on. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RpcServer } from '../../../src/rpc/server.ts'
import {
  createTestPool,
  EXECUTION_APIS,
  executeEthereumChain,
  hasExecutionApis,
} from '../../support/rpcEthereumChain.ts'
import { createTestChain, post, startTestRpc, type TestChain } from '../../support/rpcServer.ts'

/** Why a conversation is not held. Everything else must come out as recorded. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'eth_blobBaseFee/get-current-blobfee.io': 'this stack has no blob transactions',
  'eth_getTransactionReceipt/get-blob-tx.io': 'this stack has no blob transactions',
  'eth_sendRawTransaction/send-blob-tx.io': 'this stack has no blob transactions',
  'eth_getBlockReceipts/get-block-receipts-by-hash.io': 'receipts before Byzantium carry a state root',
  'eth_getBlockReceipts/get-block-receipts-n.io': 'receipts before Byzantium carry a state root',
  'eth_getTransactionReceipt/get-legacy-contract.io': 'receipts before Byzantium carry a state root',
}
const NOT_SERVED =
  /^(debug_|testing_|txpool_content|eth_(simulateV1|config|createAccessList|getStorageValues))/

let chain: TestChain
let server: RpcServer

beforeAll(async () => {
  if (!hasExecutionApis) return
  const ethereum = await executeEthereumChain()
  chain = await createTestChain(ethereum.blocks[0]!)
  await chain.commit({ blocks: ethereum.blocks.slice(1) })
  server = await startTestRpc({ ...ethereum, chain: chain.chain, pool: createTestPool(ethereum) })
})

afterAll(async () => {
  await server?.close()
  await chain?.close()
})

const conversations = hasExecutionApis
  ? readdirSync(EXECUTION_APIS)
      .filter((method) => statSync(join(EXECUTION_APIS, method)).isDirectory() && !NOT_SERVED.test(method))
      .flatMap((method) =>
        readdirSync(join(EXECUTION_APIS, method))
          .filter((file) => file.endsWith('.io'))
          .map((file) => `${method}/${file}`),
      )
  : []

describe.skipIf(!hasExecutionApis)('execution-apis', () => {
  test.each(conversations.filter((name) => !(name in LEFT_OUT)))('%s', async (name) => {
    const lines = readFileSync(join(EXECUTION_APIS, name), 'utf8').split('\n')
    const isSpecOnly = lines.some((line) => line.startsWith('// speconly:'))
    const requests = lines.filter((line) => line.startsWith('>> ')).map((line) => line.slice(3))
    const responses = lines.filter((line) => line.startsWith('<< ')).map((line) => JSON.parse(line.slice(3)))
    expect(requests.length).toBe(responses.length)
    for (const [index, request] of requests.entries()) {
      const answer = await (await post(server.url, request)).json()
      if (isSpecOnly) expect(shapeOf(answer)).toEqual(shapeOf(responses[index]))
      else expect(withoutMessages(answer)).toEqual(withoutMessages(responses[index]))
    }
  })
})

/** Error texts are each client's own, as in hive's comparison. */
function withoutMessages(answer: unknown): unknown {
  const response = answer as { error?: { message?: string } }
  if (response.error === undefined) return response
  const { message: _, ...error } = response.error
  return { ...response, error }
}

/** Field names and kinds of values, for conversations whose values are the recording client's own. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)]))
  return typeof value
}
