/** `eth_simulateV1` against the chain of https://github.com/ethereum/execution-apis: each of its blocks, simulated on its parent, does what it did. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EthereumNode } from '../../src/cli/ethereum/startEthereumNode.ts'
import { toQuantity } from '../../src/primitives/hex.ts'
import { EXECUTION_APIS, startSuiteNode } from '../support/rpcCompat/server.ts'
import { hasExecutionApis } from '../support/rpcEthereumChain.ts'
import { rpc } from '../support/rpcServer.ts'

type BlockJson = Readonly<Record<string, string>> & {
  readonly uncles: readonly string[]
  readonly withdrawals?: readonly object[]
  readonly transactions: readonly Readonly<Record<string, string>>[]
}

const BLOCKS = 54
/** More than one request may use. */
const GAS_MAX = 50_000_000n
const KEPT = ['accessList', 'blobVersionedHashes', 'maxFeePerBlobGas', 'authorizationList'] as const
/** Of the header, what does not hang on signatures. */
const SAME = [
  ...['number', 'parentHash', 'stateRoot', 'gasUsed', 'logsBloom', 'baseFeePerGas', 'withdrawalsRoot'],
  ...['requestsHash', 'blobGasUsed', 'excessBlobGas', 'parentBeaconBlockRoot', 'difficulty'],
]

describe.skipIf(!hasExecutionApis)('blocks simulated on their parents', () => {
  let node: EthereumNode
  beforeAll(async () => {
    node = await startSuiteNode(EXECUTION_APIS)
  })
  afterAll(() => node?.close())

  const ask = async (method: string, ...params: unknown[]) => {
    const { result, error } = await rpc(node.rpc.url, method, params)
    if (error !== undefined) throw new Error(`${error.code} ${error.message}`)
    return result
  }

  test('come out as they are, from Frontier to Osaka', async () => {
    let compared = 0
    for (let number = 1; number <= BLOCKS; number++) {
      const block = (await ask('eth_getBlockByNumber', toQuantity(number), true)) as BlockJson
      // A simulation has no uncles to reward.
      if (block.uncles.length > 0 || BigInt(block.gasUsed!) > GAS_MAX) continue
      const payload = { blockStateCalls: [simulationOf(block)], validation: true }
      const [simulated] = (await ask('eth_simulateV1', payload, toQuantity(number - 1))) as [BlockJson]
      const pick = (json: BlockJson) => Object.fromEntries(SAME.map((field) => [field, json[field]]))
      expect(pick(simulated)).toEqual(pick(block))
      // Legacy is the type of whatever names a gas price; only then the receipts are others.
      if (block.transactions.every(({ type }) => type !== '0x1'))
        expect(simulated.receiptsRoot).toBe(block.receiptsRoot)
      compared++
    }
    expect(compared).toBe(35)
  }, 120_000)
})

function simulationOf(block: BlockJson) {
  return {
    blockOverrides: {
      ...{ time: block.timestamp, gasLimit: block.gasLimit, feeRecipient: block.miner },
      ...{ prevRandao: block.mixHash, difficulty: block.difficulty },
      ...{ beaconRoot: block.parentBeaconBlockRoot, withdrawals: block.withdrawals },
    },
    calls: block.transactions.map((transaction) => {
      const { from, to, gas, value, input, nonce, gasPrice, maxFeePerGas, maxPriorityFeePerGas } = transaction
      const price = maxFeePerGas === undefined ? { gasPrice } : { maxFeePerGas, maxPriorityFeePerGas }
      const kept = Object.fromEntries(KEPT.map((field) => [field, transaction[field]]))
      return { from, to, gas, value, input, nonce, ...price, ...kept }
    }),
  }
}
