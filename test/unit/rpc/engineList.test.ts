/** `engine_getInclusionListV1` over a derived chain and a real pool. */
import { afterEach, expect, test } from 'vitest'
import { ethereumRules } from '../../../src/engine/rules/evmRules.ts'
import { bytesToHex, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { encodeListed, LISTED_BYTES_MAX } from '../../../src/promise/inclusionList.ts'
import { createPoolState, followChain, readPoolHead } from '../../../src/propose/pool/followChain.ts'
import { createTxPool } from '../../../src/propose/txPool.ts'
import { engineMethods } from '../../../src/rpc/engine/methods.ts'
import { createNextBaseFee } from '../../../src/rpc/nextBaseFee.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import { type ListsWorld, signL2, startListsWorld } from '../../support/preconfLists.ts'
import { eventually } from '../../support/rpcServer.ts'

const worlds: ListsWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

async function start(seed: string) {
  const world = await startListsWorld(seed)
  worlds.push(world)
  world.mineTo(2n)
  await world.follow()
  const { chain, state, spec } = world.node
  const pool = createTxPool(
    { state: createPoolState(() => state.source()) },
    {
      rules: { chainId: spec.l2.chainId, evm: ethereumRules('shanghai'), minTip: 1n },
      head: await readPoolHead(chain, spec, 15_000_000n),
    },
  )
  followChain({ pool, chain, spec, gasLimitTarget: 15_000_000n, logger: silentLogger })
  const method = engineMethods({ chain, state, pool, nextBaseFee: createNextBaseFee(spec) })
    .engine_getInclusionListV1!
  const ask = async (...params: unknown[]) =>
    (await method.call(params, { signal: new AbortController().signal })) as Hex[]
  return { ...world, pool, ask }
}

test('answers raw executable transactions, each sender in the order of nonces, the same each time', async () => {
  const { pool, ask } = await start('order')
  expect(await ask()).toEqual([])
  const cheap = await signL2({ nonce: 0, maxPriorityFeePerGas: 1n })
  const dear = await signL2({ nonce: 1, maxPriorityFeePerGas: 900n })
  const other = await signL2({ sender: 1, nonce: 0, maxPriorityFeePerGas: 5n })
  const gapped = await signL2({ sender: 1, nonce: 2, maxPriorityFeePerGas: 900n })
  const underpriced = await signL2({ sender: 1, nonce: 1, maxFeePerGas: 2n })
  for (const raw of [dear, cheap, gapped, underpriced, other]) await pool.add(raw)
  const list = await ask()
  expect(list).toEqual([other, cheap, dear].map(bytesToHex))
  expect(await ask(null)).toEqual(list)
})

test('stays within 8192 bytes of RLP, however full the pool', async () => {
  const { pool, ask } = await start('full')
  const data: Hex = `0x60${'00'.repeat(700)}`
  for (let nonce = 0; nonce < 14; nonce++)
    await pool.add(await signL2({ nonce, data, gas: 200_000n, value: 0n }))
  const encoded = encodeListed((await ask()).map(hexToBytes))
  expect(encoded.length).toBeGreaterThan(LISTED_BYTES_MAX - 800)
  expect(encoded.length).toBeLessThanOrEqual(LISTED_BYTES_MAX)
})

test('answers for the block it is asked for', async () => {
  const world = await start('parent')
  const [first, second] = [await signL2({ nonce: 0 }), await signL2({ nonce: 1 })]
  const before = world.node.chain.heads().latest.hash
  await world.pool.add(first)
  await world.pool.add(second)
  expect(await world.ask(before)).toEqual([first, second].map(bytesToHex))
  world.propose([first], { windowEnd: world.timestampOf(3n) })
  await world.follow()
  await eventually(() => expect(world.pool.status().pending).toBe(1))
  expect(await world.ask(world.node.chain.heads().latest.hash)).toEqual([bytesToHex(second)])
  // On the older one its nonce is too high, and the first is known to the pool no more.
  expect(await world.ask(before)).toEqual([])
})

test('says what is wrong', async () => {
  const { ask } = await start('errors')
  await expect(ask(`0x${'12'.repeat(32)}`)).rejects.toMatchObject({ code: -32602 })
  await expect(ask('0x12')).rejects.toMatchObject({ code: -32602 })
  await expect(ask(null, null)).rejects.toMatchObject({ code: -32602 })
  const { chain, state } = worlds[0]!.node
  const without = engineMethods({ chain, state, nextBaseFee: () => 0n }).engine_getInclusionListV1!
  await expect(without.call([], { signal: new AbortController().signal })).rejects.toMatchObject({
    code: -32004,
  })
})
