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

describe.skipIf(!hasExecutionApis)('execution-apis', () => {
  test('the folder holds about two thirds of 233 conversations', () => {
    expect(paths.length).toBe(162)
    expect(Object.keys(EXCEPTIONS).filter((path) => !paths.includes(path))).toEqual([])
  })

  test.each(paths.filter((path) => !(path in EXCEPTIONS)))('%s', { timeout: TIMEOUT_MS }, async (path) => {
    const conversation = readConversation(EXECUTION_APIS, path)
    expect(await failureOf(node.rpc.url, conversation, TIMEOUT_MS)).toBeUndefined()
  })
})
