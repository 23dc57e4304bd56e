/** Each block on both interpreters (`--engine.check`), where ours is right: nothing is found, and nothing comes out differently. */
import { beforeAll, describe, expect, test } from 'vitest'
import { openBlock } from '../../../src/engine/execute.ts'
import { loadKzg } from '../../../src/engine/kzg.ts'
import { createSenderPool } from '../../../src/engine/senderPool.ts'
import { createEngine } from '../../../src/engine/vm.ts'
import type { Hex } from '../../../src/primitives/hex.ts'
import {
  ancestorHash,
  attributesFor,
  CHAIN_ID,
  ETHER,
  executeOn,
  SPEC,
  stateWith,
} from '../../support/engineChain.ts'
import { CONTRACTS, createRandom, DELEGATORS, randomProgram } from '../../support/evmPrograms.ts'
import { signTransaction, testAddress } from '../../support/proposeTransactions.ts'

const chainId = Number(CHAIN_ID)
const checked = createEngine({ spec: SPEC, isChecked: true })
const stock = createEngine({ spec: SPEC, loop: 'stock' })
const TARGET = `0x${'5e'.repeat(20)}` as const

/** Hashes 32 bytes that far out in memory: 31 zk gas for each gas. About 48 million at 0xd0000. */
const hashAt = (offset: string): Hex => `0x602062${offset}2000`

const funded = (code: Hex) =>
  stateWith({
    [testAddress(1)]: { balance: ETHER },
    [testAddress(2)]: { balance: ETHER },
    [TARGET]: { code },
  })

beforeAll(() => loadKzg())

test.each<[name: string, code: Hex]>([
  ['a jump destination', '0x5bfd'],
  ['a slot that was cold', '0x5f54fd'],
  ['a call that opened a frame', '0x5f5f5f5f5f5f5af1fd'],
  ['memory that grew', '0x6104005150fd'],
])(
  'a REVERT without its words ends a frame on both, and counts nothing itself, behind %s',
  async (_, code) => {
    const listed = [await signTransaction(1, { chainId, to: TARGET, nonce: 0, value: 0n, gas: 200_000n })]
    const plain = await executeOn(funded(code), listed, { fork: 'unzen' })
    expect(plain.transactions[1]!.receipt.succeeded).toBe(false)
    expect(await executeOn(funded(code), listed, { fork: 'unzen', engine: checked })).toEqual(plain)
    expect((await executeOn(funded(code), listed, { fork: 'unzen', engine: stock })).hash).toBe(plain.hash)
  },
)

describe.each(['shasta', 'unzen'] as const)('a block under %s', (fork) => {
  test('of generated programs, invalid transactions and plain transfers is the same on both', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = createRandom(seed)
      const alloc = Object.fromEntries(
        [...CONTRACTS, ...DELEGATORS].map((address) => [
          address,
          { code: `0x${Buffer.from(randomProgram(random, 30)).toString('hex')}` as Hex },
        ]),
      )
      const state = stateWith({ ...alloc, [testAddress(1)]: { balance: ETHER } })
      const listed: Uint8Array[] = []
      for (let nonce = 0; nonce < 6; nonce++) {
        const to = CONTRACTS[random(CONTRACTS.length)]!
        listed.push(await signTransaction(1, { chainId, to, nonce, value: 0n, gas: 200_000n }))
        listed.push(await signTransaction(1, { chainId, nonce: 100 }))
      }
      const plain = await executeOn(state, listed, { fork })
      expect(plain.transactions.length, `seed ${seed}`).toBeGreaterThan(4)
      expect(await executeOn(state, listed, { fork, engine: checked })).toEqual(plain)
      expect((await executeOn(state, listed, { fork, engine: stock })).hash).toBe(plain.hash)
    }
  })
})

test('a block that its zk gas ends is ended by EthereumJS’s steps at the same transaction', async () => {
  const spend = (key: number, nonce: number) =>
    signTransaction(key, { chainId, to: TARGET, value: 0n, gas: 6_000_000n, nonce })
  const listed = [
    await spend(1, 0),
    await spend(2, 0),
    await spend(1, 1),
    await signTransaction(2, { chainId }),
  ]
  const state = funded(hashAt('0d0000'))
  const plain = await executeOn(state, listed, { fork: 'unzen' })
  expect(plain.dropped.map(({ listedIndex, rule }) => [listedIndex, rule])).toEqual([
    [2, 'D-92'],
    [3, 'D-92'],
  ])
  expect(await executeOn(state, listed, { fork: 'unzen', engine: checked })).toEqual(plain)
  expect(await executeOn(state, listed, { fork: 'unzen', engine: stock })).toEqual(plain)
})

test('a block that is filled from outside is reviewed with what it refused', async () => {
  const attributes = attributesFor([], { fork: 'unzen' })
  const state = funded(hashAt('180000'))
  const senders = createSenderPool(0)
  const block = await openBlock({ spec: SPEC, senders, attributes, state, ancestorHash, isChecked: true })
  const heavy = await signTransaction(1, { chainId, to: TARGET, value: 0n, gas: 12_000_000n })
  expect(await block.add(heavy)).toMatchObject({ type: 'refused', rule: 'D-92', fitsNoBlock: true })
  expect((await block.add(await signTransaction(2, { chainId }))).type).toBe('added')
  await block.review(heavy)
  expect((await block.seal()).transactions).toHaveLength(2)
})

// EthereumJS's step hook makes room for what a REVERT is to return before it is paid for.
test('what EthereumJS cannot show step by step is still compared', async () => {
  // PUSH32 2^64, PUSH0, REVERT
  const state = funded(`0x7f${'0'.repeat(47)}1${'0'.repeat(16)}5ffd`)
  const listed = [await signTransaction(1, { chainId, to: TARGET, value: 0n, gas: 100_000n })]
  const plain = await executeOn(state, listed, { fork: 'unzen' })
  expect(await executeOn(state, listed, { fork: 'unzen', engine: checked })).toEqual(plain)
  expect(plain.transactions[1]?.receipt.succeeded).toBe(false)
})

test('a transaction that does not fit behind others may fit a block of its own, and one that fits none is told apart', async () => {
  const attributes = attributesFor([], { fork: 'unzen' })
  const run = async (offset: string, before: number) => {
    const block = await openBlock({
      ...{ spec: SPEC, senders: createSenderPool(0), attributes, ancestorHash },
      state: funded(hashAt(offset)),
    })
    const spend = (key: number, nonce: number) =>
      signTransaction(key, { chainId, to: TARGET, value: 0n, gas: 12_000_000n, nonce })
    // The other sender's use the block up; what they run is the same.
    for (let nonce = 0; nonce < before; nonce++) await block.add(await spend(2, nonce))
    return block.add(await spend(1, 0))
  }
  expect(await run('0d0000', 2)).toMatchObject({ type: 'refused', rule: 'D-92' })
  expect(await run('0d0000', 2)).not.toHaveProperty('fitsNoBlock')
  expect(await run('180000', 0)).toMatchObject({ rule: 'D-92', fitsNoBlock: true })
})
