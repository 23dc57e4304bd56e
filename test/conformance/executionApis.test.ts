/**
 * The conversations recorded by https://github.com/ethereum/execution-apis, held with our own node on the chain they were recorded on: imported
 * block by block, with the hashes of its blocks as the oracle.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EthereumNode } from '../../src/cli/ethereum/startEthereumNode.ts'
import { listConversations, readConversation } from '../support/rpcCompat/conversation.ts'
import { failureOf } from '../support/rpcCompat/run.ts'
import { EXECUTION_APIS, startSuiteNode } from '../support/rpcCompat/server.ts'
import { hasExecutionApis } from '../support/rpcEthereumChain.ts'

/** Why a conversation does not come out as recorded. Everything else must. */
const EXCEPTIONS: Readonly<Record<string, string>> = {}

const paths = hasExecutionApis ? listConversations(EXECUTION_APIS) : []
/** Nothing here is about time: a busy machine may take longer than hive allows. */
const TIMEOUT_MS = 60_000

let node: EthereumNode

beforeAll(async () => {
  if (hasExecutionApis) node = await startSuiteNode(EXECUTION_APIS)
})

afterAll(() => node?.close())

/** Asked after the conversations, which leave transactions of every type in the pool. */
const UNRECORDED: readonly (readonly [method: string, params: readonly unknown[]])[] = [
  ['eth_capabilities', []],
  ['eth_gasPrice', []],
  ['eth_maxPriorityFeePerGas', []],
  ['eth_syncing', []],
  ['txpool_content', []],
  ['txpool_contentFrom', ['0x7435ed30a8b4aeb0877cef0c6e8cffe834eb865f']],
  ['debug_traceTransaction', ['0xc1d605c6612a5fe84dc95810030bfe5b1d327652b381bc695e28f50d13b2b09e']],
  [
    'debug_traceTransaction',
    [
      '0x4bb6fa064c302d27ea9ac821e061bcc336b8fa40de77f01e116c6461d47e7ac1',
      { enableMemory: true, enableReturnData: true },
    ],
  ],
]

describe.skipIf(!hasExecutionApis)('execution-apis', () => {
  test('the folder holds about two thirds of 233 conversations', () => {
    expect(paths.length).toBe(162)
    expect(Object.keys(EXCEPTIONS).filter((path) => !paths.includes(path))).toEqual([])
  })

  test.each(paths.filter((path) => !(path in EXCEPTIONS)))('%s', { timeout: TIMEOUT_MS }, async (path) => {
    const conversation = readConversation(EXECUTION_APIS, path)
    expect(await failureOf(node.rpc.url, conversation, TIMEOUT_MS)).toBeUndefined()
  })

  test('the pool holds a blob transaction by now', () => {
    const types = [...node.deps.pool.content().values()].flatMap(({ pending, queued }) =>
      [...pending, ...queued].map(({ raw }) => raw[0]),
    )
    expect(types).toContain(3)
  })

  test.each(UNRECORDED)('%s answers %j as the specification has it', async (method, params) => {
    const exchange = {
      request: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      response: { jsonrpc: '2.0', id: 1, result: null },
    }
    const conversation = { isSpecOnly: true, exchanges: [exchange] }
    expect(await failureOf(node.rpc.url, conversation, TIMEOUT_MS)).toBeUndefined()
  })
})
