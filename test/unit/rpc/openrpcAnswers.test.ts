/** Code and document agree: what others recorded, and what nodes of ours answer, is what the OpenRPC document says, method by method. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rollupRules } from '../../../src/engine/rules/evmRules.ts'
import type { EvidenceRecord } from '../../../src/preconf/evidence/evidence.ts'
import { bytesToHex, type Hex, toQuantity, ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import type { SignedCommitment } from '../../../src/promise/commitment.ts'
import { createPoolState, readPoolHead } from '../../../src/propose/pool/followChain.ts'
import { createTxPool } from '../../../src/propose/txPool.ts'
import { createProcessCaller } from '../../../src/rpc/caller/processCaller.ts'
import type { Caller } from '../../../src/rpc/deps.ts'
import { createNextBaseFee } from '../../../src/rpc/nextBaseFee.ts'
import { type StreamRpcDeps, streamMethods } from '../../../src/rpc/preconf/stream.ts'
import type { RpcServer } from '../../../src/rpc/server.ts'
import { createDashboardWorld, type DashboardWorld } from '../../support/dashboard.ts'
import { L2_CHAIN_ID } from '../../support/derive/harness.ts'
import { payloadAfter } from '../../support/derive/payload.ts'
import { answeredMethods, checkAnswer, checkedMethods, openRpc, refuseParams } from '../../support/openrpc.ts'
import { listConversations, readConversation } from '../../support/rpcCompat/conversation.ts'
import { hasCallProcess, SENDER, sign } from '../../support/rpcDerived.ts'
import { createHistoryWorld, EMITTER, type HistoryWorld } from '../../support/rpcHistory.ts'
import { type RpcCall, rpc, startTestRpc } from '../../support/rpcServer.ts'

const EXECUTION_APIS = join(import.meta.dirname, '../../../../shared/fixtures/execution-apis')

/** Validated where there is what they need; each test there goes through `checkAnswer`, by the helper `rpc` or by itself. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  based_getPreconfBlocks: 'support/preconfStream.ts',
  based_getPreconfirmation: 'unit/rpc/preconfStatus.test.ts',
  based_submitInclusionList: 'unit/rpc/lists.test.ts',
  commitmentRequest: 'unit/rpc/preconfCommitments.test.ts',
  commitmentResult: 'unit/rpc/preconfCommitments.test.ts',
  slots: 'unit/rpc/preconfCommitments.test.ts',
  fee: 'unit/rpc/preconfCommitments.test.ts',
}
/** On a rollup they only ever answer null or an error, and subscriptions need a connection. */
const SILENT = [
  ...['eth_getUncleByBlockHashAndIndex', 'eth_getUncleByBlockNumberAndIndex', 'eth_blobBaseFee'],
  ...['eth_subscribe', 'eth_unsubscribe'],
]

describe.skipIf(!existsSync(EXECUTION_APIS))('recorded by execution-apis', () => {
  const names = new Set(openRpc.methods.map(({ name }) => name))
  const exchanges = existsSync(EXECUTION_APIS)
    ? listConversations(EXECUTION_APIS).flatMap((path) =>
        readConversation(EXECUTION_APIS, path).exchanges.map(({ request, response }) => {
          const { method, params } = JSON.parse(request) as { method: string; params?: unknown[] }
          const answer = response as { result?: unknown; error?: { code: number } }
          return { path, method, params: params ?? [], answer }
        }),
      )
    : []

  test('every result that was recorded is one that the document allows', () => {
    const results = exchanges.filter(({ method, answer }) => names.has(method) && 'result' in answer)
    expect(results.length).toBeGreaterThan(100)
    const problems = results.flatMap(({ path, method, answer }) => {
      try {
        checkAnswer(method, answer.result)
        return []
      } catch (error) {
        return [`${path}: ${(error as Error).message.slice(0, 400)}`]
      }
    })
    expect(problems).toEqual([])
  })

  test('every request that was answered is one that the document takes', () => {
    const answered = exchanges.filter(({ method, answer }) => names.has(method) && 'result' in answer)
    const refused = answered.flatMap(({ path, method, params }) => {
      const problem = refuseParams(method, params)
      return problem === undefined ? [] : [`${path}: ${problem.slice(0, 300)}`]
    })
    expect(refused).toEqual([])
  })
})

describe.skipIf(!hasCallProcess)('answered by a node', () => {
  let history: HistoryWorld
  let dashboard: DashboardWorld
  let caller: Caller
  let node: RpcServer
  let promising: RpcServer

  beforeAll(async () => {
    history = await createHistoryWorld({ seed: 'openrpc', landed: 10, unsafe: 4 })
    const { spec } = history.node
    caller = createProcessCaller({
      ...{ execution: { type: 'rollup', spec }, database: history.database, processes: 1 },
    })
    node = await startNode()
    dashboard = await createDashboardWorld('openrpc')
    promising = await startTestRpc({ ...dashboard.rpc, preconf: dashboard.preconfRpc })
  }, 240_000)
  afterAll(async () => {
    await node?.close()
    await promising?.close()
    await caller?.close()
    await history?.close()
    await dashboard?.close()
  })

  /** With a pool as of now. */
  async function startNode(): Promise<RpcServer> {
    const { spec, chain, state } = history.node
    const pool = createTxPool(
      { state: createPoolState(() => state.source()) },
      {
        rules: { chainId: L2_CHAIN_ID, evm: rollupRules('unzen'), minTip: 0n },
        head: await readPoolHead(chain, spec, 15_000_000n),
      },
    )
    return startTestRpc({
      ...{ spec, chain, state, chainId: L2_CHAIN_ID, caller, pool },
      nextBaseFee: createNextBaseFee(spec),
    })
  }

  const ask = async (url: string, [method, ...params]: RpcCall) => {
    expect(refuseParams(method, params), method).toBeUndefined()
    const { result, error } = await rpc(url, method, params)
    expect(error, `${method} ${JSON.stringify(params).slice(0, 200)}`).toBeUndefined()
    return result
  }

  test('every method answers, and as the document says', async () => {
    const block = history.truth.find(({ transactions }) =>
      transactions.some((each) => each.topic !== undefined),
    )!
    const transaction = block.transactions.find((each) => each.topic !== undefined)!
    const at = toQuantity(block.number)
    const call = { from: SENDER.address, to: EMITTER }
    const nonce = history.truth.at(-1)!.nonce
    const raw = async (n: number): Promise<Hex> =>
      bytesToHex(await sign({ chainId: L2_CHAIN_ID, nonce: n, to: EMITTER, gas: 100_000n }))
    const tracer = { tracer: 'callTracer' }
    const logs = { fromBlock: '0x0', toBlock: 'latest', address: EMITTER }
    const filter = (await ask(node.url, ['eth_newFilter', logs])) as string
    const calls: readonly RpcCall[] = [
      ['eth_chainId'],
      ['eth_accounts'],
      ['eth_syncing'],
      ['eth_blockNumber'],
      ['eth_capabilities'],
      ['eth_config'],
      ['eth_coinbase'],
      ['net_version'],
      ['net_listening'],
      ['net_peerCount'],
      ['web3_clientVersion'],
      ['web3_sha3', '0x00'],
      ['rpc_modules'],
      ['rpc_discover'],
      ['eth_getBlockByNumber', at, true],
      ['eth_getBlockByNumber', 'latest', false],
      ['eth_getBlockByHash', block.hash, true],
      ['eth_getHeaderByNumber', at],
      ['eth_getHeaderByHash', block.hash],
      ['eth_getBlockTransactionCountByNumber', at],
      ['eth_getBlockTransactionCountByHash', block.hash],
      ['eth_getUncleCountByBlockNumber', at],
      ['eth_getUncleCountByBlockHash', block.hash],
      ['eth_getUncleByBlockNumberAndIndex', at, '0x0'],
      ['eth_getUncleByBlockHashAndIndex', block.hash, '0x0'],
      ['eth_getBlockReceipts', at],
      ['eth_getTransactionByHash', transaction.hash],
      ['eth_getTransactionByBlockHashAndIndex', block.hash, '0x1'],
      ['eth_getTransactionByBlockNumberAndIndex', at, '0x1'],
      ['eth_getTransactionBySenderAndNonce', SENDER.address, toQuantity(transaction.nonce)],
      ['eth_getTransactionReceipt', transaction.hash],
      ['eth_getRawTransactionByHash', transaction.hash],
      ['eth_getRawTransactionByBlockHashAndIndex', block.hash, '0x1'],
      ['eth_getRawTransactionByBlockNumberAndIndex', at, '0x1'],
      ['eth_getBalance', SENDER.address, at],
      ['eth_getTransactionCount', SENDER.address, at],
      ['eth_getCode', EMITTER, at],
      ['eth_getStorageAt', EMITTER, '0x0', at],
      ['eth_getStorageValues', { [EMITTER]: ['0x0'] }, at],
      ['eth_getProof', EMITTER, ['0x0'], at],
      ['eth_call', call, at],
      ['eth_estimateGas', call],
      ['eth_createAccessList', call],
      ['eth_fillTransaction', { ...call, value: '0x1' }],
      ['eth_fillTransaction', { from: SENDER.address, to: EMITTER }],
      ['eth_simulateV1', { blockStateCalls: [{ calls: [call] }], returnFullTransactions: true }, 'latest'],
      ['eth_gasPrice'],
      ['eth_maxPriorityFeePerGas'],
      ['eth_baseFee'],
      ['eth_feeHistory', '0x4', 'latest', [10, 90]],
      ['eth_getLogs', logs],
      ['eth_newBlockFilter'],
      ['eth_newPendingTransactionFilter'],
      ['eth_getFilterChanges', filter],
      ['eth_getFilterLogs', filter],
      ['eth_uninstallFilter', filter],
      ['eth_sendRawTransaction', await raw(nonce)],
      ['eth_sendRawTransaction', await raw(nonce + 2)],
      ['txpool_status'],
      ['txpool_content'],
      ['txpool_contentFrom', SENDER.address],
      ['txpool_inspect'],
      ['debug_getRawBlock', at],
      ['debug_getRawHeader', at],
      ['debug_getRawReceipts', at],
      ['debug_getRawTransaction', transaction.hash],
      ['debug_getBadBlocks'],
      ['debug_traceTransaction', transaction.hash, tracer],
      ['debug_traceTransaction', transaction.hash],
      ['debug_traceBlockByNumber', at, { tracer: 'prestateTracer' }],
      ['debug_traceBlockByHash', block.hash, { tracer: '4byteTracer' }],
      ['debug_traceCall', call, at, tracer],
      ['debug_executionWitness', at],
      ['based_syncStatus'],
      ['based_rollupConfig'],
      ['based_getProposal', 1],
      ['based_getTransactionProvenance', transaction.hash],
      ['based_explainSource', 1, 0],
      ['based_orderingProvider', at],
      ['based_orderingProvider', 'latest'],
      ['based_getTransactionStatus', transaction.hash],
      ['optimism_syncStatus'],
      ['taiko_headL1Origin'],
      ['taiko_l1OriginByID', at],
      ['taiko_l1OriginByID', toQuantity(history.truth.length - 1)],
    ]
    const names = new Set(openRpc.methods.map(({ name }) => name))
    for (const each of calls) if (names.has(each[0])) await ask(node.url, each)

    const slot = Number(dashboard.sim.head().beacon.slot)
    const promises: readonly RpcCall[] = [
      ['based_sequencerForSlot'],
      ['based_lookahead'],
      ['based_forcedInclusions'],
      ['based_preconfScorecard'],
      ['based_preconfStatus'],
      ['based_getInclusionList', slot + 2],
      ['based_getInclusionList', slot - 60],
    ]
    for (const each of promises) await ask(promising.url, each)
  })

  test('who waits for a receipt gets it once L1 has brought the block', async () => {
    const { sim, node: deriving, truth } = history
    const { nonce } = truth[10]!
    await deriving.dropUnsafe()
    const taking = await startNode()
    const raw = await sign({ chainId: L2_CHAIN_ID, nonce, to: EMITTER, gas: 90_000n })
    const waiting = ask(taking.url, ['eth_sendRawTransactionSync', bytesToHex(raw)])
    sim.mine()
    sim.propose({ payload: payloadAfter(sim, { transactions: [raw] }) })
    await deriving.sync()
    expect(await waiting).toMatchObject({ transactionHash: keccak256Hex(raw), blockNumber: '0xb' })
    await taking.close()
  })

  test('evidence is shown with both promises, and what L1 gave the place to', async () => {
    const signed: SignedCommitment = {
      commitment: { commitmentType: 2n, payload: '0x01', requestHash: ZERO_HASH, slasher: ZERO_ADDRESS },
      ...{ nonce: 0n, signingId: ZERO_HASH, signature: `0x${'5c'.repeat(65)}` },
    }
    const about = { id: ZERO_HASH, foundAt: 1, committer: ZERO_ADDRESS, windowEnd: 2n, first: signed }
    const place = { blockNumber: 3n, parentBlockHash: ZERO_HASH }
    const landed = {
      ...{ blockHash: ZERO_HASH, parentHash: ZERO_HASH, proposalId: 1n, proposer: ZERO_ADDRESS },
      ...{ l1BlockNumber: 4n, l1TransactionHash: ZERO_HASH },
    }
    const records: readonly EvidenceRecord[] = [
      { kind: 'listEquivocation', ...about, second: signed },
      { kind: 'blockEquivocation', ...about, ...place, registrationRoot: ZERO_HASH, second: signed },
      { kind: 'listViolation', ...about, blockNumber: 3n, transaction: ZERO_HASH },
      {
        kind: 'displaced',
        ...about,
        ...place,
        promisedBlockHash: ZERO_HASH,
        landed,
        judgement: 'otherParent',
      },
    ]
    const { based_getPreconfEvidence } = checkedMethods(
      streamMethods({ evidence: { list: async () => records } } as unknown as StreamRpcDeps),
    )
    const signal = new AbortController().signal
    expect(await based_getPreconfEvidence!.call([], { signal })).toHaveLength(4)
  })

  test('what is not seen here is seen elsewhere', () => {
    const unseen = openRpc.methods.map(({ name }) => name).filter((name) => !answeredMethods().has(name))
    const known = [...Object.keys(ELSEWHERE), ...SILENT]
    expect(unseen.filter((name) => !known.includes(name))).toEqual([])
    for (const [name, file] of Object.entries(ELSEWHERE)) {
      const text = readFileSync(join(import.meta.dirname, '../..', file), 'utf8')
      expect(text, `${name} in ${file}`).toMatch(/checkAnswer|checkedMethods/)
    }
  })
})
