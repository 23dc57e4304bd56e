/** The builder of an operator's own L1 blocks, as an L1 node of its own answers it. */
import { createTestClient, http, parseGwei } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createL1Builder, type L1Builder } from '../../src/preconf/commitments/l1Builder.ts'
import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { keccak256Hex } from '../../src/primitives/keccak.ts'
import { startTestL1, type TestL1 } from '../support/contracts/anvil.ts'

/** The first account of every devnet. */
const ACCOUNT = privateKeyToAccount('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80')
const NOWHERE: Hash = `0x${'00'.repeat(32)}`

let l1: TestL1
let builder: L1Builder
beforeAll(async () => {
  l1 = await startTestL1('osaka')
  builder = createL1Builder(l1.url)
})
afterAll(() => l1?.close())

test('a transaction that is handed over is found in the block that takes it, and not before', async () => {
  const control = createTestClient({ mode: 'anvil', transport: http(l1.url) })
  await control.setAutomine(false)
  const raw = hexToBytes(
    await ACCOUNT.signTransaction({
      ...{ type: 'eip1559', chainId: 31337, nonce: 0, to: ACCOUNT.address, gas: 21_000n },
      ...{ maxFeePerGas: parseGwei('20'), maxPriorityFeePerGas: parseGwei('1') },
    }),
  )
  await builder.take(raw)
  expect(await builder.find(keccak256Hex(raw))).toBeUndefined()
  await control.setNextBlockTimestamp({ timestamp: 4_000_000_000n })
  await control.mine({ blocks: 1 })
  expect(await builder.find(keccak256Hex(raw))).toEqual({
    ...{ number: 1n, hash: expect.stringMatching(/^0x[0-9a-f]{64}$/), timestamp: 4_000_000_000n },
  })
  expect(await builder.find(NOWHERE)).toBeUndefined()
})

test('what the builder does not take, and a builder that is away, are errors', async () => {
  await expect(builder.take(new Uint8Array([2, 0xc0]))).rejects.toThrow()
  const nobody = createL1Builder('http://127.0.0.1:1')
  await expect(nobody.find(NOWHERE)).rejects.toThrow()
  await expect(nobody.baseFee()).rejects.toThrow()
})

test('the base fee is that of the head', async () => {
  const head = (await (
    await fetch(l1.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'eth_getBlockByNumber',
        params: ['latest', false],
      }),
    })
  ).json()) as { readonly result: { readonly baseFeePerGas: string } }
  expect(await builder.baseFee()).toBe(BigInt(head.result.baseFeePerGas))
})
