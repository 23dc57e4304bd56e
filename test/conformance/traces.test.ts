/**
 * Traces that others made, to the letter: the conversations of execution-apis about `debug_trace…`, which hive compares by shape alone, and
 * the vectors of go-ethereum's own tests of its tracers.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EthereumNode } from '../../src/cli/ethereum/startEthereumNode.ts'
import { loadKzg } from '../../src/engine/kzg.ts'
import { hasSharedFixture, sharedFixture } from '../support/fixtures.ts'
import { type GethTraceVector, traceVector } from '../support/gethTraces.ts'
import { listConversations, readConversation } from '../support/rpcCompat/conversation.ts'
import { failureOf } from '../support/rpcCompat/run.ts'
import { EXECUTION_APIS, startSuiteNode } from '../support/rpcCompat/server.ts'
import { hasCallProcess } from '../support/rpcDerived.ts'
import { hasExecutionApis } from '../support/rpcEthereumChain.ts'

const TIMEOUT_MS = 60_000
const isTraced = hasExecutionApis && hasCallProcess
const recorded = isTraced
  ? listConversations(EXECUTION_APIS).filter((path) => path.startsWith('debug_trace'))
  : []

describe.skipIf(!isTraced)('execution-apis (needs compiled call processes)', () => {
  let node: EthereumNode
  beforeAll(async () => {
    node = await startSuiteNode(EXECUTION_APIS)
  })
  afterAll(() => node?.close())

  test.each(recorded)('%s', { timeout: TIMEOUT_MS }, async (path) => {
    const conversation = { ...readConversation(EXECUTION_APIS, path), isSpecOnly: false }
    expect(await failureOf(node.rpc.url, conversation, TIMEOUT_MS)).toBeUndefined()
  })
})

/** eth/tracers/internal/tracetest/testdata of https://github.com/ethereum/go-ethereum. */
const VECTORS = 'geth-tracers'
const FOLDERS = ['call_tracer', 'call_tracer_withLog', 'prestate_tracer', 'prestate_tracer_with_diff_mode']
const vectors = hasSharedFixture(VECTORS)
  ? FOLDERS.flatMap((folder) =>
      readdirSync(join(sharedFixture(VECTORS), folder))
        .filter((file) => file.endsWith('.json'))
        .map((file) => `${folder}/${file}`),
    )
  : []

describe.skipIf(vectors.length === 0)('go-ethereum (needs its vectors)', () => {
  beforeAll(async () => {
    await loadKzg()
  })

  test.each(vectors)('%s', async (path) => {
    const vector = JSON.parse(readFileSync(join(sharedFixture(VECTORS), path), 'utf8')) as GethTraceVector
    const tracer = path.startsWith('call') ? 'callTracer' : 'prestateTracer'
    const { actual, expected } = await traceVector(vector, tracer)
    expect(actual).toEqual(expected)
  })
})
