/** `eth_sendRawTransactionSync` (EIP-7966): the receipt once there is one, or an error that names the transaction. */
import { privateKeyToAccount } from 'viem/accounts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StoredTransaction } from '../../../src/chain/chain.ts'
import { type Hash, hexToBytes, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import type { TxPool } from '../../../src/rpc/pool.ts'
import type { RpcServer } from '../../../src/rpc/server.ts'
import { emptyBlock, emptyState, noCaller } from '../../support/rpcFakes.ts'
import { createTestChain, rpc, startTestRpc, type TestChain } from '../../support/rpcServer.ts'

const account = privateKeyToAccount(`0x${'11'.repeat(32)}`)
const raw = await account.signTransaction({
  ...{ chainId: 1, type: 'eip1559', nonce: 0, gas: 21_000n, to: account.address },
  ...{ maxFeePerGas: 9n, maxPriorityFeePerGas: 2n },
})
const hash = keccak256Hex(hexToBytes(raw))
const transaction: StoredTransaction = {
  raw: hexToBytes(raw),
  hash,
  sender: account.address.toLowerCase() as Hash,
  to: ZERO_ADDRESS,
  gasUsed: 21_000n,
  effectiveGasPrice: 7n,
  createdContract: null,
  receipt: { type: 2, succeeded: true, cumulativeGasUsed: 21_000n, logs: [] },
  listedIndex: 0,
}

let chain: TestChain
let server: RpcServer
let onAdd: () => void

beforeEach(async () => {
  onAdd = () => {}
  chain = await createTestChain(emptyBlock(0n))
  const pool: TxPool = {
    add: async () => {
      onAdd()
      return hash
    },
    get: () => undefined,
    pendingNonce: () => undefined,
    onAdded: () => () => {},
    status: () => ({ pending: 0, queued: 0 }),
    content: () => new Map(),
    contentOf: () => ({ pending: [], queued: [] }),
  }
  server = await startTestRpc({ chainId: 1n, chain: chain.chain, state: emptyState, caller: noCaller, pool })
})

afterEach(async () => {
  await server.close()
  await chain.close()
})

test('answers the receipt as soon as a block has the transaction', async () => {
  const first = emptyBlock(1n, chain.chain.heads().latest.hash)
  const second = { ...emptyBlock(2n, first.hash), transactions: [transaction] }
  onAdd = () => void chain.commit({ blocks: [first] }).then(() => chain.commit({ blocks: [second] }))
  const { result } = await rpc(server.url, 'eth_sendRawTransactionSync', [raw, 30_000])
  expect(result).toMatchObject({
    transactionHash: hash,
    blockNumber: '0x2',
    status: '0x1',
    gasUsed: '0x5208',
  })
})

test('says which transaction is in no block when its time is over', async () => {
  const { error } = await rpc(server.url, 'eth_sendRawTransactionSync', [raw, '0x5'])
  expect(error).toMatchObject({ code: 4, data: hash })
})
